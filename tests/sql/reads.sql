-- Who reads which rows: every table of school, board and ingest, every role. Rows are named as tests.labels() names them; the
-- people are those of tests.build_world(). 'everything' is what the superuser sees: what a list leaves out does exist.
begin;
select no_plan();
select tests.build_world();

-- Of the marks that all these facts left, one of each organization.
delete from board.dashboard_update_queue as q
where exists (select from board.dashboard_update_queue as e where e.org_id = q.org_id and e.id < q.id);

create temporary table expectation (relation regclass, actors text[], sees text[]);
insert into expectation (relation, actors, sees) values
('school.organization', '{everything}', '{North,South}'),
(
    'school.organization',
    '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,mia mentor,dan director,lea analyst,abe admin,sid service}',
    '{North}'
),
('school.organization', '{zia admin}', '{South}'),

('school.person', '{everything}', '{abe,ann,bea,cyd,dan,lea,mia,pam,pip,sid,tia,tom,uli,uma,zac,zed,zia,zoe}'),
('school.person', '{ann student}', '{ann}'),
('school.person', '{pam parent}', '{ann,pam}'),
('school.person', '{tom teacher}', '{ann,bea,tom}'),
('school.person', '{tom parent}', '{bea,tom}'),
('school.person', '{tia teacher}', '{ann,cyd,tia}'),
('school.person', '{uma tutor}', '{ann,uma}'),
('school.person', '{mia mentor}', '{mia}'),
('school.person', '{dan director}', '{dan}'),
('school.person', '{lea analyst,abe admin,sid service}', '{abe,ann,bea,cyd,dan,lea,mia,pam,pip,sid,tia,tom,uli,uma}'),
('school.person', '{zia admin}', '{zac,zed,zia,zoe}'),

(
    'school.person_role', '{everything}',
    '{abe admin,ann student,bea student,cyd student,dan director,lea analyst,mia mentor,pam parent,pip parent,sid service,
    tia teacher,tom parent,tom teacher,uli tutor,uma tutor,zac teacher,zed parent,zia admin,zoe student}'
),
('school.person_role', '{ann student}', '{ann student}'),
('school.person_role', '{pam parent}', '{pam parent}'),
('school.person_role', '{tom teacher,tom parent}', '{tom parent,tom teacher}'),
('school.person_role', '{tia teacher}', '{tia teacher}'),
('school.person_role', '{uma tutor}', '{uma tutor}'),
('school.person_role', '{mia mentor}', '{mia mentor}'),
('school.person_role', '{dan director}', '{dan director}'),
(
    'school.person_role', '{lea analyst,abe admin,sid service}',
    '{abe admin,ann student,bea student,cyd student,dan director,lea analyst,mia mentor,pam parent,pip parent,sid service,
    tia teacher,tom parent,tom teacher,uli tutor,uma tutor}'
),
('school.person_role', '{zia admin}', '{zac teacher,zed parent,zia admin,zoe student}'),

('school.guardian', '{everything}', '{pam ann,pip cyd,tom bea,zed zoe}'),
('school.guardian', '{ann student,pam parent}', '{pam ann}'),
('school.guardian', '{tom parent}', '{tom bea}'),
('school.guardian', '{tom teacher,tia teacher,uma tutor,mia mentor,dan director}', '{refused}'),
('school.guardian', '{lea analyst,abe admin,sid service}', '{pam ann,pip cyd,tom bea}'),
('school.guardian', '{zia admin}', '{zed zoe}'),

('school.tutor_student', '{everything}', '{uli cyd,uma ann}'),
('school.tutor_student', '{ann student,uma tutor}', '{uma ann}'),
('school.tutor_student', '{pam parent,tom teacher,tom parent,tia teacher,mia mentor,dan director}', '{refused}'),
('school.tutor_student', '{lea analyst,abe admin,sid service}', '{uli cyd,uma ann}'),
('school.tutor_student', '{zia admin}', '{}'),

('school.course', '{everything}', '{ALG,BIO,GEO}'),
('school.course', '{ann student,pam parent,tom teacher,tom parent,uma tutor}', '{ALG}'),
('school.course', '{tia teacher}', '{BIO}'),
('school.course', '{mia mentor,dan director}', '{refused}'),
('school.course', '{lea analyst,abe admin,sid service}', '{ALG,BIO}'),
('school.course', '{zia admin}', '{GEO}'),

