create or replace function ops.seed_course_plan(school_name text, first_class integer, last_class integer) returns table (
    class integer, subject integer, title text, course_id uuid
)
language sql immutable parallel safe security invoker rows 250
set search_path = ''
as $$
    select c, s.n::integer, s.title, md5(school_name || '/course/' || s.n || '/' || c)::uuid
    from generate_series(first_class, last_class) as c
    cross join unnest(
        '{Mathematics,Biology,History,Chemistry,Literature,Physics,Geography,Computing}'::text[]
    ) with ordinality as s (title, n)
$$;
comment on function ops.seed_course_plan(text, integer, integer) is
'The courses of some classes of a synthetic school: every class takes every subject.';
revoke all on function ops.seed_course_plan(text, integer, integer) from public;
