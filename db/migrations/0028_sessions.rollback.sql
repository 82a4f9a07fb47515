drop table auth.session;
