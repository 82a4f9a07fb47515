create or replace function feed.post(event jsonb) returns json
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    a_uuid constant text := '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';
    org constant bigint := auth.org_id();
    receiver constant jsonb := event -> 'to';
    unknown text;
begin
    if jsonb_typeof(event) is distinct from 'object' then
        raise 'an event is an object' using errcode = 'HR422', detail = 'event';
    end if;
    select k into unknown from jsonb_object_keys(event) as k where k not in ('to', 'type', 'data') limit 1;
    if unknown is not null then
        raise 'an event has no such field' using errcode = 'HR422', detail = unknown;
    elsif jsonb_typeof(receiver) is distinct from 'object'
        or (select count(*) from jsonb_object_keys(receiver)) <> 1 or not receiver ?| '{person,group}'
    then
        raise 'to has either person or group' using errcode = 'HR422', detail = 'to';
    elsif jsonb_typeof(event -> 'type') is distinct from 'string' then
        raise 'type is a text' using errcode = 'HR422', detail = 'type';
    elsif receiver ? 'person' and coalesce(receiver ->> 'person' !~ a_uuid, true) then
        raise 'person is an id' using errcode = 'HR422', detail = 'to.person';
    elsif receiver ? 'group' and jsonb_typeof(receiver -> 'group') <> 'string' then
        raise 'group is a text' using errcode = 'HR422', detail = 'to.group';
    end if;
    return json_build_object(
        'event_id',
        case
            when receiver ? 'person'
                then feed.send_to_person(org, (receiver ->> 'person')::uuid, event ->> 'type', coalesce(event -> 'data', '{}'))
            else feed.send_to_group(org, receiver ->> 'group', event ->> 'type', coalesce(event -> 'data', '{}'))
        end
    );
end
$$;
comment on function feed.post(jsonb) is
'Sends an event of one''s own making in the caller''s organization: {"to": {"person": id} or {"group": text}, "type", "data": {…}}, see
feed.send_to_person and feed.send_to_group. Answers {"event_id"}. Raises HR404, and HR422 with the field.';
revoke all on function feed.post(jsonb) from public;
grant execute on function feed.post(jsonb) to homeroom_admin, homeroom_service;
