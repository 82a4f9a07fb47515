alter table ops.setting no force row level security;
delete from ops.setting where name = 'feed_days';
alter table ops.setting force row level security;
drop table feed.dropped;
drop table feed.epoch;
drop table feed.event;
drop schema feed;
