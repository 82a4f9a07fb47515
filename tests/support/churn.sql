-- Random changes of facts, made inside the server, so that a million of them are affordable. Few students, courses, works and cohorts
-- with ids that are known beforehand: sessions meet often, and what was deleted comes back under the same key.
create schema tests_churn;

create table tests_churn.done (
    session integer not null,
    kind text not null,
    n bigint not null,
    primary key (session, kind)
);
comment on table tests_churn.done is
'How often each session committed each kind of change; also ''rolled back'' and, by their names, the errors that a change ended in.';

create function tests_churn.key(what text, n integer) returns uuid
language sql immutable parallel safe
return md5(what || n)::uuid;

create function tests_churn.dice(n integer) returns integer
language sql volatile parallel unsafe
return floor(random() * n)::integer;

create function tests_churn.percent() returns numeric
language sql volatile parallel unsafe
return round((random() * 100)::numeric, 6);

create function tests_churn.kinds() returns text[]
language sql immutable parallel safe
-- Written as often as it shall happen. What deletes much is rare, what brings it back is not.
return string_to_array(
    'submit one,submit one,submit one,submit one,submit many,submit many,submit again,submit by merge,'
    'attempt one,attempt one,attempt one,attempt many,attempt many,hand in,hand in,grade,grade,regrade one,regrade one,regrade many,ungrade,'
    'touch,rescore,rescore,unfinish,attempt to another,submission to another,delete submissions,delete attempts,'
    'delete and insert,move assignment,move assignment,move quiz,delete assignment,delete quiz,create works,create works,'
    'delete course,create courses,delete person,create people,create people,drop,drop,drop all,re-enroll,re-enroll,'
    're-enroll all,unenroll,enrollment to another,enroll,enroll,enroll many,grant student,grant student,revoke student,'
    'change role,join,join,join,join many,join many,withdraw,leave,score,score,try a mission,try a mission,approve,show a work,bill,bill,pay,pay,refund,'
    'close a mission,move cohort,delete cohort,create cohorts,create cohorts', ','
);

create procedure tests_churn.create_people(org bigint, students integer)
language plpgsql
as $$
begin
    insert into school.person (org_id, id, name)
    select org, tests_churn.key('student', n), 'Student ' || n from generate_series(1, students) as n
    on conflict do nothing;

    insert into school.person_role (org_id, person_id, role)
    select p.org_id, p.id, 'student' from school.person as p where p.org_id = org and random() < 0.7
    on conflict do nothing;
end
$$;

create procedure tests_churn.create_courses(org bigint, courses integer)
language plpgsql
as $$
begin
    insert into school.course (org_id, id, code, title)
    select org, tests_churn.key('course', n), 'C' || n, 'Course ' || n from generate_series(1, courses) as n
    on conflict do nothing;
end
$$;

create procedure tests_churn.create_works(org bigint, works integer)
language plpgsql
as $$
begin
    insert into school.assignment (org_id, id, course_id, title)
    select org, tests_churn.key('work', n), c.id, 'Work ' || n
    from generate_series(1, works) as n
    join lateral (select id from school.course where org_id = org and n > 0 order by random() limit 1) as c on true
    on conflict do nothing;

    insert into school.quiz (org_id, id, course_id, title)
    select org, tests_churn.key('quiz', n), c.id, 'Quiz ' || n
    from generate_series(1, works) as n
    join lateral (select id from school.course where org_id = org and n > 0 order by random() limit 1) as c on true
    on conflict do nothing;
end
$$;

create procedure tests_churn.create_cohorts(org bigint)
language plpgsql
as $$
begin
    insert into school.program (org_id, id, name) values (org, tests_churn.key('program', 1), 'Program') on conflict do nothing;

    insert into school.track (org_id, id, program_id, name)
    select org, tests_churn.key('track', n), tests_churn.key('program', 1), 'Track ' || n from generate_series(1, 2) as n
    on conflict do nothing;

    insert into school.mission (org_id, id, track_id, title)
    select org, tests_churn.key('mission', n), tests_churn.key('track', 1 + n % 2), 'Mission ' || n from generate_series(1, 4) as n
    on conflict do nothing;

    insert into school.cohort (org_id, id, track_id, name, starts_on, ends_on, status)
    select
        org, tests_churn.key('cohort', n), tests_churn.key('track', 1 + n % 2), 'Cohort ' || n, '2026-01-01', '2026-12-31', 'active'
    from generate_series(1, 3) as n
    on conflict do nothing;
end
$$;

