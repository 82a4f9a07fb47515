drop table ops.process;
drop table ops.rate_limit;
