create or replace function api.feed_metrics(claims jsonb) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'teacher', 'tutor', 'admin');
    return (
        select json_build_object(
            'pending_submissions', m.pending_submissions,
            'ungraded_submissions', m.ungraded_submissions,
            'active_students', m.active_students,
            'total_assignments', m.total_assignments,
            'timestamp', board.utc(clock_timestamp())
        )
        from board.metrics() as m
    );
end
$$;
comment on function api.feed_metrics(jsonb) is
'board.metrics() of who asks, and when: {"pending_submissions", "ungraded_submissions", "active_students", "total_assignments",
"timestamp"}. Roles teacher, tutor and admin.';
revoke all on function api.feed_metrics(jsonb) from public;
grant execute on function api.feed_metrics(jsonb) to homeroom_api;
