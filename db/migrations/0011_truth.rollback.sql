drop table ops.recalculation;
drop table ops.backfill;
drop table ops.mending;
drop table ops.aggregate_check;
drop table ops.setting;
