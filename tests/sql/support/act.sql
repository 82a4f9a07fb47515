-- Being somebody else. An actor is 'ann student': a person of tests.build_world() by name, and the role taken.

create function tests.claims(actor text) returns jsonb
language plpgsql
as $$
declare
    claims jsonb;
begin
    select jsonb_build_object('sub', p.id, 'org', p.org_id, 'role', r.role)
    into strict claims
    from school.person as p
    join school.person_role as r on r.org_id = p.org_id and r.person_id = p.id
    where p.name = split_part(actor, ' ', 1) and r.role = split_part(actor, ' ', 2);

    return claims;
end
$$;
comment on function tests.claims(text) is 'What the actor''s token says.';

create function tests.enter(claims jsonb) returns void
language sql
as $$
    select
        set_config('request.jwt.claims', claims::text, true),
        set_config('session_authorization', 'homeroom_api', true),
        set_config('role', 'homeroom_' || (claims ->> 'role'), true)
$$;
comment on function tests.enter(jsonb) is
'For the rest of the (sub)transaction the session is the API''s login with these claims, in their role.';

create function tests.rows_of(statement text, actor text default null, preparation text default 'select') returns jsonb[]
language plpgsql
as $$
declare
    -- Looked up first: the preparation may well take the actor's own row away.
    claims constant jsonb := case when actor is not null then tests.claims(actor) end;
    found jsonb[];
begin
    begin
        execute preparation;
        if actor is not null then
            perform tests.enter(claims);
        end if;
        execute format('with t as (%s) select array_agg(to_jsonb(t)) from t', statement) into found;
        raise 'taken back' using errcode = 'TEST0';
    exception
        when sqlstate 'TEST0' then
            return found;
        when insufficient_privilege then
            return array['"refused"'::jsonb];
    end;
end
$$;
comment on function tests.rows_of(text, text, text) is
'What a statement returns to the actor (to the superuser, where null) after the superuser''s preparation. Everything is taken
back: the session is itself again, and what was written is gone. ["refused"] where the actor lacks the privilege.';

create function tests.labels(found jsonb[]) returns text[]
language sql
as $$
    with known as (
        select p.id, p.name from school.person as p
        union all
        select c.id, c.title from school.course as c
        union all
        select a.id, a.title from school.assignment as a
        union all
        select q.id, q.title from school.quiz as q
    ),
    label as (
        select string_agg(coalesce(k.name, f.row ->> c.name), ' ' order by c.place) as text
        from unnest(found) with ordinality as f (row, number)
        cross join unnest(array[
            'name', 'title', 'parent_id', 'tutor_id', 'teacher_id', 'person_id', 'student_id', 'assignment_id',
            'quiz_id', 'course_id', 'role'
        ]) with ordinality as c (name, place)
        left join known as k on k.id::text = f.row ->> c.name
        where f.row ->> c.name is not null
        group by f.number
    )
    select case
        when found = array['"refused"'::jsonb] then array['refused']
        else coalesce(array_agg(l.text order by l.text collate "C"), '{}')
    end
    from label as l
$$;
comment on function tests.labels(jsonb[]) is
'Rows as people read them, sorted: a submission is ''ann sets ALG'', a role ''ann student'', a person ''ann''.';

create function tests.reads(actor text, relation regclass) returns text[]
language sql
as $$
    select tests.labels(tests.rows_of(format('select * from %s', relation), actor))
$$;
comment on function tests.reads(text, regclass) is 'Which rows of a table the actor sees.';

create function tests.updates(actor text, relation regclass, change text default 'org_id = org_id') returns text[]
language sql
as $$
    select tests.labels(tests.rows_of(format('update %s set %s returning *', relation, change), actor))
$$;
comment on function tests.updates(text, regclass, text) is 'Which rows of a table the actor can update. Taken back.';

create function tests.deletes(actor text, relation regclass) returns text[]
language sql
as $$
    select tests.labels(tests.rows_of(format('delete from %s returning *', relation), actor))
$$;
comment on function tests.deletes(text, regclass) is 'Which rows of a table the actor can delete. Taken back.';

create function tests.inserts(actor text, relation regclass) returns text[]
language sql
as $$
    select tests.labels(array_agg(f.attempt[1]) filter (where f.attempt <> array['"refused"'::jsonb]))
    from (
        select tests.rows_of(
            format(
                'insert into %1$s overriding system value select * from jsonb_populate_record(null::%1$s, %2$L) returning *',
                relation, row
            ),
            actor,
            format('delete from %1$s as t where to_jsonb(t) = %2$L', relation, row)
        ) as attempt
        from unnest(tests.rows_of(format('select * from %s', relation))) as row
    ) as f
$$;
comment on function tests.inserts(text, regclass) is
'Which of a table''s rows the actor could have inserted: each is deleted by the superuser, inserted by the actor and taken back.';
