drop table school.enrollment;
drop table school.course_teacher;
drop table school.course;
