-- depends: 0027_edge

-- Sessions of browsers, which show a cookie in place of a token.

create table auth.session (
    org_id bigint not null,
    id bytea not null,
    person_id uuid not null,
    role text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    constraint session_pkey primary key (org_id, id),
    constraint session_person_fkey foreign key (org_id, person_id) references school.person (org_id, id) on delete cascade,
    constraint session_id_is_a_digest check (octet_length(id) = 32),
    constraint session_role_is_known check (
        role in ('student', 'parent', 'teacher', 'tutor', 'mentor', 'director', 'analyst', 'admin', 'service')
    )
);
comment on table auth.session is
'Who has begun a session with a token, and shows its cookie since. Logged: there are few writes, and nobody is shut out by a crash or a failover. Rows
end with the token, or before, by DELETE /api/v1/session; deleting one here ends the session, too.';
comment on column auth.session.id is 'SHA-256 of the cookie''s random part, which nobody but the browser has.';
comment on column auth.session.role is 'The role taken, that of the token.';
comment on column auth.session.expires_at is 'When the token expires.';
create index session_person_idx on auth.session (org_id, person_id, created_at);
create index session_expires_at_idx on auth.session (expires_at);
alter table auth.session enable row level security;
alter table auth.session force row level security;
