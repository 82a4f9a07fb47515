create or replace function board.current_cohort_dashboard(org bigint, cohort uuid) returns board.director_cohort_dashboard
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    dashboard board.director_cohort_dashboard;
begin
    -- One statement: what is stored and what was marked, as of one moment.
    select c.* into dashboard
    from board.director_cohort_dashboard as c
    where c.org_id = org and c.cohort_id = cohort and board.is_current_cohort(c);

    if not found then
        if board.refresh_cohorts(org, array[cohort], true) = 1 then
            select c.* into dashboard
            from board.director_cohort_dashboard as c
            where c.org_id = org and c.cohort_id = cohort;
        else
            -- Somebody is at it, and may have looked before the last change: compute, and leave the storing to them.
            select c.* into dashboard
            from board.director_cohort_dashboard as c
            where c.org_id = org and c.cohort_id = cohort;
            dashboard.document := null;
            select now(), d.fresh_until, d.computed_in, d.scopes, d.document
            into dashboard.updated_at, dashboard.fresh_until, dashboard.computed_in, dashboard.scopes, dashboard.document
            from board.cohort_documents(org, array[cohort]) as d;
        end if;
    end if;
    -- Once an hour, so that reading rarely writes.
    if dashboard.seen_at > now() - interval '1 hour' is not true then
        update board.director_cohort_dashboard as c set seen_at = now()
        where (c.org_id, c.cohort_id) in (
            select l.org_id, l.cohort_id
            from board.director_cohort_dashboard as l
            where l.org_id = org and l.cohort_id = cohort
            for update skip locked
        );
    end if;
    return dashboard;
end
$$;
comment on function board.current_cohort_dashboard(bigint, uuid) is
'The page of a cohort, never older than the last change that was committed before: one that is out of date, or past its fresh_until, is computed anew
first. A reader never waits for a batch. Without a document where there is no such cohort.';
revoke all on function board.current_cohort_dashboard(bigint, uuid) from public;
