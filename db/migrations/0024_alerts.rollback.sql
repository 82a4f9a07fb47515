drop table board.alert_change;
drop table board.alert;
drop table board.alert_rule;
