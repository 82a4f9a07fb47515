drop table school.readiness_score;
drop table school.competency_score;
drop table school.competency;
