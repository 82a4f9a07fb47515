-- The rooms of the house. What each is for stands in its comment, which is what an analyst reads with \dn+.

create schema auth;
comment on schema auth is 'Who is asking: the caller''s organization, person, role and scope. Everybody may execute, nobody may read.';

create schema school;
comment on schema school is 'The facts: people, courses, coursework, interactions. Row-level security decides who sees which row.';

create schema board;
comment on schema board is 'What is derived from the facts and kept exact by triggers. Only functions write here.';

create schema api;
comment on schema api is 'One function per REST endpoint; all that the API''s login may call as itself.';

create schema ops;
comment on schema ops is 'Running the system: what release is deployed, catalog rules, upkeep.';

create table ops.release (
    singleton boolean not null default true,
    digest text not null,
    migration text not null,
    released_at timestamptz not null default now(),
    constraint release_pkey primary key (singleton),
    constraint release_is_one_row check (singleton)
);
comment on table ops.release is 'The one row that says which code and which last migration this database runs.';
comment on column ops.release.digest is 'SHA-256 over all migrations and code files, in the order in which they are applied.';
comment on column ops.release.migration is 'Name of the newest applied migration.';
comment on column ops.release.released_at is 'When the digest last changed.';
alter table ops.release enable row level security;
alter table ops.release force row level security;
