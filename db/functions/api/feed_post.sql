create or replace function api.feed_post(claims jsonb, event json) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
declare
    given jsonb;
begin
    perform auth.enter(claims, 'admin', 'service');
    begin
        given := event::jsonb;
    exception
        when untranslatable_character then
            raise 'a text has no character NUL' using errcode = 'HR422', detail = 'data';
        when statement_too_complex then
            raise 'this is nested too deep' using errcode = 'HR422', detail = 'data';
    end;
    return feed.post(given);
end
$$;
comment on function api.feed_post(jsonb, json) is
'POST /api/v1/events: feed.post() of who asks. json, so that what jsonb cannot store is refused in words. Roles admin and service.';
revoke all on function api.feed_post(jsonb, json) from public;
grant execute on function api.feed_post(jsonb, json) to homeroom_api;
