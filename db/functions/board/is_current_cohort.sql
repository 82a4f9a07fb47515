create or replace function board.is_current_cohort(dashboard board.director_cohort_dashboard) returns boolean
language plpgsql stable parallel safe security invoker
set search_path = ''
-- Planning these looks costs more than looking.
set plan_cache_mode = force_generic_plan
as $$
declare
    later constant xid8 := pg_snapshot_xmax(dashboard.computed_in);
    under_way constant xid8[] := array(select pg_snapshot_xip(dashboard.computed_in));
begin
    return dashboard.fresh_until > now()
        and not exists (
            select from board.dashboard_update_queue as q
            where q.org_id = dashboard.org_id and q.subject = 'director' and q.cohort_id = dashboard.cohort_id and q.txid >= later
        )
        -- What is of no one cohort names who directs; a transaction that was under way may not have known who does by now.
        and not exists (
            select from board.dashboard_update_queue as q
            where q.org_id = dashboard.org_id and q.subject = 'director' and q.cohort_id is null and q.txid >= later
                and q.subject_id is not distinct from dashboard.director_id
        )
        and (
            under_way = '{}' or not exists (
                select from board.dashboard_update_queue as q
                where q.org_id = dashboard.org_id and q.subject = 'director' and q.txid = any (under_way)
                    and (q.cohort_id is null or q.cohort_id = dashboard.cohort_id)
            )
        )
        and not exists (
            select from board.dashboard_update_queue as q
            where q.org_id = dashboard.org_id and q.subject in ('course', 'cohort', 'track', 'mission', 'person', 'organization')
                and q.txid >= pg_snapshot_xmin(dashboard.computed_in) and not pg_visible_in_snapshot(q.txid, dashboard.computed_in)
                and (q.subject_id is null or q.subject_id = any (dashboard.scopes))
        )
        -- A restored database counts its transactions anew.
        and later <= pg_snapshot_xmax(pg_current_snapshot());
end
$$;
comment on function board.is_current_cohort(board.director_cohort_dashboard) is
'Whether the stored page of a cohort says what one computed now would, as board.is_current says of a person''s dashboard. board.mark_tags says
the same to those who keep answers.';
revoke all on function board.is_current_cohort(board.director_cohort_dashboard) from public;
