create or replace function board.director_cohorts(
    status text default null, track uuid default null, program uuid default null, mode text default null,
    sort text default 'name', descending boolean default false, page_limit integer default 50, page_cursor text default null
) returns json
language plpgsql stable parallel restricted security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    org constant bigint := auth.org_id();
    whole constant boolean := auth.has_role('admin');
    -- Part of the cursor: the same list, in another order or of other cohorts, has other places.
    list constant text := format('director_cohorts/%s/%s/%s/%s/%s/%s', sort, descending, status, track, program, mode);
    after_place jsonb;
    cohorts uuid[];
    page uuid[];
    is_last boolean;
    next_cursor text;
begin
    if sort not in (
        'name', 'starts_on', 'ends_on', 'seats_total', 'seats_used', 'seat_utilization', 'readiness', 'completion_rate',
        'portfolio_health', 'mentor_coverage', 'session_completion'
    ) or sort is null then
        raise 'unknown sort' using errcode = 'HR422', detail = 'sort';
    elsif status not in ('planned', 'active', 'closed') then
        raise 'status is planned, active or closed' using errcode = 'HR422', detail = 'status';
    elsif mode not in ('online', 'onsite', 'hybrid') then
        raise 'mode is online, onsite or hybrid' using errcode = 'HR422', detail = 'mode';
    elsif page_limit not between 1 and 500 or page_limit is null then
        raise 'limit must be from 1 to 500' using errcode = 'HR422', detail = 'limit';
    end if;
    after_place := api.cursor_decode(page_cursor, list);

    -- From the tracks, as a director's scope is.
    cohorts := array(
        select c.id
        from school.track as t
        join school.cohort as c on c.org_id = t.org_id and c.track_id = t.id
        where t.org_id = org and (whole or t.director_id = auth.person_id())
            and (director_cohorts.track is null or t.id = director_cohorts.track)
            and (director_cohorts.program is null or t.program_id = director_cohorts.program)
            and (director_cohorts.status is null or c.status = director_cohorts.status)
            and (director_cohorts.mode is null or c.mode = director_cohorts.mode)
    );

    -- One ascending order for all: numbers are negated to descend, and one that is missing comes last in both directions. Names,
    -- which are never missing, are compared apart.
    with keyed as (
        select
            s.cohort_id as id,
            case when sort = 'name' then s.name end as name,
            case when descending then -1 else 1 end * case sort
                when 'starts_on' then s.starts_on - date '2000-01-01'
                when 'ends_on' then s.ends_on - date '2000-01-01'
                when 'seats_total' then s.seats_total
                when 'seats_used' then s.seats_used
                when 'seat_utilization' then s.seat_utilization
                when 'readiness' then s.readiness
                when 'completion_rate' then s.completion_rate
                when 'portfolio_health' then s.portfolio_health
                when 'mentor_coverage' then s.mentor_coverage
                when 'session_completion' then s.session_completion
            end as key
        from board.cohort_states(org, cohorts, false) as s
    ),
    placed as (
        select k.*, row_number() over (
            order by
                k.key nulls last,
                case when not descending then k.name end,
                case when descending then k.name end desc,
                k.id
        ) as place
        from keyed as k
        where after_place is null
            or case
                when k.name <> after_place ->> 'name'
                    then (k.name > after_place ->> 'name') <> descending
                when k.key is distinct from (after_place ->> 'key')::numeric
                    then coalesce(k.key > (after_place ->> 'key')::numeric, k.key is null)
                else k.id > (after_place ->> 'id')::uuid
            end
        order by place
        limit page_limit + 1
    )
    select
        coalesce(array_agg(p.id order by p.place) filter (where p.place <= page_limit), '{}'),
        count(*) <= page_limit,
        (array_agg(api.cursor_encode(jsonb_build_object('of', list, 'key', p.key, 'name', p.name, 'id', p.id)) order by p.place desc)
            filter (where p.place = page_limit))[1]
    into page, is_last, next_cursor
    from placed as p;

    return json_build_object(
        'items', (
            select coalesce(json_agg(i.item order by p.place), '[]')
            from unnest(page) with ordinality as p (id, place)
            join board.cohort_items(org, page) as i on i.cohort_id = p.id
        ),
        'next_cursor', case when not is_last then next_cursor end,
        'total', cardinality(cohorts)
    );
end
$$;
comment on function board.director_cohorts(text, uuid, uuid, text, text, boolean, integer, text) is
'A page of the cohorts that the caller directs, an admin of all of the organization: {"items": [board.cohort_items], "next_cursor", "total"}. status,
track, program, mode: only such; sort: name, starts_on, ends_on, seats_total, seats_used or one of the percentages, of the next page as of then (a
row whose value has not changed comes exactly once), nulls last either way; descending; page_limit: 1 to 500; page_cursor: next_cursor of the
page before. Live: nothing of it is stored. Raises HR422 with the field in DETAIL (status, mode, sort, limit, cursor). Roles director, admin.';
revoke all on function board.director_cohorts(text, uuid, uuid, text, text, boolean, integer, text) from public;
grant execute on function board.director_cohorts(text, uuid, uuid, text, text, boolean, integer, text) to
    homeroom_director, homeroom_admin;
