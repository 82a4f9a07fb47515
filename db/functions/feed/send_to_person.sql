create or replace function feed.send_to_person(org bigint, person uuid, kind text, data jsonb) returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    sent bigint;
begin
    sent := feed.send(org, array['person:' || person], kind, data);
    if not exists (select from school.person as p where p.org_id = org and p.id = person) then
        raise 'this person does not exist, or is not yours to see' using errcode = 'HR404', detail = 'to.person';
    end if;
    return sent;
end
$$;
comment on function feed.send_to_person(bigint, uuid, text, jsonb) is
'Sends a person of the organization an event of one''s own making, and nobody else, admins included; answers its id. kind: its type, a name that is not
taken; data: an object without type, event_id and timestamp, which every message has. Raises HR403, HR404, HR422.';
revoke all on function feed.send_to_person(bigint, uuid, text, jsonb) from public;
grant execute on function feed.send_to_person(bigint, uuid, text, jsonb) to homeroom_admin, homeroom_service;
