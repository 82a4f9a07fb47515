create or replace function auth.admit_session(org_id bigint, person_id uuid, session text) returns void
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    if not exists (
        select
        from auth.session as s
        where s.org_id = admit_session.org_id and s.id = decode(session, 'hex') and s.person_id = admit_session.person_id
            and s.expires_at > now()
    ) then
        raise 'the session has ended' using errcode = 'HR401';
    end if;
end
$$;
comment on function auth.admit_session(bigint, uuid, text) is
'Raises HR401 unless the session (the claim of that name, hexadecimal) still is, and is this person''s. Asked at every request that shows a cookie, so that
who has left is out at once, whatever a process of the API remembers.';
revoke all on function auth.admit_session(bigint, uuid, text) from public;
grant execute on function auth.admit_session(bigint, uuid, text) to homeroom_api;
