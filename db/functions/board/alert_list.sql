create or replace function board.alert_list(
    status text default 'open', severity text default null, cohort uuid default null,
    page_limit integer default 50, page_cursor text default null
) returns json
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
declare
    list constant text := format('alerts/%s/%s/%s', status, severity, cohort);
    after_place jsonb;
    after_time timestamptz;
    after_id uuid;
begin
    if page_limit not between 1 and 500 or page_limit is null then
        raise 'limit must be from 1 to 500' using errcode = 'HR422', detail = 'limit';
    elsif status is null or status not in ('open', 'closed', 'all') then
        raise 'status is open, closed or all' using errcode = 'HR422', detail = 'status';
    elsif severity not in ('critical', 'warning', 'info') then
        raise 'severity is critical, warning or info' using errcode = 'HR422', detail = 'severity';
    end if;
    after_place := api.cursor_decode(page_cursor, list);
    after_time := (after_place ->> 'key')::timestamptz;
    after_id := (after_place ->> 'id')::uuid;

    return (
        -- Row-level security decides whose they are.
        with mine as materialized (
            select a.id, a.opened_at
            from board.alert as a
            where a.org_id = (select auth.org_id())
                and (alert_list.status = 'all' or a.status = alert_list.status)
                and (alert_list.severity is null or a.severity = alert_list.severity)
                and (alert_list.cohort is null or a.cohort_id = alert_list.cohort)
        ),
        page as (
            select m.id, m.opened_at, row_number() over (order by m.opened_at desc, m.id) as place
            from mine as m
            where after_place is null or m.opened_at < after_time or (m.opened_at = after_time and m.id > after_id)
            order by place
            limit page_limit + 1
        )
        select json_build_object(
            'items', (
                select coalesce(json_agg(
                    (to_jsonb(board.alert_item(a, c.name)) || jsonb_build_object('history', h.changes))
                    order by p.place
                ), '[]')
                from page as p
                join board.alert as a on a.org_id = (select auth.org_id()) and a.id = p.id
                join school.cohort as c on c.org_id = a.org_id and c.id = a.cohort_id
                cross join lateral (
                    select json_agg(
                        json_build_object(
                            'change', g.change, 'at', board.utc(g.at), 'by', g.by_id, 'value', g.value, 'threshold', g.threshold,
                            'severity', g.severity, 'because', g.because
                        )
                        order by g.id
                    ) as changes
                    from board.alert_change as g
                    where g.org_id = a.org_id and g.alert_id = a.id
                ) as h
                where p.place <= page_limit
            ),
            'next_cursor', (
                select api.cursor_encode(jsonb_build_object('of', list, 'key', l.opened_at, 'id', l.id))
                from page as l
                where l.place = page_limit and exists (select from page as m where m.place > page_limit)
            ),
            'total', (select count(*) from mine)
        )
    );
end
$$;
comment on function board.alert_list(text, text, uuid, integer, text) is
'A page of the alerts that the caller may read, the latest opened first: {"items", "next_cursor", "total"}; each as board.alert_item, with
its history beside it: {"change", "at", "by", "value", "threshold", "severity", "because"}. status: open, closed or all. Raises HR422
(status, severity, limit, cursor).';
revoke all on function board.alert_list(text, text, uuid, integer, text) from public;
grant execute on function board.alert_list(text, text, uuid, integer, text) to homeroom_director, homeroom_admin;
