-- An organization of directors, programs, tracks and cohorts, as bench.director gives their numbers; ids are md5 of names.
insert into school.organization (org_id, name) values (1, 'Bench');
insert into school.person (org_id, id, name)
select 1, md5(k.kind || n)::uuid, k.kind || ' ' || n
from (
    values ('student', %(members)s * %(cohorts)s), ('director', %(directors)s), ('mentor', %(cohorts)s / 4), ('admin', 1)
) as k (kind, people)
cross join lateral generate_series(0, k.people - 1) as n;
insert into school.person_role (org_id, person_id, role)
select org_id, id, split_part(name, ' ', 1) from school.person;
insert into school.program (org_id, id, name)
select 1, md5('program' || n)::uuid, 'Program ' || n from generate_series(0, %(programs)s - 1) as n;
insert into school.track (org_id, id, program_id, name, director_id)
select 1, md5('track' || n)::uuid, md5('program' || n %% %(programs)s)::uuid, 'Track ' || n, md5('director' || n %% %(directors)s)::uuid
from generate_series(0, %(tracks)s - 1) as n;
insert into school.competency (org_id, id, track_id, name, required_level)
select 1, md5('competency' || n || '/' || k)::uuid, md5('track' || n)::uuid, 'Competency ' || k, 70
from generate_series(0, %(tracks)s - 1) as n cross join generate_series(1, 5) as k;
insert into school.mission (org_id, id, track_id, title)
select 1, md5('mission' || n || '/' || k)::uuid, md5('track' || n)::uuid, 'Mission ' || k
from generate_series(0, %(tracks)s - 1) as n cross join generate_series(1, 8) as k;
insert into school.cohort (org_id, id, track_id, name, starts_on, ends_on, status, seats_paid, seats_scholarship)
select
    1, md5('cohort' || n)::uuid, md5('track' || n %% %(tracks)s)::uuid, 'Cohort ' || n, current_date - 60, current_date + 100, 'active',
    %(members)s, 5
from generate_series(0, %(cohorts)s - 1) as n;
insert into school.cohort_mentor (org_id, cohort_id, mentor_id)
select 1, md5('cohort' || n)::uuid, md5('mentor' || n / 4 %% greatest(%(cohorts)s / 4, 1))::uuid
from generate_series(0, %(cohorts)s - 1) as n where %(cohorts)s >= 4;
insert into school.mentor_session (org_id, cohort_id, title, starts_at, ends_at, status)
select 1, md5('cohort' || n)::uuid, 'Session', now() - k * interval '7 days', now() - k * interval '7 days' + interval '1 hour',
    case k %% 5 when 0 then 'missed' else 'held' end
from generate_series(0, %(cohorts)s - 1) as n cross join generate_series(1, 8) as k;
insert into school.milestone (org_id, cohort_id, title, due_at)
select 1, md5('cohort' || n)::uuid, 'Milestone ' || k, now() + k * interval '20 days'
from generate_series(0, %(cohorts)s - 1) as n cross join generate_series(1, 3) as k;
