drop table school.interaction;
