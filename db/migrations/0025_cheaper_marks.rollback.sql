drop index board.dashboard_update_queue_other_waiting_idx;
drop index board.dashboard_update_queue_person_idx;
drop index board.dashboard_update_queue_shared_idx;
alter table board.dashboard_update_queue
    drop constraint dashboard_update_queue_is_whole,
    alter column subject type text,
    add constraint dashboard_update_queue_subject_is_known check (
        subject in (
            'student', 'course', 'cohort', 'track', 'mission', 'person', 'organization', 'seat', 'teacher', 'tutor', 'parent',
            'director', 'director summary', 'admin summary'
        )
    ),
    add constraint dashboard_update_queue_subject_is_whole check (
        subject = 'director' or (subject_id is null) = (subject = 'organization')
    ),
    add constraint dashboard_update_queue_ends_once check (processed_at is null or dead_at is null),
    add column is_shared boolean not null generated always as (
        subject in ('course', 'cohort', 'track', 'mission', 'person', 'organization')
    ) stored;
comment on column board.dashboard_update_queue.is_shared is 'Whether it is of a fact that many dashboards share.';
drop domain board.mark_subject;
create index dashboard_update_queue_shared_idx on board.dashboard_update_queue (org_id, txid) where is_shared;
create index dashboard_update_queue_unspread_idx on board.dashboard_update_queue (org_id) where is_shared and processed_at is null;
create index dashboard_update_queue_person_idx on board.dashboard_update_queue (org_id, subject_id, subject, txid)
where subject in ('seat', 'teacher', 'tutor', 'parent');
create index dashboard_update_queue_director_idx on board.dashboard_update_queue (org_id, subject_id, txid) where subject = 'director';
create index dashboard_update_queue_summary_idx on board.dashboard_update_queue (org_id, subject_id)
where subject in ('director summary', 'admin summary') and processed_at is null;
create index dashboard_update_queue_cohort_waiting_idx on board.dashboard_update_queue (org_id, cohort_id)
where subject = 'director' and processed_at is null;
