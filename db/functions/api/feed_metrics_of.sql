create or replace function api.feed_metrics_of(scopes jsonb) returns json
language plpgsql stable parallel unsafe security definer
set search_path = ''
as $$
begin
    return (
        select coalesce(json_agg(json_build_object(
            'scope', json_build_object('org', g.org, 'role', g.role, 'person', m.person_id),
            'metrics', json_build_object(
                'pending_submissions', m.pending_submissions,
                'ungraded_submissions', m.ungraded_submissions,
                'active_students', m.active_students,
                'total_assignments', m.total_assignments,
                'timestamp', board.utc(clock_timestamp())
            )
        )), '[]')
        from (
            select s.org, s.role, array_agg(s.person) as people
            from jsonb_to_recordset(scopes) as s (org bigint, role text, person uuid)
            group by s.org, s.role
        ) as g
        cross join lateral board.metrics_of(g.org, g.role, g.people) as m
    );
end
$$;
comment on function api.feed_metrics_of(jsonb) is
'board.metrics_of() for a process of the API, which tells each viewer the own: all that it has at once, of all organizations. scopes: [{"org",
"role": "teacher" or "tutor", "person"}, {"org", "role": "admin", "person": null}, …]; the answer is [{"scope", "metrics"}], in any order, with
the metrics of api.feed_metrics().';
revoke all on function api.feed_metrics_of(jsonb) from public;
grant execute on function api.feed_metrics_of(jsonb) to homeroom_api;
