create or replace function ops.seed_school(school_name text, students integer, today date) returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    org bigint;
begin
    if students < 2 then
        raise 'a school has at least two students' using errcode = 'HR422', detail = 'students';
    end if;

    org := ops.seed_organization(school_name, today);
    perform ops.seed_classes(org, 1, (students + 29) / 30, students, today);
    return org;
end
$$;
comment on function ops.seed_school(text, integer, date) is
'Makes a synthetic school with this name and number of students, as it would look on `today`, and answers its org_id.
Deterministic: the same arguments give the same people, ids and numbers. Set-based, through the same tables and triggers as
real facts. Large ones are better made by `homeroom seed`, in many transactions. Raises 23505 when a synthetic school of that
name exists.';
revoke all on function ops.seed_school(text, integer, date) from public;
