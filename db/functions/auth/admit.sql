create or replace function auth.admit(org_id bigint, person_id uuid, role text) returns void
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    active boolean;
    holds boolean;
begin
    select p.is_active, r.role is not null
    into active, holds
    from school.person as p
    left join school.person_role as r
        on r.org_id = p.org_id and r.person_id = p.id and r.role = admit.role
    where p.org_id = admit.org_id and p.id = admit.person_id;

    if active is not true then
        raise 'the token''s person is unknown or inactive' using errcode = 'HR401';
    elsif not holds then
        raise 'the person does not hold the role %', role using errcode = 'HR403';
    end if;
end
$$;
comment on function auth.admit(bigint, uuid, text) is
'Raises unless the person exists and is active (HR401) and holds the role (HR403). Asked at every request, so that a
deactivation or a lost role takes effect at once, whatever the token still says.';
revoke all on function auth.admit(bigint, uuid, text) from public;
grant execute on function auth.admit(bigint, uuid, text) to homeroom_api;
