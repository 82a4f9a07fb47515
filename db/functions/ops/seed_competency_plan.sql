create or replace function ops.seed_competency_plan(school_name text) returns table (
    track integer, competency integer, competency_id uuid, track_id uuid, name text, required_level numeric
)
language sql immutable parallel safe security invoker rows 18
set search_path = ''
as $$
    select
        t.track, c.n::integer, md5(t.track_id::text || '/competency/' || c.n)::uuid, t.track_id, c.name,
        60 + 5 * ((c.n + t.track) % 5)
    from ops.seed_track_plan(school_name) as t
    cross join unnest(t.competencies) with ordinality as c (name, n)
$$;
comment on function ops.seed_competency_plan(text) is 'The competencies of the tracks of a synthetic school.';
revoke all on function ops.seed_competency_plan(text) from public;
