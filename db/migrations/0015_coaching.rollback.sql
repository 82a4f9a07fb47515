drop table school.badge;
drop table school.point_award;
drop table school.goal;
drop table school.habit_log;
drop table school.habit;
