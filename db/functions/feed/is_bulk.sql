create or replace function feed.is_bulk() returns boolean
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
declare
    -- Whoever the session acts as: in this function current_user is its owner.
    actor constant text := coalesce(nullif(current_setting('role'), 'none'), session_user);
begin
    return coalesce(current_setting('homeroom.feed_bulk', true) = 'on', false)
        and (pg_has_role(actor, 'homeroom_owner', 'usage') or pg_has_role(actor, 'homeroom_service', 'usage'));
end
$$;
comment on function feed.is_bulk() is
'Whether what is being written is history rather than news: the setting homeroom.feed_bulk is on, and the session acts as the owner or a
service. Imports and seeds set it. Then facts are no events; that somebody''s rights change always is one.';
revoke all on function feed.is_bulk() from public;
