create or replace function api.feed_replay(claims jsonb, cursor text, kinds text[]) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'student', 'parent', 'teacher', 'tutor', 'mentor', 'director', 'analyst', 'admin', 'service');
    return feed.replay(cursor, kinds);
end
$$;
comment on function api.feed_replay(jsonb, text, text[]) is 'feed.replay() of who asks: what a stream begins with. Every role.';
revoke all on function api.feed_replay(jsonb, text, text[]) from public;
grant execute on function api.feed_replay(jsonb, text, text[]) to homeroom_api;
