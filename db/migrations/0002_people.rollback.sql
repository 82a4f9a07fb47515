drop table school.tutor_student;
drop table school.guardian;
drop table school.person_role;
drop table school.person;
drop table school.organization;