('school.course_teacher', '{everything}', '{tia BIO,tom ALG,zac GEO}'),
('school.course_teacher', '{ann student,pam parent,tom teacher,tom parent,uma tutor}', '{tom ALG}'),
('school.course_teacher', '{tia teacher}', '{tia BIO}'),
('school.course_teacher', '{mia mentor,dan director}', '{refused}'),
('school.course_teacher', '{lea analyst,abe admin,sid service}', '{tia BIO,tom ALG}'),
('school.course_teacher', '{zia admin}', '{zac GEO}'),

('school.enrollment', '{everything}', '{ann ALG,ann BIO,bea ALG,cyd BIO,zoe GEO}'),
('school.enrollment', '{ann student,pam parent,uma tutor}', '{ann ALG,ann BIO}'),
('school.enrollment', '{tom teacher}', '{ann ALG,bea ALG}'),
('school.enrollment', '{tom parent}', '{bea ALG}'),
('school.enrollment', '{tia teacher}', '{ann BIO,cyd BIO}'),
('school.enrollment', '{mia mentor,dan director}', '{refused}'),
('school.enrollment', '{lea analyst,abe admin,sid service}', '{ann ALG,ann BIO,bea ALG,cyd BIO}'),
('school.enrollment', '{zia admin}', '{zoe GEO}'),

('school.assignment', '{everything}', '{cells BIO,maps GEO,rings ALG,sets ALG}'),
('school.assignment', '{ann student,pam parent,tom parent,uma tutor}', '{sets ALG}'),
('school.assignment', '{tom teacher}', '{rings ALG,sets ALG}'),
('school.assignment', '{tia teacher}', '{cells BIO}'),
('school.assignment', '{mia mentor,dan director}', '{refused}'),
('school.assignment', '{lea analyst,abe admin,sid service}', '{cells BIO,rings ALG,sets ALG}'),
('school.assignment', '{zia admin}', '{maps GEO}'),

('school.quiz', '{everything}', '{capes GEO,fields ALG,genes BIO,roots ALG}'),
('school.quiz', '{ann student,pam parent,tom parent,uma tutor}', '{roots ALG}'),
('school.quiz', '{tom teacher}', '{fields ALG,roots ALG}'),
('school.quiz', '{tia teacher}', '{genes BIO}'),
('school.quiz', '{mia mentor,dan director}', '{refused}'),
('school.quiz', '{lea analyst,abe admin,sid service}', '{fields ALG,genes BIO,roots ALG}'),
('school.quiz', '{zia admin}', '{capes GEO}'),

('school.submission', '{everything}', '{ann cells BIO,ann sets ALG,bea sets ALG,cyd cells BIO,zoe maps GEO}'),
('school.submission', '{ann student,pam parent,uma tutor}', '{ann cells BIO,ann sets ALG}'),
('school.submission', '{tom teacher}', '{ann sets ALG,bea sets ALG}'),
('school.submission', '{tom parent}', '{bea sets ALG}'),
('school.submission', '{tia teacher}', '{ann cells BIO,cyd cells BIO}'),
('school.submission', '{mia mentor,dan director}', '{refused}'),
('school.submission', '{lea analyst,abe admin,sid service}', '{ann cells BIO,ann sets ALG,bea sets ALG,cyd cells BIO}'),
('school.submission', '{zia admin}', '{zoe maps GEO}'),

('school.quiz_attempt', '{everything}', '{ann genes BIO,ann roots ALG,bea roots ALG,cyd genes BIO,zoe capes GEO}'),
('school.quiz_attempt', '{ann student,pam parent,uma tutor}', '{ann genes BIO,ann roots ALG}'),
('school.quiz_attempt', '{tom teacher}', '{ann roots ALG,bea roots ALG}'),
('school.quiz_attempt', '{tom parent}', '{bea roots ALG}'),
('school.quiz_attempt', '{tia teacher}', '{ann genes BIO,cyd genes BIO}'),
('school.quiz_attempt', '{mia mentor,dan director}', '{refused}'),
('school.quiz_attempt', '{lea analyst,abe admin,sid service}', '{ann genes BIO,ann roots ALG,bea roots ALG,cyd genes BIO}'),
('school.quiz_attempt', '{zia admin}', '{zoe capes GEO}'),