create procedure tests_churn.change(org bigint, kind text, students integer, courses integer, works integer)
language plpgsql
as $$
declare
    one_student constant uuid := tests_churn.key('student', 1 + tests_churn.dice(students));
    one_other constant uuid := tests_churn.key('student', 1 + tests_churn.dice(students));
    one_course constant uuid := tests_churn.key('course', 1 + tests_churn.dice(courses));
    one_work constant uuid := tests_churn.key('work', 1 + tests_churn.dice(works));
    one_quiz constant uuid := tests_churn.key('quiz', 1 + tests_churn.dice(works));
    one_cohort constant uuid := tests_churn.key('cohort', 1 + tests_churn.dice(3));
    one_mission constant uuid := tests_churn.key('mission', 1 + tests_churn.dice(4));
    mark constant numeric := tests_churn.percent();
    -- A new piece of work is graded (most), only handed in, or pending.
    state constant integer := tests_churn.dice(6);
    grade_now constant numeric := case when state >= 2 then mark end;
    graded_now constant timestamptz := case when state >= 2 then now() end;
    handed_in constant timestamptz := case when state >= 1 then now() end;
begin
    case kind
        when 'submit one' then
            insert into school.submission (org_id, assignment_id, course_id, student_id, submitted_at, grade, graded_at)
            select a.org_id, a.id, a.course_id, one_student, handed_in, grade_now, graded_now
            from school.assignment as a
            where a.org_id = org and a.id = one_work
            on conflict do nothing;
        when 'submit many' then
            insert into school.submission (org_id, assignment_id, course_id, student_id, submitted_at, grade, graded_at)
            select
                a.org_id, a.id, a.course_id, p.id, now(), case when r.graded then mark / 2 end,
                case when r.graded then now() end
            from school.assignment as a
            join school.person as p on p.org_id = a.org_id
            cross join lateral (select random() < 0.7 as graded where p.id is not null) as r
            where a.org_id = org and (a.id = one_work or random() < 0.1)
            on conflict do nothing;
        when 'submit again' then
            insert into school.submission (org_id, assignment_id, course_id, student_id, submitted_at, grade, graded_at)
            select a.org_id, a.id, a.course_id, p.id, handed_in, grade_now, graded_now
            from school.assignment as a
            join school.person as p on p.org_id = a.org_id
            where a.org_id = org and a.id = one_work and random() < 0.5
            order by p.id
            on conflict (org_id, assignment_id, student_id) do update set
                submitted_at = excluded.submitted_at,
                grade = excluded.grade,
                graded_at = excluded.graded_at;
        when 'submit by merge' then
            merge into school.submission as s
            using (
                select a.org_id, a.id, a.course_id, p.id as student_id
                from school.assignment as a
                join school.person as p on p.org_id = a.org_id
                where a.org_id = org and a.id = one_work
            ) as n
            on s.org_id = n.org_id and s.assignment_id = n.id and s.student_id = n.student_id
            when matched and s.grade > 80 then delete
            when matched then update set grade = mark, graded_at = now()
            when not matched then
                insert (org_id, assignment_id, course_id, student_id, grade, graded_at)
                values (n.org_id, n.id, n.course_id, n.student_id, mark, now());
        when 'attempt one' then
            insert into school.quiz_attempt (org_id, quiz_id, course_id, student_id, completed_at, score)
            select q.org_id, q.id, q.course_id, one_student, handed_in, grade_now
            from school.quiz as q
            where q.org_id = org and q.id = one_quiz;
        when 'attempt many' then
            insert into school.quiz_attempt (org_id, quiz_id, course_id, student_id, completed_at, score)
            select q.org_id, q.id, q.course_id, p.id, now(), mark
            from school.quiz as q
            join school.person as p on p.org_id = q.org_id
            where q.org_id = org and q.id = one_quiz;
        when 'hand in' then
            update school.submission set submitted_at = now()
            where org_id = org and submitted_at is null and (student_id in (one_student, one_other) or assignment_id = one_work);
        when 'grade' then
            update school.submission set grade = mark, graded_at = now()
            where org_id = org and grade is null and (student_id in (one_student, one_other) or assignment_id = one_work);
        when 'regrade one' then
            update school.submission set grade = mark, graded_at = now()
            where org_id = org and student_id = one_student and assignment_id = one_work;
        when 'regrade many' then
            update school.submission set grade = round(grade / 2, 6)
            where org_id = org and assignment_id = one_work and grade is not null;
        when 'ungrade' then
            update school.submission set grade = null, graded_at = null
            where org_id = org and student_id = one_student and random() < 0.5;
        when 'touch' then
            update school.submission set is_banked = not is_banked where org_id = org and student_id = one_student;
        when 'rescore' then
            update school.quiz_attempt set score = mark, completed_at = now()
            where org_id = org and student_id = one_student and random() < 0.5;
        when 'unfinish' then
            update school.quiz_attempt set completed_at = null where org_id = org and quiz_id = one_quiz and random() < 0.3;
        when 'attempt to another' then
            update school.quiz_attempt set student_id = one_other
            where org_id = org and student_id = one_student and random() < 0.3;
        when 'submission to another' then
            update school.submission as s set student_id = one_other
            where s.org_id = org and s.student_id = one_student and s.assignment_id = one_work;
        when 'delete submissions' then
            delete from school.submission where org_id = org and (student_id = one_student or course_id = one_course) and random() < 0.3;
        when 'delete attempts' then
            delete from school.quiz_attempt where org_id = org and (student_id = one_student or random() < 0.2);
        when 'delete and insert' then
            with gone as (
                delete from school.quiz_attempt as t
                where t.org_id = org and t.quiz_id = one_quiz
                returning t.quiz_id, t.course_id, t.completed_at, t.score
            )
            insert into school.quiz_attempt (org_id, quiz_id, course_id, student_id, completed_at, score)
            select org, g.quiz_id, g.course_id, one_student, g.completed_at, g.score
            from gone as g;
        when 'move assignment' then
            update school.assignment set course_id = one_course where org_id = org and id = one_work;
        when 'move quiz' then
            update school.quiz set course_id = one_course where org_id = org and id = one_quiz;
        when 'delete assignment' then
            delete from school.assignment where org_id = org and id = one_work;
        when 'delete quiz' then
            delete from school.quiz where org_id = org and id = one_quiz;
        when 'create works' then
            call tests_churn.create_works(org, works);
        when 'delete course' then
            delete from school.course where org_id = org and id = one_course;
        when 'create courses' then
            call tests_churn.create_courses(org, courses);
        when 'delete person' then
            delete from school.person where org_id = org and id = one_student;
        when 'create people' then
            call tests_churn.create_people(org, students);
        when 'drop' then
            update school.enrollment set status = 'dropped' where org_id = org and student_id = one_student and course_id = one_course;
        when 'drop all' then
            update school.enrollment set status = 'dropped' where org_id = org and course_id = one_course;
        when 're-enroll' then
            update school.enrollment set status = 'active' where org_id = org and student_id = one_student and status = 'dropped';
        when 're-enroll all' then
            update school.enrollment set status = 'completed' where org_id = org and course_id = one_course;
        when 'unenroll' then
            delete from school.enrollment where org_id = org and student_id = one_student and random() < 0.5;
        when 'enrollment to another' then
            update school.enrollment set course_id = one_course
            where org_id = org and student_id = one_student and course_id <> one_course and random() < 0.3;
        when 'enroll' then
            insert into school.enrollment (org_id, student_id, course_id, status)
            values (org, one_student, one_course, (array['active', 'active', 'completed', 'dropped'])[1 + tests_churn.dice(4)])
            on conflict (org_id, student_id, course_id) do update set status = excluded.status;
        when 'enroll many' then
            insert into school.enrollment (org_id, student_id, course_id)
            select p.org_id, p.id, c.id
            from school.person as p
            join school.course as c on c.org_id = p.org_id
            where p.org_id = org and random() < 0.3
            on conflict do nothing;
        when 'grant student' then
            insert into school.person_role (org_id, person_id, role)
            select p.org_id, p.id, 'student' from school.person as p where p.org_id = org and p.id in (one_student, one_other)
            on conflict do nothing;
        when 'revoke student' then
            delete from school.person_role where org_id = org and person_id in (one_student, one_other);
        when 'change role' then
            update school.person_role set role = case role when 'student' then 'tutor' else 'student' end
            where org_id = org and person_id = one_student;
        when 'join' then
            insert into school.cohort_member (org_id, cohort_id, student_id, status)
            select c.org_id, c.id, p.id, (array['active', 'active', 'completed'])[1 + tests_churn.dice(3)]
            from school.cohort as c
            join school.person as p on p.org_id = c.org_id
            where c.org_id = org and c.id = one_cohort and p.id = one_student
            on conflict (org_id, cohort_id, student_id) do update set status = excluded.status;
        when 'join many' then
            insert into school.cohort_member (org_id, cohort_id, student_id)
            select c.org_id, c.id, p.id
            from school.cohort as c
            join school.person as p on p.org_id = c.org_id
            where c.org_id = org and c.id = one_cohort and random() < 0.5
            order by p.id
            on conflict do nothing;
        when 'withdraw' then
            update school.cohort_member set status = 'withdrawn' where org_id = org and student_id = one_student;
        when 'leave' then
            delete from school.cohort_member where org_id = org and student_id = one_student and random() < 0.5;
        when 'score' then
            insert into school.readiness_score (org_id, student_id, scored_at, score)
            select p.org_id, p.id, clock_timestamp() - tests_churn.dice(9) * interval '1 day', mark
            from school.person as p
            where p.org_id = org and p.id in (one_student, one_other)
            on conflict do nothing;
        when 'try a mission' then
            insert into school.mission_attempt (org_id, mission_id, student_id, state, submitted_at)
            select m.org_id, m.id, p.id, case when handed_in is null then 'started' else 'submitted' end, handed_in
            from school.mission as m
            join school.person as p on p.org_id = m.org_id
            where m.org_id = org and m.id = one_mission and (p.id = one_student or random() < 0.5)
            order by p.id
            on conflict do nothing;
        when 'approve' then
            update school.mission_attempt as a set state = 'approved', reviewed_at = a.submitted_at + interval '1 hour'
            where a.org_id = org and a.state = 'submitted' and (a.student_id = one_student or a.mission_id = one_mission);
        when 'show a work' then
            insert into school.portfolio_item (org_id, student_id, title, state)
            select p.org_id, p.id, 'Work', 'submitted' from school.person as p where p.org_id = org and p.id = one_student;
        when 'bill' then
            insert into school.payment (org_id, cohort_id, student_id, amount, due_on)
            select c.org_id, c.id, p.id, 10 + mark, current_date
            from school.cohort as c
            left join school.person as p on p.org_id = c.org_id and p.id = one_student
            where c.org_id = org and c.id = one_cohort;
        when 'pay' then
            update school.payment set status = 'paid', paid_on = current_date - tests_churn.dice(60)
            where org_id = org and cohort_id = one_cohort and status = 'due' and random() < 0.5;
        when 'refund' then
            insert into school.refund (org_id, payment_id, cohort_id, amount, refunded_on)
            select p.org_id, p.id, p.cohort_id, 0.01, current_date
            from school.payment as p
            where p.org_id = org and p.cohort_id = one_cohort and p.status = 'paid'
            limit 1;
        when 'close a mission' then
            update school.mission set status = case status when 'draft' then 'published' else 'draft' end
            where org_id = org and id = one_mission;
        when 'move cohort' then
            update school.cohort set track_id = tests_churn.key('track', 1 + tests_churn.dice(2)) where org_id = org and id = one_cohort;
        when 'delete cohort' then
            delete from school.cohort where org_id = org and id = one_cohort and random() < 0.3;
        when 'create cohorts' then
            call tests_churn.create_cohorts(org);
    end case;
