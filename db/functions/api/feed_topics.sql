create or replace function api.feed_topics(claims jsonb) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'student', 'parent', 'teacher', 'tutor', 'mentor', 'director', 'analyst', 'admin', 'service');
    return json_build_object('topics', feed.topics());
end
$$;
comment on function api.feed_topics(jsonb) is '{"topics": feed.topics()} of who asks, for a stream that goes on. Every role.';
revoke all on function api.feed_topics(jsonb) from public;
grant execute on function api.feed_topics(jsonb) to homeroom_api;
