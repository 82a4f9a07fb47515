drop index board.dashboard_update_queue_director_waiting_idx;
drop index board.dashboard_update_queue_cohort_idx;
drop index board.dashboard_update_queue_directors_idx;
drop index board.dashboard_update_queue_director_idx;
-- The policies have left already, and force holds for the owner too.
alter table board.dashboard_update_queue no force row level security;
delete from board.dashboard_update_queue where subject = 'director';
alter table board.dashboard_update_queue force row level security;
alter table board.dashboard_update_queue
    drop column cohort_id,
    drop constraint dashboard_update_queue_subject_is_whole,
    add constraint dashboard_update_queue_subject_is_whole check ((subject_id is null) = (subject = 'organization')),
    drop constraint dashboard_update_queue_subject_is_known,
    add constraint dashboard_update_queue_subject_is_known check (
        subject in (
            'student', 'course', 'cohort', 'track', 'mission', 'person', 'organization', 'seat', 'teacher', 'tutor', 'parent'
        )
    );
drop table board.cohort_delta;
drop table board.cohort_month_rollup;
drop table board.cohort_rollup;
drop table board.cohort_member_progress;
drop table board.student_change;
drop table school.refund;
drop table school.payment;
alter table school.organization drop column currency;
