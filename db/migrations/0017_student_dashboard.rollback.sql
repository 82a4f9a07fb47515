alter table school.submission drop column url;
drop table ops.action_receipt;
drop table ops.tier_mask;
drop table board.leaderboard_refresh;
drop table board.leaderboard;
drop table board.dashboard_update_queue;
drop type board.priority;
drop table board.student_dashboard_cache;
