drop table ops.job_run;
