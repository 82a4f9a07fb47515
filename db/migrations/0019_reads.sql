-- depends: 0018_feed

-- A cached read asks for the shared marks since its document was computed, which are few, rather than for each of a dozen scopes.

alter table board.dashboard_update_queue
    add column is_shared boolean not null generated always as (
        subject in ('course', 'cohort', 'track', 'mission', 'person', 'organization')
    ) stored;
comment on column board.dashboard_update_queue.is_shared is 'Whether it is of a fact that many dashboards share.';
drop index board.dashboard_update_queue_shared_idx;
drop index board.dashboard_update_queue_unspread_idx;
create index dashboard_update_queue_shared_idx on board.dashboard_update_queue (org_id, txid) where is_shared;
create index dashboard_update_queue_unspread_idx on board.dashboard_update_queue (org_id) where is_shared and processed_at is null;

-- They take or answer other things now.
drop function if exists board.current_student_dashboard;
drop function if exists board.student_leaderboard;
drop function if exists board.student_today;
drop function if exists board.student_messages;
drop function if exists board.student_cohort;
