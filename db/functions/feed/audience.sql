create or replace function feed.audience(event feed.event) returns text[]
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
declare
    course constant text := event.payload ->> 'course_id';
begin
    if event.kind <> 'assignment' or exists (
        select from school.assignment as a
        where a.org_id = event.org_id and a.id = (event.payload ->> 'assignment_id')::uuid
            and a.course_id = course::uuid and a.status <> 'draft'
    ) then
        return event.topics;
    end if;
    return array['admin', 'course-staff:' || course];
end
$$;
comment on function feed.audience(feed.event) is
'Who hears an event that is read now: its topics; but of an assignment that was set back to draft, deleted, or moved to another course
meanwhile, the staff alone. Only events of kind assignment are looked up: no others tell a text that may be hidden again.';
revoke all on function feed.audience(feed.event) from public;
