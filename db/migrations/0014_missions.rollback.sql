drop table school.portfolio_item;
drop table school.mission_attempt;
drop table school.mission;
