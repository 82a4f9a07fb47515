create or replace function board.cohort_items(org bigint, cohorts uuid[]) returns table (cohort_id uuid, item json)
language plpgsql stable parallel restricted security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
    most constant integer := 3;
begin
    return query
    with milestone as (
        select
            c.id as cohort_id,
            json_agg(json_build_object('id', m.id, 'title', m.title, 'due_at', board.utc(m.due_at)) order by m.due_at, m.id) as said
        from unnest(cohorts) as c (id)
        cross join lateral (
            select m.id, m.title, m.due_at
            from school.milestone as m
            where m.org_id = org and m.cohort_id = c.id and m.due_at > now()
            order by m.due_at, m.id
            limit most
        ) as m
        group by c.id
    )
    select
        s.cohort_id,
        json_build_object(
            'id', s.cohort_id, 'name', s.name,
            'program', json_build_object('id', s.program_id, 'name', s.program_name),
            'track', json_build_object('id', s.track_id, 'name', s.track_name),
            'starts_on', s.starts_on, 'ends_on', s.ends_on, 'mode', s.mode, 'status', s.status,
            'seats', json_build_object(
                'total', s.seats_total, 'used', s.seats_used, 'utilization', s.seat_utilization,
                'paid', json_build_object('total', s.seats_paid, 'used', s.used_paid),
                'scholarship', json_build_object('total', s.seats_scholarship, 'used', s.used_scholarship),
                'sponsored', json_build_object('total', s.seats_sponsored, 'used', s.used_sponsored)
            ),
            'readiness', s.readiness, 'completion_rate', s.completion_rate, 'portfolio_health', s.portfolio_health,
            'mentor_coverage', s.mentor_coverage, 'session_completion', s.session_completion,
            'upcoming_milestones', coalesce(m.said, '[]'),
            'flags', to_json(coalesce(f.flags, '{}'))
        )
    from board.cohort_states(org, cohorts) as s
    left join milestone as m on m.cohort_id = s.cohort_id
    left join board.cohort_flags(org, cohorts) as f on f.cohort_id = s.cohort_id;
end
$$;
comment on function board.cohort_items(bigint, uuid[]) is
'Cohorts as a director''s list shows them, and as a cohort''s own page begins: {"id", "name", "program", "track": {"id", "name"}, "starts_on", "ends_on",
"mode", "status", "seats": {"total", "used", "utilization" (per cent), "paid", "scholarship", "sponsored": {"total", "used"}}, "readiness",
"completion_rate", "portfolio_health", "mentor_coverage", "session_completion" (per cent, null where there is nothing to measure),
"upcoming_milestones": the next three [{"id", "title", "due_at"}], "flags": the names of the alert rules that its numbers break}. As of now, from
board.cohort_states.';
revoke all on function board.cohort_items(bigint, uuid[]) from public;
