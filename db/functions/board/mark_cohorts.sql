create or replace function board.mark_cohorts(
    org bigint, cohorts uuid[], reason text, priority board.priority default 'normal'
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    insert into board.dashboard_update_queue (org_id, subject, subject_id, cohort_id, priority, reason)
    select
        mark_cohorts.org, 'director',
        (
            select t.director_id
            from school.cohort as c
            join school.track as t on t.org_id = c.org_id and t.id = c.track_id
            where c.org_id = mark_cohorts.org and c.id = m.id
        ),
        m.id, mark_cohorts.priority, mark_cohorts.reason
    from unnest(cohorts) as m (id);
    if cohorts <> '{}' and current_setting('transaction_isolation') <> 'read committed' then
        insert into board.dashboard_update_queue (org_id, subject, priority, reason)
        values (mark_cohorts.org, 'organization', mark_cohorts.priority, mark_cohorts.reason);
    end if;
end
$$;
comment on function board.mark_cohorts(bigint, uuid[], text, board.priority) is
'Marks cohorts, one row each, naming the director of the track; null where there is none, or no such cohort any more. The director is looked
up in a statement of its own, which sees who directs now; a transaction that is not read committed cannot, and marks the organization
besides.';
revoke all on function board.mark_cohorts(bigint, uuid[], text, board.priority) from public;