-- ann's second interaction belongs to no course
('school.interaction', '{everything}', '{ann,ann ALG,bea ALG,cyd BIO,zoe GEO}'),
('school.interaction', '{ann student,pam parent,uma tutor}', '{ann,ann ALG}'),
('school.interaction', '{tom teacher}', '{ann ALG,bea ALG}'),
('school.interaction', '{tom parent}', '{bea ALG}'),
('school.interaction', '{tia teacher}', '{cyd BIO}'),
('school.interaction', '{mia mentor,dan director}', '{refused}'),
('school.interaction', '{lea analyst,abe admin,sid service}', '{ann,ann ALG,bea ALG,cyd BIO}'),
('school.interaction', '{zia admin}', '{zoe GEO}'),

('school.program', '{everything}', '{Gap,Prep,Skills}'),
('school.program', '{ann student,pam parent,uma tutor,mia mentor}', '{Prep}'),
('school.program', '{cyd student}', '{Gap}'),
('school.program', '{tom parent}', '{}'),
('school.program', '{dan director}', '{Gap,Prep}'),
('school.program', '{tom teacher,tia teacher}', '{refused}'),
('school.program', '{lea analyst,abe admin,sid service}', '{Gap,Prep}'),
('school.program', '{zia admin}', '{Skills}'),

('school.track', '{everything}', '{Care,Data,Ops,Web}'),
('school.track', '{ann student,pam parent,uma tutor,mia mentor}', '{Data}'),
('school.track', '{cyd student}', '{Web}'),
('school.track', '{tom parent}', '{}'),
('school.track', '{dan director}', '{Data,Ops}'),
('school.track', '{tom teacher,tia teacher}', '{refused}'),
('school.track', '{lea analyst,abe admin,sid service}', '{Data,Ops,Web}'),
('school.track', '{zia admin}', '{Care}'),

-- bea, tom's child, has withdrawn from Fall
('school.cohort', '{everything}', '{Dawn,Fall,Idle,Spring}'),
('school.cohort', '{ann student,pam parent,uma tutor,mia mentor}', '{Fall}'),
('school.cohort', '{cyd student}', '{Spring}'),
('school.cohort', '{bea student,tom parent}', '{}'),
('school.cohort', '{dan director}', '{Fall,Idle}'),
('school.cohort', '{tom teacher,tia teacher}', '{refused}'),
('school.cohort', '{lea analyst,abe admin,sid service}', '{Fall,Idle,Spring}'),
('school.cohort', '{zia admin}', '{Dawn}'),

('school.cohort_member', '{everything}', '{ann Fall,bea Fall,cyd Spring,zoe Dawn}'),
('school.cohort_member', '{ann student,pam parent,uma tutor}', '{ann Fall}'),
('school.cohort_member', '{bea student,tom parent}', '{bea Fall}'),
('school.cohort_member', '{mia mentor,dan director}', '{ann Fall,bea Fall}'),
('school.cohort_member', '{tom teacher,tia teacher}', '{refused}'),
('school.cohort_member', '{lea analyst,abe admin,sid service}', '{ann Fall,bea Fall,cyd Spring}'),
('school.cohort_member', '{zia admin}', '{zoe Dawn}'),

('school.cohort_mentor', '{everything}', '{mia Fall,uli Spring,zac Dawn}'),
('school.cohort_mentor', '{ann student,pam parent,uma tutor,mia mentor,dan director}', '{mia Fall}'),
('school.cohort_mentor', '{tom parent}', '{}'),
('school.cohort_mentor', '{tom teacher,tia teacher}', '{refused}'),
('school.cohort_mentor', '{lea analyst,abe admin,sid service}', '{mia Fall,uli Spring}'),
('school.cohort_mentor', '{zia admin}', '{zac Dawn}'),

