create or replace function ops.seed_track_plan(school_name text) returns table (
    track integer, track_id uuid, name text, program_id uuid, competencies text[]
)
language sql immutable parallel safe security invoker rows 3
set search_path = ''
as $$
    select t.track, ops.seed_id(school_name, 'track', t.track), t.name, ops.seed_id(school_name, 'program', t.program), t.competencies
    from (
        values
        (1, 'Data analysis', 1, '{SQL,Statistics,Python,Data cleaning,Visualization,Communication}'::text[]),
        (2, 'Web development', 1, '{HTML and CSS,JavaScript,Databases,Testing,Deployment,Communication}'),
        (3, 'Product design', 2, '{User research,Prototyping,Visual design,Accessibility,Analytics,Communication}')
    ) as t (track, name, program, competencies)
$$;
comment on function ops.seed_track_plan(text) is 'The tracks of a synthetic school, with what their students have to be able to do.';
revoke all on function ops.seed_track_plan(text) from public;
