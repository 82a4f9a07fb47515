-- depends: 0002_people

create table auth.db_login (
    login name not null,
    org_id bigint not null,
    person_id uuid not null,
    role text not null,
    constraint db_login_pkey primary key (login),
    -- The login ends with the role: no analyst keeps access because somebody forgot to drop a login.
    constraint db_login_person_role_fkey foreign key (org_id, person_id, role)
        references school.person_role (org_id, person_id, role) on delete cascade,
    constraint db_login_role_reads_sql check (role in ('analyst', 'admin'))
);
comment on table auth.db_login is 'Which person stands behind a PostgreSQL login. Logins without a row here see nothing; settings that a session makes for itself are never believed.';
comment on column auth.db_login.login is 'Name of the login role, as session_user gives it.';
create index db_login_person_role_idx on auth.db_login (org_id, person_id, role);
alter table auth.db_login enable row level security;
alter table auth.db_login force row level security;