(
    'school.mentor_session', '{everything}',
    '{chat mia bea Fall,hello zac zoe Dawn,kickoff mia Fall,retro uli Spring,talk mia ann Fall}'
),
('school.mentor_session', '{ann student,pam parent}', '{kickoff mia Fall,talk mia ann Fall}'),
('school.mentor_session', '{cyd student}', '{retro uli Spring}'),
('school.mentor_session', '{bea student,tom parent}', '{}'),
('school.mentor_session', '{mia mentor,dan director}', '{chat mia bea Fall,kickoff mia Fall,talk mia ann Fall}'),
('school.mentor_session', '{tom teacher,tia teacher,uma tutor}', '{refused}'),
(
    'school.mentor_session', '{lea analyst,abe admin,sid service}',
    '{chat mia bea Fall,kickoff mia Fall,retro uli Spring,talk mia ann Fall}'
),
('school.mentor_session', '{zia admin}', '{hello zac zoe Dawn}'),

-- a mentor's students are those who have not withdrawn
('school.session_attendance', '{everything}', '{ann kickoff,bea kickoff,cyd retro,zoe hello}'),
('school.session_attendance', '{ann student,pam parent,uma tutor,mia mentor}', '{ann kickoff}'),
('school.session_attendance', '{bea student,tom parent}', '{bea kickoff}'),
('school.session_attendance', '{tom teacher,tia teacher,dan director}', '{refused}'),
('school.session_attendance', '{lea analyst,abe admin,sid service}', '{ann kickoff,bea kickoff,cyd retro}'),
('school.session_attendance', '{zia admin}', '{zoe hello}'),

('school.milestone', '{everything}', '{demo Spring,gala Dawn,pitch Fall}'),
('school.milestone', '{ann student,pam parent,uma tutor,mia mentor,dan director}', '{pitch Fall}'),
('school.milestone', '{tom parent}', '{}'),
('school.milestone', '{tom teacher,tia teacher}', '{refused}'),
('school.milestone', '{lea analyst,abe admin,sid service}', '{demo Spring,pitch Fall}'),
('school.milestone', '{zia admin}', '{gala Dawn}'),

('school.calendar_event', '{everything}', '{fair Fall,feast,final Spring,picnic}'),
('school.calendar_event', '{ann student,pam parent,uma tutor,mia mentor,dan director}', '{fair Fall,feast}'),
('school.calendar_event', '{tom parent}', '{feast}'),
('school.calendar_event', '{tom teacher,tia teacher}', '{refused}'),
('school.calendar_event', '{lea analyst,abe admin,sid service}', '{fair Fall,feast,final Spring}'),
('school.calendar_event', '{zia admin}', '{picnic}'),

('school.competency', '{everything}', '{CSS,SQL,tact}'),
('school.competency', '{ann student,pam parent,uma tutor,mia mentor,dan director}', '{SQL}'),
('school.competency', '{tom parent}', '{}'),
('school.competency', '{tom teacher,tia teacher}', '{refused}'),
('school.competency', '{lea analyst,abe admin,sid service}', '{CSS,SQL}'),
('school.competency', '{zia admin}', '{tact}'),

('school.competency_score', '{everything}', '{ann SQL,bea SQL,cyd CSS,zoe tact}'),
('school.competency_score', '{mia mentor}', '{ann SQL}'),
(
    'school.competency_score', '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,dan director}', '{refused}'
),
('school.competency_score', '{lea analyst,abe admin,sid service}', '{ann SQL,bea SQL,cyd CSS}'),
('school.competency_score', '{zia admin}', '{zoe tact}'),

('school.readiness_score', '{everything}', '{ann,bea,cyd,zoe}'),
('school.readiness_score', '{mia mentor}', '{ann}'),
('school.readiness_score', '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,dan director}', '{refused}'),
('school.readiness_score', '{lea analyst,abe admin,sid service}', '{ann,bea,cyd}'),
('school.readiness_score', '{zia admin}', '{zoe}'),

('school.mission', '{everything}', '{join,oath,page,query,vow,walk}'),
('school.mission', '{ann student,pam parent,uma tutor}', '{query,vow}'),
('school.mission', '{cyd student}', '{page,vow}'),
('school.mission', '{tom parent}', '{vow}'),
('school.mission', '{mia mentor,dan director}', '{join,oath,query,vow}'),
('school.mission', '{tom teacher,tia teacher}', '{refused}'),
('school.mission', '{lea analyst,abe admin,sid service}', '{join,oath,page,query,vow}'),
('school.mission', '{zia admin}', '{walk}'),

