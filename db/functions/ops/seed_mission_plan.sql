create or replace function ops.seed_mission_plan(school_name text, today date) returns table (
    track integer, mission integer, mission_id uuid, track_id uuid, title text, est_hours numeric, due_on date, status text
)
language sql immutable parallel safe security invoker rows 30
set search_path = ''
as $$
    -- Every second week one of each track is due, from nine weeks ago to seven ahead.
    select
        t.track, m.n::integer, md5(t.track_id::text || '/mission/' || m.n)::uuid, t.track_id, t.name || ': ' || m.title,
        2 + (m.n * 3 + t.track) % 10, today - 77 + 14 * m.n::integer,
        case m.n when 1 then 'closed' when 9 then 'draft' else 'published' end
    from ops.seed_track_plan(school_name) as t
    cross join unnest(
        '{first steps,a small project,work in pairs,find the error,ask three users,present it,a larger project,review a peer,final project}'
        ::text[]
    ) with ordinality as m (title, n)
    union all
    select
        null, m.mission, ops.seed_id(school_name, 'mission', m.mission), null, m.title, m.est_hours, today + m.due_in, 'published'
    from (
        values (10, 'Introduce yourself', 1, -56), (11, 'Tell us what you want to learn', 0.5, null), (12, 'Mock interview', 3, 14)
    ) as m (mission, title, est_hours, due_in)
$$;
comment on function ops.seed_mission_plan(text, date) is
'The missions of a synthetic school, numbered within each track; without a track those for everybody.';
revoke all on function ops.seed_mission_plan(text, date) from public;
