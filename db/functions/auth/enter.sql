-- Invoker's rights: a definer function may not set the role. No `set` clause for the same reason.
create or replace function auth.enter(claims jsonb, variadic roles text[]) returns void
language plpgsql volatile parallel unsafe security invoker
as $$
declare
    role constant text := claims ->> 'role';
begin
    if role = any (roles) then
        perform auth.admit((claims ->> 'org')::bigint, (claims ->> 'sub')::uuid, role);
        if claims ? 'session' then
            perform auth.admit_session((claims ->> 'org')::bigint, (claims ->> 'sub')::uuid, claims ->> 'session');
        end if;
        perform
            pg_catalog.set_config('role', 'homeroom_' || role, true),
            pg_catalog.set_config('request.jwt.claims', claims::text, true);
    else
        raise 'this is for the role %; the token''s is %', array_to_string(roles, ' or '), role using errcode = 'HR403';
    end if;
end
$$;
comment on function auth.enter(jsonb, text[]) is
'First statement of every api function. claims: {"sub": uuid, "org": bigint, "role": text} from a token that the API has
verified, and "session" where a cookie stands for it; roles: who may use the endpoint. For the rest of the transaction the session is that person in that role.
Raises HR403 for another role or one that the person does not hold, HR401 for an unknown or inactive person and for a session that has ended.';
revoke all on function auth.enter(jsonb, text[]) from public;
grant execute on function auth.enter(jsonb, text[]) to homeroom_api;
