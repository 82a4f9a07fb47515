create or replace function feed.invalidate_caches(pattern text, person uuid) returns json
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    org constant bigint := auth.org_id();
    what constant json := json_build_object('order', 'invalidate', 'pattern', pattern, 'person', person);
begin
    if length(pattern) > 200 or pattern !~ '^/[A-Za-z0-9_.~*/-]*$' then
        raise 'a pattern is a path of up to 200 characters, with * for any of them' using errcode = 'HR422', detail = 'pattern';
    elsif person is not null and not exists (select from school.person as p where p.org_id = org and p.id = person) then
        raise 'this person does not exist, or is not yours to see' using errcode = 'HR404', detail = 'person';
    end if;
    perform feed.order_caches(org, what);
    return what;
end
$$;
comment on function feed.invalidate_caches(text, uuid) is
'Has every process of the API forget the answers that it keeps of the caller''s organization: those to paths like the pattern (* for any characters; null: to
all), and of this person (null: of everybody). Answers the order. Raises HR422 (pattern), HR404 (person). Role admin.';
revoke all on function feed.invalidate_caches(text, uuid) from public;
grant execute on function feed.invalidate_caches(text, uuid) to homeroom_admin;