('school.mission_attempt', '{everything}', '{ann query,bea query,cyd page,zoe walk}'),
('school.mission_attempt', '{ann student,pam parent,uma tutor,mia mentor}', '{ann query}'),
('school.mission_attempt', '{tom parent}', '{bea query}'),
('school.mission_attempt', '{tom teacher,tia teacher,dan director}', '{refused}'),
('school.mission_attempt', '{lea analyst,abe admin,sid service}', '{ann query,bea query,cyd page}'),
('school.mission_attempt', '{zia admin}', '{zoe walk}'),

-- a row each of whoever is listed, whatever the role
('school.notification', '{everything}', '{news ann,news bea,news dan,news mia,news pam,news tom,news uma,news zoe}'),
('school.notification', '{ann student}', '{news ann}'),
('school.notification', '{pam parent}', '{news pam}'),
('school.notification', '{tom teacher,tom parent}', '{news tom}'),
('school.notification', '{tia teacher}', '{}'),
('school.notification', '{uma tutor}', '{news uma}'),
('school.notification', '{mia mentor}', '{news mia}'),
('school.notification', '{dan director}', '{news dan}'),
('school.notification', '{lea analyst}', '{refused}'),
('school.notification', '{abe admin,sid service}', '{news ann,news bea,news dan,news mia,news pam,news tom,news uma}'),
('school.notification', '{zia admin}', '{news zoe}'),

('school.ai_nudge', '{everything}', '{ann,bea,cyd,zoe}'),
(
    'school.ai_nudge', '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,mia mentor,dan director}', '{refused}'
),
('school.ai_nudge', '{lea analyst,abe admin,sid service}', '{ann,bea,cyd}'),
('school.ai_nudge', '{zia admin}', '{zoe}'),

('school.subscription', '{everything}', '{ann,bea,cyd,zoe}'),
('school.subscription', '{ann student,pam parent}', '{ann}'),
('school.subscription', '{tom parent}', '{bea}'),
('school.subscription', '{tom teacher,tia teacher,uma tutor,mia mentor,dan director}', '{refused}'),
('school.subscription', '{lea analyst,abe admin,sid service}', '{ann,bea,cyd}'),
('school.subscription', '{zia admin}', '{zoe}'),

('school.payment', '{everything}', '{ann Fall,bea Fall,cyd Spring,zoe Dawn}'),
('school.payment', '{ann student,pam parent}', '{ann Fall}'),
('school.payment', '{tom parent}', '{bea Fall}'),
('school.payment', '{dan director}', '{ann Fall,bea Fall}'),
('school.payment', '{tom teacher,tia teacher,uma tutor,mia mentor}', '{refused}'),
('school.payment', '{lea analyst,abe admin,sid service}', '{ann Fall,bea Fall,cyd Spring}'),
('school.payment', '{zia admin}', '{zoe Dawn}'),

('school.refund', '{everything}', '{Dawn,Fall,Fall,Spring}'),
('school.refund', '{ann student,pam parent,tom parent}', '{Fall}'),
('school.refund', '{cyd student,pip parent}', '{Spring}'),
('school.refund', '{dan director}', '{Fall,Fall}'),
('school.refund', '{tom teacher,tia teacher,uma tutor,mia mentor}', '{refused}'),
('school.refund', '{lea analyst,abe admin,sid service}', '{Fall,Fall,Spring}'),
('school.refund', '{zia admin}', '{Dawn}'),

