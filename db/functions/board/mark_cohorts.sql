create or replace function board.mark_cohorts(
    org bigint, cohorts uuid[], reason text, priority board.priority default 'normal'
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    known uuid[] := '{}'::uuid[];
    tracks uuid[];
    is_held boolean := true;
begin
    -- Until no cohort has moved to another track meanwhile.
    loop
        tracks := array(
            select distinct c.track_id
            from school.cohort as c
            where c.org_id = org and c.id = any (cohorts) and c.track_id <> all (known)
        );
        exit when tracks = '{}';
        is_held := board.hold_directors(org, tracks) and is_held;
        known := known || tracks;
    end loop;

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
    if not is_held then
        insert into board.dashboard_update_queue (org_id, subject, priority, reason)
        values (mark_cohorts.org, 'organization', mark_cohorts.priority, mark_cohorts.reason);
    end if;
end
$$;
comment on function board.mark_cohorts(bigint, uuid[], text, board.priority) is
'Marks cohorts, one row each, naming the director of the track; null where there is none, or no such cohort any more. Where the director may be another by
the time that this is committed (board.hold_directors), the organization besides.';
revoke all on function board.mark_cohorts(bigint, uuid[], text, board.priority) from public;
