alter table ops.setting no force row level security;
delete from ops.setting where name in ('mentor_capacity', 'stalled_review_days', 'director_debounce');
alter table ops.setting force row level security;
drop index school.mission_attempt_waiting_idx;
drop index board.dashboard_update_queue_cohort_waiting_idx;
drop index board.dashboard_update_queue_summary_idx;
create index dashboard_update_queue_director_waiting_idx on board.dashboard_update_queue (org_id, priority, queued_at)
where subject = 'director' and processed_at is null and dead_at is null;
alter table board.dashboard_update_queue no force row level security;
delete from board.dashboard_update_queue where subject in ('director summary', 'admin summary');
alter table board.dashboard_update_queue force row level security;
alter table board.dashboard_update_queue
    drop constraint dashboard_update_queue_subject_is_known,
    add constraint dashboard_update_queue_subject_is_known check (
        subject in (
            'student', 'course', 'cohort', 'track', 'mission', 'person', 'organization', 'seat', 'teacher', 'tutor', 'parent',
            'director'
        )
    );
drop table board.director_cohort_dashboard;
alter table board.dashboard_cache no force row level security;
delete from board.dashboard_cache where role in ('director', 'admin');
alter table board.dashboard_cache force row level security;
alter table board.dashboard_cache
    drop constraint dashboard_cache_role_has_one,
    add constraint dashboard_cache_role_has_one check (role in ('teacher', 'tutor', 'parent'));
