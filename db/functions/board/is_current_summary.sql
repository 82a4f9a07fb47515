create or replace function board.is_current_summary(dashboard board.dashboard_cache) returns boolean
language plpgsql stable parallel safe security invoker
set search_path = ''
-- Planning these looks costs more than looking.
set plan_cache_mode = force_generic_plan
as $$
declare
    -- As in board.is_current.
    later constant xid8 := pg_snapshot_xmax(dashboard.computed_in);
    under_way constant xid8[] := array(select pg_snapshot_xip(dashboard.computed_in));
begin
    return dashboard.fresh_until > now()
        -- Each of these is one look into an index, however many cohorts there are.
        and not exists (
            select from board.dashboard_update_queue as q
            where q.org_id = dashboard.org_id and q.subject = 'director' and q.subject_id = dashboard.person_id and q.txid >= later
        )
        and (
            dashboard.role = 'director' or not exists (
                select from board.dashboard_update_queue as q
                where q.org_id = dashboard.org_id and q.subject = 'director' and q.txid >= later
            )
        )
        -- Who was under way may not have known who directs by now: the marks count by their cohort, whomever they name, unless that is
        -- somebody else's by now. Of no one cohort is also what adds, moves or takes away cohorts.
        and (
            under_way = '{}' or not exists (
                select from board.dashboard_update_queue as q
                where q.org_id = dashboard.org_id and q.subject = 'director' and q.txid = any (under_way)
                    and (
                        dashboard.role = 'admin' or q.cohort_id is null or q.subject_id = dashboard.person_id
                        or not exists (
                            select from school.cohort as c
                            join school.track as t on t.org_id = c.org_id and t.id = c.track_id
                            where c.org_id = q.org_id and c.id = q.cohort_id and t.director_id is distinct from dashboard.person_id
                        )
                    )
            )
        )
        and not exists (
            select from board.dashboard_update_queue as q
            where q.org_id = dashboard.org_id and q.subject in ('course', 'cohort', 'track', 'mission', 'person', 'organization')
                and q.txid >= pg_snapshot_xmin(dashboard.computed_in) and not pg_visible_in_snapshot(q.txid, dashboard.computed_in)
                and q.subject_id is null
        )
        and later <= pg_snapshot_xmax(pg_current_snapshot());
end
$$;
comment on function board.is_current_summary(board.dashboard_cache) is
'Whether a stored summary of a director or admin says what one computed now would, as board.is_current: at a cost that does not grow with the cohorts. board.mark_tags says
the same to those who keep answers.';
revoke all on function board.is_current_summary(board.dashboard_cache) from public;