end
$$;
comment on procedure tests_churn.change(bigint, text, integer, integer, integer) is 'One random change of this kind.';

create procedure tests_churn.note(number integer, what text[])
language sql
begin atomic
    insert into tests_churn.done as d (session, kind, n)
    select number, w, count(*) from unnest(what) as w group by w
    on conflict (session, kind) do update set n = d.n + excluded.n;
end;
comment on procedure tests_churn.note(integer, text[]) is 'Adds to the session''s counts.';

create procedure tests_churn.run(
    org bigint, operations integer, number integer, seed integer, students integer, courses integer, works integer
)
language plpgsql
as $$
declare
    kinds constant text[] := tests_churn.kinds();
    noted text[] := '{}';
    tried text[];
    failure text;
    count_down integer := operations;
begin
    perform setseed(seed / 1000000.0);
    while count_down > 0 loop
        tried := '{}';
        failure := null;
        -- COMMIT may not stand in a block that catches, so that the block is within the transaction.
        begin
            for i in 1..(array[1, 1, 2, 3])[1 + tests_churn.dice(4)] loop
                tried := tried || kinds[1 + tests_churn.dice(cardinality(kinds))];
                call tests_churn.change(org, tried[i], students, courses, works);
            end loop;
        exception
            when deadlock_detected then failure := 'deadlock';
            when unique_violation then failure := 'unique violation';
            when foreign_key_violation then failure := 'foreign key violation';
            when serialization_failure then failure := 'serialization failure';
        end;
        if failure is not null then
            noted := noted || failure;
            commit;
        elsif random() < 0.1 then
            noted := noted || 'rolled back'::text;
            rollback;
        else
            noted := noted || tried;
            count_down := count_down - cardinality(tried);
            commit;
        end if;
        if cardinality(noted) > 500 or count_down <= 0 then
            call tests_churn.note(number, noted);
            commit;
            noted := '{}';
        end if;
    end loop;
end
$$;
comment on procedure tests_churn.run(bigint, integer, integer, integer, integer, integer, integer) is
'So many random changes committed in an organization, one to three in a transaction; one transaction in ten is rolled back. Two sessions that
lock each other out, or whose rows vanish under them, try something else, as real ones do.';
