-- No `set` clause: each costs a read of the dashboard several microseconds, and who calls this has set the path. Of the row only what
-- is read: it is wide.
create or replace function board.current_student_dashboard(
    org bigint, student uuid,
    out version bigint, out document text, out tier text, out cohort_id uuid, out updated_at timestamptz,
    out scopes uuid[], out fresh_until timestamptz
) returns record
language plpgsql volatile parallel unsafe security invoker
as $$
#variable_conflict use_column
declare
    seen_at timestamptz;
begin
    -- One statement: what is stored and what was marked, as of one moment.
    select c.version, c.document::text, c.tier, c.cohort_id, c.updated_at, c.scopes, c.fresh_until, c.seen_at
    into version, document, tier, cohort_id, updated_at, scopes, fresh_until, seen_at
    from board.student_dashboard_cache as c
    where c.org_id = org and c.student_id = student and board.is_fresh(c);

    if not found then
        select c.version, c.document::text, c.tier, c.cohort_id, c.updated_at, c.scopes, c.fresh_until, c.seen_at
        into version, document, tier, cohort_id, updated_at, scopes, fresh_until, seen_at
        from board.refresh_student_dashboard(org, student) as c;
    end if;
    -- Once an hour, so that reading rarely writes.
    if seen_at > now() - interval '1 hour' is not true then
        update board.student_dashboard_cache as c set seen_at = now()
        where (c.org_id, c.student_id) in (
            select l.org_id, l.student_id
            from board.student_dashboard_cache as l
            where l.org_id = org and l.student_id = student
            for update skip locked
        );
    end if;
end
$$;
comment on function board.current_student_dashboard(bigint, uuid) is
'A student''s dashboard for that student to read, never older than the last change that was committed before: one that is out of date, or past its
fresh_until, is computed anew first. version: 0 where it is not stored.';
revoke all on function board.current_student_dashboard(bigint, uuid) from public;
