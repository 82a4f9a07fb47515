create or replace function board.current_dashboard(org bigint, role text, person uuid) returns board.dashboard_cache
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    wanted constant text := role;
    dashboard board.dashboard_cache;
begin
    -- One statement: what is stored and what was marked, as of one moment.
    select c.* into dashboard
    from board.dashboard_cache as c
    where c.org_id = org and c.role = wanted and c.person_id = person and board.is_current(c);

    if not found then
        if board.refresh_dashboards(org, wanted, array[person]) = 1 then
            select c.* into dashboard
            from board.dashboard_cache as c
            where c.org_id = org and c.role = wanted and c.person_id = person;
        else
            -- Somebody is at it, and may have looked before the last change: compute, and leave the storing to them.
            select org, wanted, person, bigint '0', now(), d.fresh_until, null::timestamptz, d.computed_in, d.scopes, d.document into dashboard
            from board.dashboard_documents(org, wanted, array[person]) as d;
        end if;
    end if;
    -- Once an hour, so that reading rarely writes.
    if dashboard.seen_at > now() - interval '1 hour' is not true then
        update board.dashboard_cache as c set seen_at = now()
        where (c.org_id, c.role, c.person_id) in (
            select l.org_id, l.role, l.person_id
            from board.dashboard_cache as l
            where l.org_id = org and l.role = wanted and l.person_id = person
            for update skip locked
        );
    end if;
    return dashboard;
end
$$;
comment on function board.current_dashboard(bigint, text, uuid) is
'The dashboard of a teacher, tutor, parent, director or admin for that person to read, never older than the last change that was committed before: one that
is out of date, or past its fresh_until, is computed anew first. A reader never waits for a batch.';
revoke all on function board.current_dashboard(bigint, text, uuid) from public;