-- what only functions read: whose dashboard is out of date, those of parents and staff, who stands where
(
    'board.dashboard_cache', '{everything}',
    '{pam parent,pip parent,tia teacher,tom parent,tom teacher,uli tutor,uma tutor,zac teacher,zed parent}'
),
('board.dashboard_update_queue', '{everything}', '{North,South}'),
('board.student_change', '{everything}', '{ann,bea,cyd,zoe}'),
('board.cohort_member_progress', '{everything}', '{ann Fall,bea Fall,cyd Spring,zoe Dawn}'),
(
    'board.alert_rule', '{everything}',
    '{below_readiness,below_readiness,loud,low_coverage,low_coverage,over_capacity,over_capacity,payments_overdue,payments_overdue,quiet,
    quiet,stalled_reviews,stalled_reviews}'
),
('board.alert_rule', '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,mia mentor}', '{refused}'),
('board.alert_rule', '{dan director}', '{below_readiness,low_coverage,over_capacity,payments_overdue,quiet,stalled_reviews}'),
(
    'board.alert_rule', '{lea analyst,abe admin,sid service}',
    '{below_readiness,loud,low_coverage,over_capacity,payments_overdue,quiet,stalled_reviews}'
),
('board.alert_rule', '{zia admin}', '{below_readiness,low_coverage,over_capacity,payments_overdue,quiet,stalled_reviews}'),
('board.alert', '{everything}', '{loud Spring,quiet Dawn,quiet Fall}'),
('board.alert', '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,mia mentor}', '{refused}'),
('board.alert', '{dan director}', '{quiet Fall}'),
('board.alert', '{lea analyst,abe admin,sid service}', '{loud Spring,quiet Fall}'),
('board.alert', '{zia admin}', '{quiet Dawn}'),
('board.alert_change', '{everything}', '{North,North,South}'),
('board.alert_change', '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,mia mentor}', '{refused}'),
('board.alert_change', '{dan director}', '{North}'),
('board.alert_change', '{lea analyst,abe admin,sid service}', '{North,North}'),
('board.alert_change', '{zia admin}', '{South}'),
('board.leaderboard', '{everything}', '{ann Fall,zoe Dawn}'),
('board.leaderboard_refresh', '{everything}', '{North,South}'),

-- not for students, who would see what their tier masks
('board.student_dashboard_cache', '{everything}', '{ann,bea,cyd,zoe}'),
(
    'board.student_dashboard_cache', '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,mia mentor,dan director}',
    '{refused}'
),
('board.student_dashboard_cache', '{lea analyst,abe admin,sid service}', '{ann,bea,cyd}'),
('board.student_dashboard_cache', '{zia admin}', '{zoe}'),

('board.student_course_performance', '{everything}', '{ann ALG,ann BIO,bea ALG,cyd BIO,zoe GEO}'),
('board.student_course_performance', '{ann student,pam parent,uma tutor}', '{ann ALG,ann BIO}'),
('board.student_course_performance', '{tom teacher}', '{ann ALG,bea ALG}'),
('board.student_course_performance', '{tom parent}', '{bea ALG}'),
('board.student_course_performance', '{tia teacher}', '{ann BIO,cyd BIO}'),
('board.student_course_performance', '{mia mentor,dan director}', '{refused}'),
('board.student_course_performance', '{lea analyst,abe admin,sid service}', '{ann ALG,ann BIO,bea ALG,cyd BIO}'),
('board.student_course_performance', '{zia admin}', '{zoe GEO}'),

-- not for teachers: the total spans courses that they do not teach
('board.student_performance', '{everything}', '{ann,bea,cyd,zoe}'),
('board.student_performance', '{ann student,pam parent,uma tutor}', '{ann}'),
('board.student_performance', '{tom parent}', '{bea}'),
('board.student_performance', '{tom teacher,tia teacher,mia mentor,dan director}', '{refused}'),
('board.student_performance', '{lea analyst,abe admin,sid service}', '{ann,bea,cyd}'),
('board.student_performance', '{zia admin}', '{zoe}'),

-- ann dropped BIO: what she did there is in no total
('board.course_rollup', '{everything}', '{ALG,BIO,GEO}'),
('board.course_rollup', '{tom teacher}', '{ALG}'),
('board.course_rollup', '{tia teacher}', '{BIO}'),
('board.course_rollup', '{ann student,pam parent,tom parent,uma tutor,mia mentor,dan director}', '{refused}'),
('board.course_rollup', '{lea analyst,abe admin,sid service}', '{ALG,BIO}'),
('board.course_rollup', '{zia admin}', '{GEO}'),

