alter table ops.setting no force row level security;
delete from ops.setting where name in ('attention_overdue', 'attention_average', 'attention_days');
alter table ops.setting force row level security;
drop table feed.presence;
drop index board.dashboard_update_queue_person_waiting_idx;
drop index board.dashboard_update_queue_person_idx;
drop index board.dashboard_update_queue_course_idx;
alter table board.dashboard_update_queue no force row level security;
delete from board.dashboard_update_queue where subject in ('seat', 'teacher', 'tutor', 'parent');
alter table board.dashboard_update_queue force row level security;
alter table board.dashboard_update_queue
    drop column course_id,
    drop constraint dashboard_update_queue_subject_is_known,
    add constraint dashboard_update_queue_subject_is_known check (
        subject in ('student', 'course', 'cohort', 'track', 'mission', 'person', 'organization')
    );
drop table board.dashboard_cache;
