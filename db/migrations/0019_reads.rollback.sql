drop function if exists board.current_student_dashboard;
drop function if exists board.student_leaderboard;
drop function if exists board.student_today;
drop function if exists board.student_messages;
drop function if exists board.student_cohort;
drop index board.dashboard_update_queue_unspread_idx;
drop index board.dashboard_update_queue_shared_idx;
alter table board.dashboard_update_queue drop column is_shared;
create index dashboard_update_queue_shared_idx on board.dashboard_update_queue (org_id, subject_id) where subject <> 'student';
create index dashboard_update_queue_unspread_idx on board.dashboard_update_queue (org_id)
where subject <> 'student' and processed_at is null;
