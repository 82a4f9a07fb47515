create or replace function board.pass_marks_on(org bigint, marks bigint[]) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    if marks = '{}' then
        return;
    end if;
    insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason, txid)
    with mark as materialized (
        select q.subject, q.subject_id, q.course_id, q.priority, q.reason, q.txid
        from board.dashboard_update_queue as q
        where q.org_id = org and q.id = any (marks) and (q.subject <> 'student' or q.course_id is not null)
    ),
    told (role, person_id, priority, reason, txid) as (
        select 'teacher', t.teacher_id, m.priority, m.reason, m.txid
        from mark as m
        join school.course_teacher as t on t.org_id = org and t.course_id = m.course_id
        union all
        select 'tutor', t.tutor_id, m.priority, m.reason, m.txid
        from mark as m
        join school.tutor_student as t on t.org_id = org and t.student_id = m.subject_id
        where m.subject = 'student'
        union all
        select 'parent', g.parent_id, m.priority, m.reason, m.txid
        from mark as m
        join school.guardian as g on g.org_id = org and g.student_id = m.subject_id
        where m.subject = 'student'
        union all
        select c.role, c.person_id, m.priority, m.reason, m.txid
        from mark as m
        join board.dashboard_cache as c on c.org_id = org and (m.subject_id is null or m.subject_id = any (c.scopes))
        where m.subject <> 'student'
    )
    select org, case when t.role in ('director', 'admin') then t.role || ' summary' else t.role end, t.person_id, min(t.priority), min(t.reason), max(t.txid)
    from told as t
    join board.dashboard_cache as c on c.org_id = org and c.role = t.role and c.person_id = t.person_id
    -- Kept ready is what is looked at. Who computed it since needs no telling.
    where c.seen_at > now() - interval '1 day' and not pg_visible_in_snapshot(t.txid, c.computed_in)
    group by t.role, t.person_id
    order by t.role, t.person_id;
    -- Likewise the pages of cohorts, by what many share: a track, a mentor; and every cohort, by what the organization shares (a setting), for
    -- alerts are judged whoever looks.
    insert into board.dashboard_update_queue (org_id, subject, subject_id, cohort_id, priority, reason, txid)
    select org, 'director', d.director_id, d.cohort_id, min(q.priority), min(q.reason), max(q.txid)
    from board.dashboard_update_queue as q
    join board.director_cohort_dashboard as d on d.org_id = org and (q.subject_id is null or q.subject_id = any (d.scopes))
    where q.org_id = org and q.id = any (marks) and q.subject in ('course', 'cohort', 'track', 'mission', 'person', 'organization')
        and (q.subject_id is null or (d.document is not null and d.seen_at > now() - interval '1 day'))
        and pg_visible_in_snapshot(q.txid, d.computed_in) is not true
    group by d.director_id, d.cohort_id
    order by d.cohort_id;
end
$$;
comment on function board.pass_marks_on(bigint, bigint[]) is
'Tells the worker which dashboards of teachers, tutors, parents, directors and admins, and which pages of cohorts, these marks put out of date, of people who looked at theirs within a day: a
student''s work concerns the course''s teachers and those who look after the student, a shared fact those whose dashboards show it. Whoever
finishes marks calls it. The new marks bear the transaction of the change: who has seen that need not compute again. Readers look at the first
marks themselves (board.is_current).';
revoke all on function board.pass_marks_on(bigint, bigint[]) from public;
