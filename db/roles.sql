-- Cluster roles. Idempotent, run by `homeroom migrate` before anything else, because roles live outside the database
-- and outside yoyo's bookkeeping. None of them is superuser, none bypasses row-level security: Homeroom runs on
-- managed PostgreSQL, which hands out neither.
do $$
declare
    group_role text;
begin
    -- The owner of every object and nobody's login. Its definer functions see all rows by a policy of its own.
    if to_regrole('homeroom_owner') is null then
        create role homeroom_owner nologin noinherit;
        comment on role homeroom_owner is 'Owns every object of Homeroom; nobody logs in as it.';
    end if;

    -- The API's login: owns nothing, inherits nothing; each request enters one of the group roles for its transaction.
    if to_regrole('homeroom_api') is null then
        create role homeroom_api login noinherit;
        comment on role homeroom_api is 'Login of the API; the only session whose request.jwt.claims are believed.';
    end if;

    foreach group_role in array array[
        'student', 'parent', 'teacher', 'tutor', 'mentor', 'director', 'analyst', 'admin', 'service'
    ] loop
        if to_regrole('homeroom_' || group_role) is null then
            execute format('create role %I nologin', 'homeroom_' || group_role);
            execute format('comment on role %I is %L', 'homeroom_' || group_role,
                           format('What a person acting as %s may do in Homeroom.', group_role));
        end if;
        if not pg_has_role('homeroom_api', 'homeroom_' || group_role, 'member') then
            execute format('grant %I to homeroom_api', 'homeroom_' || group_role);
        end if;
    end loop;

    -- Whoever migrates works as the owner. Creating the role is not enough for that: since 16 it confers the right to
    -- grant the role, to oneself too, but not to take it on.
    begin
        set local role homeroom_owner;
        set local role none;
    exception when insufficient_privilege then
        execute format('grant homeroom_owner to %I', current_user);
    end;

    -- Nobody who only reads may leave objects behind: not in `public` (open to all in databases made before 15), not
    -- temporary ones. A function with a familiar name could be called by somebody with more rights.
    if to_regnamespace('public') is not null and has_schema_privilege('public', 'public', 'create') then
        revoke create on schema public from public;
    end if;
    execute format('revoke create, temporary on database %I from public', current_database());
    execute format('grant create, temporary on database %I to homeroom_owner', current_database());
end
$$;
