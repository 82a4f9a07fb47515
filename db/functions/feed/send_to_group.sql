create or replace function feed.send_to_group(org bigint, to_group text, kind text, data jsonb) returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    roles constant text[] := array[
        'student', 'parent', 'teacher', 'tutor', 'mentor', 'director', 'analyst', 'admin', 'service'
    ];
    a_uuid constant text := '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
    what constant text := split_part(to_group, ':', 1);
    which constant text := substr(to_group, length(what) + 2);
    sent bigint;
begin
    if what = 'role' and which <> all (roles) then
        raise 'a role is %', array_to_string(roles, ', ') using errcode = 'HR422', detail = 'to.group';
    elsif to_group is null or what not in ('role', 'course', 'cohort', 'track') or (what <> 'role' and which !~ a_uuid) then
        raise 'a group is role:<role>, course:<id>, cohort:<id> or track:<id>' using errcode = 'HR422', detail = 'to.group';
    end if;

    sent := feed.send(org, array['admin', to_group], kind, data);
    if not (case what
        when 'role' then exists (select from school.organization as o where o.org_id = org)
        when 'course' then exists (select from school.course as c where c.org_id = org and c.id = which::uuid)
        when 'cohort' then exists (select from school.cohort as c where c.org_id = org and c.id = which::uuid)
        else exists (select from school.track as t where t.org_id = org and t.id = which::uuid)
    end) then
        raise 'this group does not exist, or is not yours to see' using errcode = 'HR404', detail = 'to.group';
    end if;
    return sent;
end
$$;
comment on function feed.send_to_group(bigint, text, text, jsonb) is
'Sends everybody who acts in a role (role:teacher), or who may read of a course, cohort or track (course:<id>, cohort:<id>, track:<id>), and the admins,
an event of one''s own making; answers its id. kind, data and errors: as feed.send_to_person.';
revoke all on function feed.send_to_group(bigint, text, text, jsonb) from public;
grant execute on function feed.send_to_group(bigint, text, text, jsonb) to homeroom_admin, homeroom_service;
