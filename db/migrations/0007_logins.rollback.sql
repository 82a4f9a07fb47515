drop table auth.db_login;
