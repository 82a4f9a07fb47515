-- One of each change to what scopes read, of rows of tests.build_world(), with an empty line between. Undone after each.

insert into school.guardian (org_id, parent_id, student_id)
select p.org_id, p.id, tests.person('bea')
from school.person as p where p.name = 'pam';

update school.guardian set student_id = tests.person('cyd') where parent_id = tests.person('pam');

update school.guardian set parent_id = tests.person('tom') where parent_id = tests.person('pam');

delete from school.guardian;

insert into school.tutor_student (org_id, tutor_id, student_id)
select p.org_id, p.id, tests.person('bea')
from school.person as p where p.name = 'uma';

update school.tutor_student set tutor_id = tests.person('uli') where tutor_id = tests.person('uma');

delete from school.tutor_student;

insert into school.course_teacher (org_id, course_id, teacher_id)
select p.org_id, tests.course('BIO'), p.id
from school.person as p where p.name = 'tom';

update school.course_teacher set teacher_id = tests.person('tia') where teacher_id = tests.person('tom');

delete from school.course_teacher;

insert into school.enrollment (org_id, student_id, course_id)
select p.org_id, p.id, tests.course('ALG')
from school.person as p where p.name = 'cyd';

update school.enrollment set status = 'dropped' where status = 'active';

update school.enrollment set status = 'active' where status = 'dropped';

update school.enrollment set course_id = tests.course('BIO') where student_id = tests.person('bea');

update school.enrollment set student_id = tests.person('cyd') where student_id = tests.person('bea');

delete from school.enrollment;

insert into school.cohort_member (org_id, cohort_id, student_id, status)
select m.org_id, c.id, m.student_id, 'active' from school.cohort_member as m join school.cohort as c on c.org_id = m.org_id and c.name = 'Fall' where m.student_id = tests.person('cyd');

update school.cohort_member set status = 'withdrawn';

update school.cohort_member set status = 'active' where status = 'withdrawn';

update school.cohort_member set student_id = tests.person('cyd') where student_id = tests.person('ann');

delete from school.cohort_member;

insert into school.cohort_mentor (org_id, cohort_id, mentor_id)
select c.org_id, c.id, tests.person('mia') from school.cohort as c where c.name = 'Spring';

update school.cohort_mentor set mentor_id = tests.person('mia') where mentor_id = tests.person('uli');

delete from school.cohort_mentor;

insert into school.track (org_id, program_id, name, director_id)
select t.org_id, t.program_id, 'new', tests.person('dan') from school.track as t where t.name = 'Web';

update school.track set director_id = tests.person('dan') where name = 'Web';

update school.track set director_id = null;

delete from school.mission; delete from school.cohort; delete from school.track where name in ('Data', 'Ops');

insert into school.cohort (org_id, track_id, name, starts_on, ends_on)
select t.org_id, t.id, 'new', '2024-01-01', '2024-02-01' from school.track as t where t.name = 'Data';

update school.cohort set track_id = (select t.id from school.track as t where t.name = 'Web') where name = 'Fall';

update school.cohort set track_id = (select t.id from school.track as t where t.name = 'Data') where name = 'Spring';

delete from school.cohort;

delete from school.course;

update school.person set is_active = false;

update school.person set is_active = not is_active where name in ('ann', 'tom');

delete from school.person where name in ('ann', 'pam', 'mia');

insert into school.person_role (org_id, person_id, role)
select p.org_id, p.id, 'teacher'
from school.person as p where p.name = 'ann';

update school.person_role set role = 'mentor' where role = 'teacher';

delete from school.person_role;

delete from school.program where name = 'Gap';
