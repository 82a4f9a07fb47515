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

    insert into school.program (org_id, name)
    select o.org_id, g.program
    from (values ('North', 'Prep'), ('North', 'Gap'), ('South', 'Skills')) as g (organization, program)
    join school.organization as o on o.name = g.organization;

    insert into school.track (org_id, program_id, name, director_id)
    select p.org_id, p.id, g.track, d.id
    from (
        values ('Prep', 'Data', 'dan'), ('Gap', 'Web', null), ('Gap', 'Ops', 'dan'), ('Skills', 'Care', null)
    ) as g (program, track, director)
    join school.program as p on p.name = g.program
    left join school.person as d on d.name = g.director;

    insert into school.cohort (org_id, track_id, name, starts_on, ends_on, status)
    select t.org_id, t.id, g.cohort, date '2024-01-01', date '2024-06-30', 'active'
    from (values ('Data', 'Fall'), ('Data', 'Idle'), ('Web', 'Spring'), ('Care', 'Dawn')) as g (track, cohort)
    join school.track as t on t.name = g.track;

    insert into school.cohort_member (org_id, cohort_id, student_id, status)
    select c.org_id, c.id, s.id, g.status
    from (
        values
        ('ann', 'Fall', 'active'), ('bea', 'Fall', 'withdrawn'), ('cyd', 'Spring', 'completed'), ('zoe', 'Dawn', 'active')
    ) as g (student, cohort, status)
    join school.cohort as c on c.name = g.cohort
    join school.person as s on s.name = g.student;

    insert into school.cohort_mentor (org_id, cohort_id, mentor_id)
    select c.org_id, c.id, m.id
    from (values ('mia', 'Fall'), ('uli', 'Spring'), ('zac', 'Dawn')) as g (mentor, cohort)
    join school.cohort as c on c.name = g.cohort
    join school.person as m on m.name = g.mentor;

    insert into school.mentor_session (org_id, cohort_id, mentor_id, student_id, title, starts_at, ends_at, status, rating)
    select m.org_id, m.cohort_id, m.mentor_id, s.id, g.title, timestamptz '2024-01-10 10:00Z', timestamptz '2024-01-10 11:00Z', 'held', 4
    from (
        values
        ('Fall', null, 'kickoff'), ('Fall', 'ann', 'talk'), ('Fall', 'bea', 'chat'), ('Spring', null, 'retro'), ('Dawn', 'zoe', 'hello')
    ) as g (cohort, student, title)
    join school.cohort as c on c.name = g.cohort
    join school.cohort_mentor as m on m.org_id = c.org_id and m.cohort_id = c.id
    left join school.person as s on s.name = g.student;

    insert into school.session_attendance (org_id, session_id, student_id, joined_at)
    select m.org_id, m.id, s.id, m.starts_at
    from (values ('ann', 'kickoff'), ('bea', 'kickoff'), ('cyd', 'retro'), ('zoe', 'hello')) as g (student, title)
    join school.mentor_session as m on m.title = g.title
    join school.person as s on s.name = g.student;

    insert into school.milestone (org_id, cohort_id, title, due_at)
    select c.org_id, c.id, g.title, timestamptz '2024-03-01'
    from (values ('Fall', 'pitch'), ('Spring', 'demo'), ('Dawn', 'gala')) as g (cohort, title)
    join school.cohort as c on c.name = g.cohort;

    insert into school.calendar_event (org_id, cohort_id, title, starts_at)
    select o.org_id, c.id, g.title, timestamptz '2024-02-01'
    from (
        values ('North', 'Fall', 'fair'), ('North', 'Spring', 'final'), ('North', null, 'feast'), ('South', null, 'picnic')
    ) as g (organization, cohort, title)
    join school.organization as o on o.name = g.organization
    left join school.cohort as c on c.name = g.cohort;

    insert into school.competency (org_id, track_id, name, required_level)
    select t.org_id, t.id, g.competency, 70
    from (values ('Data', 'SQL'), ('Web', 'CSS'), ('Care', 'tact')) as g (track, competency)
    join school.track as t on t.name = g.track;

    insert into school.competency_score (org_id, competency_id, student_id, level)
    select c.org_id, c.id, s.id, 60
    from (values ('ann', 'SQL'), ('bea', 'SQL'), ('cyd', 'CSS'), ('zoe', 'tact')) as g (student, competency)
    join school.competency as c on c.name = g.competency
    join school.person as s on s.name = g.student;

    insert into school.mission (org_id, track_id, title, status)
    select o.org_id, t.id, g.title, g.status
    from (
        values
        ('North', 'Data', 'query', 'published'), ('North', 'Data', 'join', 'draft'), ('North', 'Web', 'page', 'closed'),
        ('North', null, 'vow', 'published'), ('North', null, 'oath', 'draft'), ('South', 'Care', 'walk', 'published')
    ) as g (organization, track, title, status)
    join school.organization as o on o.name = g.organization
    left join school.track as t on t.name = g.track;

    insert into school.mission_attempt (org_id, mission_id, student_id, started_at)
    select m.org_id, m.id, s.id, timestamptz '2024-01-08'
    from (values ('ann', 'query'), ('bea', 'query'), ('cyd', 'page'), ('zoe', 'walk')) as g (student, mission)
    join school.mission as m on m.title = g.mission
    join school.person as s on s.name = g.student;

    -- What every student has.
    insert into school.readiness_score (org_id, student_id, scored_at, score)
    select r.org_id, r.person_id, timestamptz '2024-01-08', 55 from school.person_role as r where r.role = 'student';
    insert into school.portfolio_item (org_id, student_id, title, state, quality, reviewed_at)
    select r.org_id, r.person_id, 'essay', 'approved', 88, timestamptz '2024-01-08' from school.person_role as r where r.role = 'student';
    insert into school.habit (org_id, student_id, title)
    select r.org_id, r.person_id, 'reading' from school.person_role as r where r.role = 'student';
    insert into school.habit_log (org_id, habit_id, student_id, day)
    select h.org_id, h.id, h.student_id, date '2024-01-08' from school.habit as h;
    insert into school.goal (org_id, student_id, title)
    select r.org_id, r.person_id, 'degree' from school.person_role as r where r.role = 'student';
    insert into school.point_award (org_id, student_id, points, reason)
    select r.org_id, r.person_id, 10, 'diligence' from school.person_role as r where r.role = 'student';
    insert into school.badge (org_id, student_id, name)
    select r.org_id, r.person_id, 'star' from school.person_role as r where r.role = 'student';
    insert into school.ai_nudge (org_id, student_id, message)
    select r.org_id, r.person_id, 'Read a page.' from school.person_role as r where r.role = 'student';
    insert into school.subscription (org_id, student_id)
    select r.org_id, r.person_id from school.person_role as r where r.role = 'student';

    insert into school.payment (org_id, cohort_id, student_id, amount, status, due_on, paid_on)
    select m.org_id, m.cohort_id, m.student_id, 100, 'paid', date '2024-01-15', date '2024-01-10' from school.cohort_member as m;
    -- Refunds are yet to be folded.
    perform ops.fold('board.cohort_delta'::regclass, o.org_id) from school.organization as o;
    insert into school.refund (org_id, payment_id, cohort_id, amount, refunded_on)
    select p.org_id, p.id, p.cohort_id, 40, date '2024-02-01' from school.payment as p;

    insert into school.notification (org_id, person_id, title)
    select p.org_id, p.id, 'news'
    from school.person as p
    where p.name in ('ann', 'bea', 'pam', 'tom', 'uma', 'mia', 'dan', 'zoe');

    insert into ops.action_receipt (org_id, person_id, idempotency_key, action, answer)
    select p.org_id, p.id, 'once', '{}', '{}' from school.person as p where p.name in ('ann', 'zoe');

    perform board.refresh_leaderboard(o.org_id) from school.organization as o;

    insert into board.alert_rule (org_id, track_id, name, metric, comparison, threshold)
    select t.org_id, t.id, g.rule, 'mentors', 'below', 1
    from (values ('Data', 'quiet'), ('Web', 'loud'), ('Care', 'quiet')) as g (track, rule)
    join school.track as t on t.name = g.track;

    insert into board.alert (org_id, cohort_id, rule_id, name, metric, comparison, threshold, severity, opened_value, evidence)
    select c.org_id, c.id, r.id, r.name, r.metric, r.comparison, r.threshold, r.severity, 0, '{}'
    from school.cohort as c
    join board.alert_rule as r on r.org_id = c.org_id and r.track_id = c.track_id
    where c.name <> 'Idle';

    insert into board.alert_change (org_id, alert_id, change, value, threshold, severity)
    select a.org_id, a.id, 'opened', a.opened_value, a.threshold, a.severity from board.alert as a;

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
The totals are folded but for the quizzes.

North  Program Prep, track Data (director dan), cohorts Fall (mentor mia): ann (active), bea (withdrawn), and Idle. Program Gap,
       tracks Web, cohort Spring (mentor uli, who acts as tutor alone): cyd (completed), and Ops (director dan).
South  Program Skills, track Care, cohort Dawn (mentor zac, likewise): zoe.

Cohorts have a session of all or of one, a milestone and an event; feast and picnic are for everybody of their organization.
Tracks have a competency and a mission; vow is everybody''s; join and oath are drafts. Each student has one of everything, and has
paid for the cohort and been given a part of it back; most of the people have a notification. ann and zoe have taken an action; no
dashboard was computed yet. Data and Care have the rule quiet, Web has loud, beside those of every organization; by each an alert is
open, about Fall, Dawn and Spring. Of North''s list of pupils and of South''s list of staff a row was rejected.';

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
