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
        union all
        select c.id, c.name from school.cohort as c
        union all
        select s.id, s.title from school.mentor_session as s
        union all
        select c.id, c.name from school.competency as c
        union all
        select m.id, m.title from school.mission as m
        union all
        select h.id, h.title from school.habit as h
    ),
    label as (
        select
            coalesce(
                string_agg(coalesce(k.name, f.row ->> c.name), ' ' order by c.place),
                (select o.name from school.organization as o where o.org_id = (f.row ->> 'org_id')::bigint)
            ) as text
        from unnest(found) with ordinality as f (row, number)
        left join unnest(array[
            'name', 'title', 'parent_id', 'tutor_id', 'teacher_id', 'mentor_id', 'person_id', 'student_id', 'assignment_id',
            'quiz_id', 'session_id', 'competency_id', 'mission_id', 'habit_id', 'course_id', 'cohort_id', 'role', 'entity'
        ]) with ordinality as c (name, place) on f.row ->> c.name is not null
        left join known as k on k.id::text = f.row ->> c.name
        group by f.number, f.row
    )
    select case
        when found = array['"refused"'::jsonb] then array['refused']
        else coalesce(array_agg(l.text order by l.text collate "C"), '{}')
    end
    from label as l
$$;
comment on function tests.labels(jsonb[]) is
'Rows as people read them, sorted: a submission is ''ann sets ALG'', a role ''ann student'', a person ''ann''; a row that names nothing of
all that is its organization, ''North''.';

create function tests.readable(actor text, relation regclass) returns text
language sql
as $$
    select coalesce(string_agg(quote_ident(a.attname), ', ' order by a.attnum), '*')
    from pg_attribute as a
    where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
        and has_column_privilege(coalesce('homeroom_' || split_part(actor, ' ', 2), current_user), relation, a.attnum, 'select')
$$;
comment on function tests.readable(text, regclass) is
'The columns of a table that the actor may read, to be selected; * where there is none, which then is refused.';

create function tests.reads(actor text, relation regclass) returns text[]
language sql
as $$
    select tests.labels(tests.rows_of(format('select %s from %s', tests.readable(actor, relation), relation), actor))
$$;
comment on function tests.reads(text, regclass) is
'Which rows of a table the actor sees, by the columns that the actor may read.';

create function tests.writes(actor text, statement text) returns text
language sql
as $$
    select case
        when f.found = array['"refused"'::jsonb] then 'refused'
        else format('%s rows', coalesce(cardinality(f.found), 0))
    end
    from (select tests.rows_of(statement || ' returning true as done', actor)) as f (found)
$$;
comment on function tests.writes(text, text) is
'How many rows the actor''s insert, update or delete writes: ''2 rows'', or ''refused''. Taken back. Let it read no column of the
table, in `where` or elsewhere, or PostgreSQL asks the policies for select too and those for writing are not seen.';

create function tests.stored_columns(relation regclass) returns text
language sql
as $$
    select string_agg(quote_ident(attname), ', ' order by attnum)
    from pg_attribute
    where attrelid = relation and attnum > 0 and not attisdropped and attgenerated = ''
$$;
comment on function tests.stored_columns(regclass) is 'The columns of a table that an insert may name.';

create function tests.inserts(actor text, relation regclass) returns text[]
language sql
as $$
    select tests.labels(array_agg(f.row))
    from (
        select
            row,
            tests.rows_of(
                format(
                    'insert into %1$s (%3$s) overriding system value select %3$s from jsonb_populate_record(null::%1$s, %2$L) '
                    'returning true as done',
                    relation, row, tests.stored_columns(relation)
                ),
                actor,
                format('delete from %1$s as t where to_jsonb(t) = %2$L', relation, row)
            ) as attempt
        from unnest(tests.rows_of(format('select * from %s', relation))) as row
    ) as f
    where f.attempt <> array['"refused"'::jsonb]
$$;
comment on function tests.inserts(text, regclass) is
'Which of a table''s rows the actor could have inserted: each is deleted by the superuser, inserted by the actor and taken back.';