-- but the assignment's has it
('board.assignment_rollup', '{everything}', '{cells BIO,maps GEO,sets ALG}'),
('board.assignment_rollup', '{tom teacher}', '{sets ALG}'),
('board.assignment_rollup', '{tia teacher}', '{cells BIO}'),
('board.assignment_rollup', '{ann student,pam parent,tom parent,uma tutor,mia mentor,dan director}', '{refused}'),
('board.assignment_rollup', '{lea analyst,abe admin,sid service}', '{cells BIO,sets ALG}'),
('board.assignment_rollup', '{zia admin}', '{maps GEO}'),

('board.organization_rollup', '{everything}', '{North,South}'),
('board.organization_rollup', '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,mia mentor,dan director}', '{refused}'),
('board.organization_rollup', '{lea analyst,abe admin,sid service}', '{North}'),
('board.organization_rollup', '{zia admin}', '{South}'),

('board.work_delta', '{everything}', '{ALG,BIO,GEO}'),
('board.work_delta', '{tom teacher}', '{ALG}'),
('board.work_delta', '{tia teacher}', '{BIO}'),
('board.work_delta', '{ann student,pam parent,tom parent,uma tutor,mia mentor,dan director}', '{refused}'),
('board.work_delta', '{lea analyst,abe admin,sid service}', '{ALG,BIO}'),
('board.work_delta', '{zia admin}', '{GEO}'),

('board.course_total', '{everything}', '{ALG,BIO,GEO}'),
('board.course_total', '{tom teacher}', '{ALG}'),
('board.course_total', '{tia teacher}', '{BIO}'),
('board.course_total', '{ann student,pam parent,tom parent,uma tutor,mia mentor,dan director}', '{refused}'),
('board.course_total', '{lea analyst,abe admin,sid service}', '{ALG,BIO}'),
('board.course_total', '{zia admin}', '{GEO}'),

('board.assignment_total', '{everything}', '{cells BIO,maps GEO,sets ALG}'),
('board.assignment_total', '{tom teacher}', '{sets ALG}'),
('board.assignment_total', '{tia teacher}', '{cells BIO}'),
('board.assignment_total', '{ann student,pam parent,tom parent,uma tutor,mia mentor,dan director}', '{refused}'),
('board.assignment_total', '{lea analyst,abe admin,sid service}', '{cells BIO,sets ALG}'),
('board.assignment_total', '{zia admin}', '{maps GEO}'),

('board.organization_total', '{everything}', '{North,South}'),
('board.organization_total', '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,mia mentor,dan director}', '{refused}'),
('board.organization_total', '{lea analyst,abe admin,sid service}', '{North}'),
('board.organization_total', '{zia admin}', '{South}'),

('board.cohort_rollup', '{everything}', '{Dawn,Fall,Spring}'),
('board.cohort_rollup', '{dan director}', '{Fall}'),
('board.cohort_rollup', '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,mia mentor}', '{refused}'),
('board.cohort_rollup', '{lea analyst,abe admin,sid service}', '{Fall,Spring}'),
('board.cohort_rollup', '{zia admin}', '{Dawn}'),

('board.cohort_month_rollup', '{everything}', '{Dawn,Fall,Spring}'),
('board.cohort_month_rollup', '{dan director}', '{Fall}'),
('board.cohort_month_rollup', '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,mia mentor}', '{refused}'),
('board.cohort_month_rollup', '{lea analyst,abe admin,sid service}', '{Fall,Spring}'),
('board.cohort_month_rollup', '{zia admin}', '{Dawn}'),

('board.cohort_delta', '{everything}', '{Dawn,Fall,Spring}'),
('board.cohort_delta', '{dan director}', '{Fall}'),
('board.cohort_delta', '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,mia mentor}', '{refused}'),
('board.cohort_delta', '{lea analyst,abe admin,sid service}', '{Fall,Spring}'),
('board.cohort_delta', '{zia admin}', '{Dawn}'),

('board.cohort_total', '{everything}', '{Dawn,Fall,Spring}'),
('board.cohort_total', '{dan director}', '{Fall}'),
('board.cohort_total', '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,mia mentor}', '{refused}'),
('board.cohort_total', '{lea analyst,abe admin,sid service}', '{Fall,Spring}'),
('board.cohort_total', '{zia admin}', '{Dawn}'),

