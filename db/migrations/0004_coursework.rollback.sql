drop table school.quiz_attempt;
drop table school.quiz;
drop table school.submission;
drop table school.assignment;
