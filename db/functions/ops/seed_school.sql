create or replace function ops.seed_school(school_name text, students integer, today date) returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    -- Names are dealt by number, so that a school of any size has plausible ones and the same ones every time.
    given constant text[] := '{Amara,Ben,Chiara,Daoud,Elif,Femi,Grace,Hugo,Imani,Jonas,Keiko,Liam,Mina,Nadia,Omar,Priya,
        Quentin,Rosa,Samuel,Tara,Umar,Vera,Wanjiru,Xin,Yusuf,Zoe}'::text[];
    family constant text[] := '{Adeyemi,Berg,Costa,Diallo,Eriksen,Fischer,Garcia,Haddad,Ivanova,Jensen,Kamau,Lopez,
        Mwangi,Novak,Okafor,Petrov,Rossi,Schmidt,Tanaka,Weber,Yilmaz}'::text[];
    subject constant text[] := '{Mathematics,Biology,History,Chemistry,Literature,Physics,Geography,Computing}'::text[];
    class_size constant integer := 30;
    classes constant integer := (students + class_size - 1) / class_size;
    org bigint;
    zone text;
begin
    if students < 2 then
        raise 'a school has at least two students' using errcode = 'HR422', detail = 'students';
    end if;

    insert into school.organization (name, time_zone, source, external_id)
    values (school_name, 'Europe/Berlin', 'synthetic', school_name)
    returning org_id, time_zone into org, zone;

    perform school.provide_interaction_months(today - 35, today);

    -- People. Two children each share a parent; every third parent of them has a partner who is a guardian as well.
    insert into school.person (org_id, id, name, email, source, external_id)
    select
        org,
        md5(school_name || '/' || p.role || '/' || p.n)::uuid,
        given[1 + floor(ops.seed_number(p.role || '/given/' || p.n) * array_length(given, 1))::integer]
            || ' ' || family[1 + (p.household * 8) % array_length(family, 1)],
        p.role || '.' || p.n || '@example.org',
        'synthetic', p.role || '/' || p.n
    from (
        select 'student' as role, n, (n + 1) / 2 as household from generate_series(1, students) as n
        union all
        select 'parent', n, n from generate_series(1, (students + 1) / 2) as n
        union all
        select 'partner', n, n from generate_series(1, (students + 1) / 2, 3) as n
        union all
        select 'teacher', n, n * 3 from generate_series(1, classes * 2) as n
        union all
        select 'tutor', n, n * 5 from generate_series(1, classes) as n
        union all
        select r, 1, ascii(r) from unnest('{mentor,director,analyst,admin,service}'::text[]) as r
    ) as p;

    -- The first teacher is a parent too: a person may hold several roles.
    insert into school.person_role (org_id, person_id, role)
    select p.org_id, p.id, case split_part(p.external_id, '/', 1) when 'partner' then 'parent' else split_part(p.external_id, '/', 1) end
    from school.person as p
    where p.org_id = org
    union all
    select org, md5(school_name || '/teacher/1')::uuid, 'parent';

    insert into school.guardian (org_id, parent_id, student_id)
    select org, md5(school_name || '/parent/' || (n + 1) / 2)::uuid, md5(school_name || '/student/' || n)::uuid
    from generate_series(1, students) as n
    union all
    select org, md5(school_name || '/partner/' || (n + 1) / 2)::uuid, md5(school_name || '/student/' || n)::uuid
    from generate_series(1, students) as n
    where ((n + 1) / 2) % 3 = 1
    union all
    select org, md5(school_name || '/teacher/1')::uuid, md5(school_name || '/student/2')::uuid;

    insert into school.tutor_student (org_id, tutor_id, student_id)
    select org, md5(school_name || '/tutor/' || 1 + n % classes)::uuid, md5(school_name || '/student/' || n)::uuid
    from generate_series(1, students) as n
    where ops.seed_number('tutored/' || n) < 0.3 or n <= 2;

    -- Every class takes every subject; a teacher has half of a class's subjects.
    insert into school.course (org_id, id, code, title, starts_on, ends_on, source, external_id)
    select
        org, md5(school_name || '/course/' || s || '/' || c)::uuid,
        upper(left(subject[s], 4)) || '-' || c, subject[s] || ', class ' || c, today - 84, today + 56,
        'synthetic', s || '/' || c
    from generate_series(1, array_length(subject, 1)) as s
    cross join generate_series(1, classes) as c;

    insert into school.course_teacher (org_id, course_id, teacher_id)
    select
        org, md5(school_name || '/course/' || s || '/' || c)::uuid,
        md5(school_name || '/teacher/' || 2 * c - s % 2)::uuid
    from generate_series(1, array_length(subject, 1)) as s
    cross join generate_series(1, classes) as c;

    -- One enrollment in twenty has been dropped.
    insert into school.enrollment (org_id, student_id, course_id, status, enrolled_on, ended_on)
    select
        org, md5(school_name || '/student/' || e.n)::uuid, md5(school_name || '/course/' || e.s || '/' || e.c)::uuid,
        case when e.gone then 'dropped' else 'active' end, today - 90, case when e.gone then today - 21 end
    from (
        select n, s, (n - 1) / class_size + 1 as c, ops.seed_number('drop/' || n || '/' || s) < 0.05 as gone
        from generate_series(1, students) as n
        cross join generate_series(1, array_length(subject, 1)) as s
    ) as e;

    -- Coursework every fortnight: assignments on even weeks, quizzes on odd ones, from eleven weeks ago to four ahead.
    insert into school.assignment (org_id, id, course_id, author_id, title, due_at, weight, source, external_id)
    select
        org, md5(c.id || '/assignment/' || w)::uuid, c.id, t.teacher_id, 'Homework ' || (w + 12) / 2,
        (today + w * 7 + time '20:00') at time zone zone, 10, 'synthetic', c.external_id || '/' || w
    from school.course as c
    join school.course_teacher as t on t.org_id = c.org_id and t.course_id = c.id
    cross join generate_series(-10, 4, 2) as w
    where c.org_id = org;

    insert into school.quiz (org_id, id, course_id, title, due_at, weight, source, external_id)
    select
        org, md5(c.id || '/quiz/' || w)::uuid, c.id, 'Quiz ' || (w + 13) / 2,
        (today + w * 7 + time '12:00') at time zone zone, 5, 'synthetic', c.external_id || '/' || w
    from school.course as c
    cross join generate_series(-11, 3, 2) as w
    where c.org_id = org;

    -- Work of the past: a student's level and a course's difficulty make grades that belong together; one in ten is
    -- missing, and the latest homework is not graded yet.
    insert into school.submission (org_id, id, assignment_id, course_id, student_id, submitted_at, grade, graded_at)
    select
        org, md5(w.id || '/' || w.student_id)::uuid, w.id, w.course_id, w.student_id, w.due_at - interval '5 hours',
        case when w.graded then w.score end, case when w.graded then w.due_at + interval '2 days' end
    from (
        select
            a.id, a.course_id, e.student_id, a.due_at, a.due_at < today - interval '10 days' as graded,
            ops.seed_score(e.student_id, a.course_id, a.id) as score
        from school.assignment as a
        join school.enrollment as e on e.org_id = a.org_id and e.course_id = a.course_id
        where a.org_id = org and a.due_at < today and (e.ended_on is null or a.due_at < e.ended_on)
            and ops.seed_number(a.id || '/missing/' || e.student_id) >= 0.1
    ) as w;

    insert into school.quiz_attempt (org_id, id, quiz_id, course_id, student_id, started_at, completed_at, score)
    select
        org, md5(q.id || '/' || e.student_id)::uuid, q.id, q.course_id, e.student_id,
        q.due_at - interval '40 minutes', q.due_at - interval '10 minutes',
        ops.seed_score(e.student_id, q.course_id, q.id)
    from school.quiz as q
    join school.enrollment as e on e.org_id = q.org_id and e.course_id = q.course_id
    where q.org_id = org and q.due_at < today and (e.ended_on is null or q.due_at < e.ended_on)
        and ops.seed_number(q.id || '/missing/' || e.student_id) >= 0.1;

    -- Four weeks of learning with the tutoring agents.
    insert into school.interaction (
        org_id, occurred_at, student_id, course_id, agent_type, difficulty, success, duration_ms, source, external_id
    )
    select
        org, (today - (i.day || ' days')::interval + interval '8 hours' + i.r1 * interval '10 hours') at time zone zone,
        e.student_id, e.course_id,
        (array['tutor', 'quiz', 'feedback', 'practice'])[1 + floor(i.r2 * 4)::integer],
        (array['easy', 'medium', 'hard'])[1 + floor(i.r3 * 3)::integer],
        i.r4 < 0.7, 20000 + floor(i.r1 * 240000)::integer, 'synthetic', e.student_id || '/' || e.course_id || '/' || i.day
    from school.enrollment as e
    cross join lateral (
        select
            d as day,
            ops.seed_number('r1/' || e.student_id || e.course_id || d) as r1,
            ops.seed_number('r2/' || e.student_id || e.course_id || d) as r2,
            ops.seed_number('r3/' || e.student_id || e.course_id || d) as r3,
            ops.seed_number('r4/' || e.student_id || e.course_id || d) as r4
        from generate_series(1, 28) as d
    ) as i
    where e.org_id = org and e.status = 'active' and i.r1 + i.r2 < 0.5;

    return org;
end
$$;
comment on function ops.seed_school(text, integer, date) is
'Makes a synthetic school with this name and number of students, as it would look on `today`, and answers its org_id.
Deterministic: the same arguments give the same people, ids and numbers. Set-based, through the same tables and triggers as
real facts. Raises 23505 when a synthetic school of that name exists.';
revoke all on function ops.seed_school(text, integer, date) from public;
