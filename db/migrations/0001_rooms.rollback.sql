drop table ops.release;
drop schema ops;
drop schema api;
drop schema board;
drop schema school;
drop schema auth;
