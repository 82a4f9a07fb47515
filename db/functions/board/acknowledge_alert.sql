create or replace function board.acknowledge_alert(alert uuid, note text default null) returns json
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    org constant bigint := auth.org_id();
    person constant uuid := auth.person_id();
    is_admin constant boolean := auth.has_role('admin');
    said constant text := nullif(btrim(acknowledge_alert.note), '');
    found_alert board.alert;
    cohort text;
begin
    if length(said) > 2000 then
        raise 'a note has up to 2,000 characters' using errcode = 'HR422', detail = 'note';
    end if;
    -- As the policy of board.alert says. Two at once: the second waits, and finds what the first said.
    select a.* into found_alert
    from board.alert as a
    where a.org_id = org and a.id = alert
        and (is_admin or exists (
            select from school.cohort as c
            join school.track as t on t.org_id = c.org_id and t.id = c.track_id
            where c.org_id = a.org_id and c.id = a.cohort_id and t.director_id = person
        ))
    for no key update;
    if found_alert.id is null then
        raise 'there is no such alert that you may read' using errcode = 'HR404';
    end if;

    if found_alert.acknowledged_at is null then
        update board.alert as a set acknowledged_at = clock_timestamp(), acknowledged_by = person, note = said
        where a.org_id = org and a.id = found_alert.id
        returning a.* into found_alert;
        perform board.tell_alerts(org, array[row(
            org, null, found_alert.id, 'acknowledged', found_alert.acknowledged_at, person, found_alert.last_value,
            found_alert.threshold, found_alert.severity, null
        )::board.alert_change]);
    end if;
    select c.name into cohort from school.cohort as c where c.org_id = org and c.id = found_alert.cohort_id;
    return board.alert_item(found_alert, cohort);
end
$$;
comment on function board.acknowledge_alert(uuid, text) is
'Says of an alert of a cohort that one directs, or as an admin of any, that it is known, with a note. Once: whoever says so again is
answered as it was said first. A closed one can be acknowledged as well. Answers board.alert_item. Raises HR404 for any other''s, HR422
(note).';
revoke all on function board.acknowledge_alert(uuid, text) from public;
grant execute on function board.acknowledge_alert(uuid, text) to homeroom_director, homeroom_admin;
