create or replace function auth.begin_session(session text, expires double precision, before text) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    -- A browser each; who begins more has lost the oldest.
    most constant integer := 20;
    caller constant jsonb := auth.claims();
    org constant bigint := (caller ->> 'org')::bigint;
    person constant uuid := (caller ->> 'sub')::uuid;
begin
    -- Who comes by SQL has shown no token, and would be there by cookie when that login is gone.
    if session_user <> 'homeroom_api' or caller is null or caller ? 'session' then
        raise 'a session begins with a token' using errcode = 'HR401';
    end if;
    -- One after the other, or each would find room for itself.
    perform from school.person as p where p.org_id = org and p.id = person for no key update;
    delete from auth.session as s
    where s.org_id = org
        and (
            s.id = decode(before, 'hex')
            or s.id in (
                select o.id
                from auth.session as o
                where o.org_id = org and o.person_id = person
                order by o.created_at desc, o.id
                offset most - 1
            )
        );
    insert into auth.session (org_id, id, person_id, role, expires_at)
    values (org, decode(session, 'hex'), person, caller ->> 'role', to_timestamp(expires));
end
$$;
comment on function auth.begin_session(text, double precision, text) is
'Begins a session of the caller, in the role taken. session: SHA-256 of the cookie''s random part, hexadecimal; expires: when it ends, in
seconds since 1970; before: as session, the one of whose cookie the new one takes the place: it ends; null: none. Of 20 sessions that a
person has already, the oldest ends. Raises HR401 for who shows no token: a session''s cookie, and everybody who has not come by the API''s login.';
revoke all on function auth.begin_session(text, double precision, text) from public;
grant execute on function auth.begin_session(text, double precision, text) to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director,
    homeroom_analyst, homeroom_admin, homeroom_service;
