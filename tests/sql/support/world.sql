create function tests.build_world() returns void
language plpgsql
as $$
begin
    insert into school.organization (name) values ('North'), ('South');

    insert into school.person (org_id, name)
    select o.org_id, p.name
    from school.organization as o
    join (
        values
        ('North', '{ann,bea,cyd,pam,pip,tom,tia,uma,uli,mia,dan,lea,abe,sid}'::text[]),
        ('South', '{zoe,zed,zac,zia}')
    ) as g (org, names) on g.org = o.name
    cross join unnest(g.names) as p (name);

    insert into school.person_role (org_id, person_id, role)
    select p.org_id, p.id, r.role
    from (
        values
        ('student', '{ann,bea,cyd,zoe}'::text[]), ('parent', '{pam,pip,tom,zed}'), ('teacher', '{tom,tia,zac}'),
        ('tutor', '{uma,uli}'), ('mentor', '{mia}'), ('director', '{dan}'), ('analyst', '{lea}'),
        ('admin', '{abe,zia}'), ('service', '{sid}')
    ) as r (role, names)
    join school.person as p on p.name = any (r.names);

    insert into school.guardian (org_id, parent_id, student_id)
    select p.org_id, p.id, s.id
    from (values ('pam', 'ann'), ('pip', 'cyd'), ('tom', 'bea'), ('zed', 'zoe')) as g (parent, student)
    join school.person as p on p.name = g.parent
    join school.person as s on s.name = g.student;

    insert into school.tutor_student (org_id, tutor_id, student_id)
    select p.org_id, p.id, s.id
    from (values ('uma', 'ann'), ('uli', 'cyd')) as g (tutor, student)
    join school.person as p on p.name = g.tutor
    join school.person as s on s.name = g.student;

    insert into school.course (org_id, code, title)
    select t.org_id, c.title, c.title
    from (values ('tom', 'ALG'), ('tia', 'BIO'), ('zac', 'GEO')) as c (teacher, title)
    join school.person as t on t.name = c.teacher;

    insert into school.course_teacher (org_id, course_id, teacher_id)
    select c.org_id, c.id, t.id
    from (values ('tom', 'ALG'), ('tia', 'BIO'), ('zac', 'GEO')) as g (teacher, course)
    join school.course as c on c.title = g.course
    join school.person as t on t.name = g.teacher;

    insert into school.enrollment (org_id, student_id, course_id, status)
    select s.org_id, s.id, c.id, g.status
    from (
        values
        ('ann', 'ALG', 'active'), ('ann', 'BIO', 'dropped'), ('bea', 'ALG', 'completed'), ('cyd', 'BIO', 'active'),
        ('zoe', 'GEO', 'active')
    ) as g (student, course, status)
    join school.person as s on s.name = g.student
    join school.course as c on c.title = g.course;

    insert into school.assignment (org_id, course_id, title, status)
    select c.org_id, c.id, g.title, g.status
    from (
        values
        ('ALG', 'sets', 'published'), ('ALG', 'rings', 'draft'), ('BIO', 'cells', 'closed'),
        ('GEO', 'maps', 'published')
    ) as g (course, title, status)
    join school.course as c on c.title = g.course;

    insert into school.quiz (org_id, course_id, title, status)
    select c.org_id, c.id, g.title, g.status
    from (
        values
        ('ALG', 'roots', 'published'), ('ALG', 'fields', 'draft'), ('BIO', 'genes', 'closed'),
        ('GEO', 'capes', 'published')
    ) as g (course, title, status)
    join school.course as c on c.title = g.course;

    insert into school.submission (org_id, assignment_id, course_id, student_id, submitted_at, grade, graded_at)
    select a.org_id, a.id, a.course_id, s.id, timestamptz '2024-01-10', g.grade, timestamptz '2024-01-12'
    from (
        values ('ann', 'sets', 80), ('ann', 'cells', 60), ('bea', 'sets', 90), ('cyd', 'cells', 70), ('zoe', 'maps', 50)
    ) as g (student, title, grade)
    join school.person as s on s.name = g.student
    join school.assignment as a on a.title = g.title;

    -- What comes after this is yet to be folded.
    perform board.fold(o.org_id) from school.organization as o;

    insert into school.quiz_attempt (org_id, quiz_id, course_id, student_id, completed_at, score)
    select q.org_id, q.id, q.course_id, s.id, timestamptz '2024-01-11', g.score
    from (
        values ('ann', 'roots', 85), ('ann', 'genes', 65), ('bea', 'roots', 95), ('cyd', 'genes', 75), ('zoe', 'capes', 55)
    ) as g (student, title, score)
    join school.person as s on s.name = g.student
    join school.quiz as q on q.title = g.title;

    insert into school.interaction (org_id, student_id, course_id, agent_type, occurred_at)
    select s.org_id, s.id, c.id, 'forum', timestamptz '2024-01-09'
    from (values ('ann', 'ALG'), ('ann', null), ('bea', 'ALG'), ('cyd', 'BIO'), ('zoe', 'GEO')) as g (student, course)
    join school.person as s on s.name = g.student
    left join school.course as c on c.title = g.course;

    insert into ingest.rejected (org_id, source, entity, line, row_data, reason)
    select o.org_id, 'paper', g.entity, 2, '{}', 'illegible'
    from (values ('North', 'pupils'), ('South', 'staff')) as g (organization, entity)
    join school.organization as o on o.name = g.organization;
end
$$;
comment on function tests.build_world() is
'Two organizations in which everybody has a stranger.

North  ALG, taught by tom: ann (active), bea (completed). BIO, taught by tia: cyd (active), ann (dropped).
       pam is ann''s parent, pip cyd''s, tom bea''s. uma accompanies ann, uli cyd.
       mia mentor, dan director, lea analyst, abe admin, sid service.
South  GEO, taught by zac: zoe (active). zed is zoe''s parent. zia admin.

ALG has a published assignment (sets) and quiz (roots), and drafts of both (rings, fields); BIO a closed assignment (cells)
and quiz (genes); GEO a published assignment (maps) and quiz (capes). Who is or was enrolled has done what is not a draft.
The totals are folded but for the quizzes. Of North''s list of pupils and of South''s list of staff a row was rejected.';

create function tests.person(name text) returns uuid
language sql
as $$
    select p.id from school.person as p where p.name = $1
$$;
comment on function tests.person(text) is 'Id of somebody in tests.build_world().';

create function tests.course(title text) returns uuid
language sql
as $$
    select c.id from school.course as c where c.title = $1
$$;
comment on function tests.course(text) is 'Id of a course in tests.build_world().';