('board.cohort_month_total', '{everything}', '{Dawn,Dawn,Fall,Fall,Spring,Spring}'),
('board.cohort_month_total', '{dan director}', '{Fall,Fall}'),
('board.cohort_month_total', '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,mia mentor}', '{refused}'),
('board.cohort_month_total', '{lea analyst,abe admin,sid service}', '{Fall,Fall,Spring,Spring}'),
('board.cohort_month_total', '{zia admin}', '{Dawn,Dawn}'),

('ingest.rejected', '{everything}', '{pupils,staff}'),
(
    'ingest.rejected',
    '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,mia mentor,dan director,lea analyst}', '{refused}'
),
('ingest.rejected', '{abe admin,sid service}', '{pupils}'),
('ingest.rejected', '{zia admin}', '{staff}');

-- What each student has one of.
insert into expectation (relation, actors, sees)
select o.relation, e.actors, array(select format(o.label, n.name) from unnest(e.names) as n (name))
from (
    values
    ('school.portfolio_item'::regclass, 'essay %s'), ('school.habit', 'reading %s'), ('school.habit_log', '%s reading'),
    ('school.goal', 'degree %s'), ('school.point_award', '%s'), ('school.badge', 'star %s')
) as o (relation, label)
cross join (
    values
    ('{everything}'::text[], '{ann,bea,cyd,zoe}'::text[]),
    ('{ann student,pam parent,uma tutor,mia mentor}', '{ann}'),
    ('{tom parent}', '{bea}'),
    ('{lea analyst,abe admin,sid service}', '{ann,bea,cyd}'),
    ('{zia admin}', '{zoe}')
) as e (actors, names);
insert into expectation (relation, actors, sees)
select r.relation::regclass, '{tom teacher,tia teacher,dan director}', '{refused}'
from unnest(array[
    'school.portfolio_item', 'school.habit', 'school.habit_log', 'school.goal', 'school.point_award', 'school.badge'
]) as r (relation);
insert into expectation (relation, actors, sees)
select
    r.relation::regclass,
    '{ann student,pam parent,tom teacher,tom parent,tia teacher,uma tutor,mia mentor,dan director,lea analyst,abe admin,sid service,
    zia admin}',
    '{refused}'
from unnest(array[
    'board.dashboard_cache', 'board.dashboard_update_queue', 'board.leaderboard', 'board.leaderboard_refresh',
    'board.student_change', 'board.cohort_member_progress'
]) as r (relation);

select is(tests.reads(nullif(a.actor, 'everything'), e.relation), e.sees, format('%s: %s', e.relation, a.actor))
from expectation as e
cross join unnest(e.actors) as a (actor)
order by e.relation::text, a.actor;

-- The matrix has no hole: a new table belongs into it.
select is_empty(
    $$
    select t.relation, r.role
    from tests.tables('school', 'board', 'ingest') as t
    cross join unnest(array[
        'everything', 'student', 'parent', 'teacher', 'tutor', 'mentor', 'director', 'analyst', 'admin', 'service'
    ]) as r (role)
    except
    select e.relation, split_part(' ' || a.actor, ' ', -1)
    from expectation as e
    cross join unnest(e.actors) as a (actor)
    $$,
    'every table is read by every role in this file'
);

-- What no role reads: partitions and staging tables, which have no policies of their own, and what only functions read.
select is(tests.reads(a.actor, t.relation), '{refused}', format('%s: %s', t.relation, a.actor))
from (
    select c.oid::regclass as relation
    from pg_class as c
    where c.relkind = 'r' and (
        (c.relnamespace in ('school'::regnamespace, 'feed'::regnamespace) and c.relispartition)
        or (c.relnamespace = 'ingest'::regnamespace and c.relpersistence = 'u')
    )
    union all
    select u.relation from tests.tables('auth', 'feed', 'ops') as u
) as t
cross join unnest(array[
    'ann student', 'pam parent', 'tom teacher', 'uma tutor', 'mia mentor', 'dan director', 'lea analyst', 'abe admin',
    'sid service'
]) as a (actor)
order by t.relation::text, a.actor;

select finish();
rollback;
