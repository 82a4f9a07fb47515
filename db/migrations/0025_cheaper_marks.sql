-- depends: 0024_alerts

-- What a mark costs the transaction that makes it. PostgreSQL reads the stored text of each check and generated column at every
-- insert, and tries the predicate of each index; what a domain asks it keeps ready.

create domain board.mark_subject as text constraint mark_subject_is_known check (
    value in (
        'student', 'course', 'cohort', 'track', 'mission', 'person', 'organization', 'seat', 'teacher', 'tutor', 'parent',
        'director', 'director summary', 'admin summary'
    )
);
comment on domain board.mark_subject is
'Whose dashboards a mark puts out of date: see board.dashboard_update_queue.subject. A domain, as a check on the column costs every mark more.';

drop index board.dashboard_update_queue_shared_idx;
drop index board.dashboard_update_queue_unspread_idx;
alter table board.dashboard_update_queue
    drop column is_shared,
    drop constraint dashboard_update_queue_subject_is_known,
    drop constraint dashboard_update_queue_subject_is_whole,
    drop constraint dashboard_update_queue_ends_once,
    alter column subject type board.mark_subject,
    add constraint dashboard_update_queue_is_whole check (
        (subject = 'director' or (subject_id is null) = (subject = 'organization'))
        and (processed_at is null or dead_at is null)
    );

-- Facts that many dashboards share.
create index dashboard_update_queue_shared_idx on board.dashboard_update_queue (org_id, txid)
where subject in ('course', 'cohort', 'track', 'mission', 'person', 'organization');

-- One index in place of two: what is about people, and what is about directors.
drop index board.dashboard_update_queue_person_idx;
drop index board.dashboard_update_queue_director_idx;
create index dashboard_update_queue_person_idx on board.dashboard_update_queue (org_id, subject_id, subject, txid)
where subject in ('seat', 'teacher', 'tutor', 'parent', 'director');

-- One in place of three: shared facts that nobody has spread yet, cohorts and summaries that wait.
drop index board.dashboard_update_queue_cohort_waiting_idx;
drop index board.dashboard_update_queue_summary_idx;
create index dashboard_update_queue_other_waiting_idx on board.dashboard_update_queue (org_id, subject, cohort_id)
where subject <> 'student' and processed_at is null;
