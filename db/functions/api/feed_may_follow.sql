create or replace function api.feed_may_follow(claims jsonb, person uuid) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'student', 'parent', 'teacher', 'tutor', 'mentor', 'director', 'analyst', 'admin', 'service');
    return to_json(exists (select from school.person as p where p.org_id = auth.org_id() and p.id = person));
end
$$;
comment on function api.feed_may_follow(jsonb, uuid) is
'Whether who asks may read this person, and so have a WebSocket about them; what is told there, topics say as everywhere. JSON: true or
false. Every role.';
revoke all on function api.feed_may_follow(jsonb, uuid) from public;
grant execute on function api.feed_may_follow(jsonb, uuid) to homeroom_api;
