create or replace function ops.seed_organization(school_name text, today date) returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    org bigint;
begin
    insert into school.organization (name, time_zone, source, external_id)
    values (school_name, 'Europe/Berlin', 'synthetic', school_name)
    returning org_id into org;

    perform school.provide_interaction_months(today - 35, today);

    insert into school.person (org_id, id, name, email, source, external_id)
    select org, ops.seed_id(school_name, r, 1), ops.seed_name(r, 1, ascii(r)), r || '.1@example.org', 'synthetic', r || '/1'
    from unnest('{mentor,director,analyst,admin,service}'::text[]) as r;

    insert into school.person_role (org_id, person_id, role)
    select org, ops.seed_id(school_name, r, 1), r
    from unnest('{mentor,director,analyst,admin,service}'::text[]) as r;

    return org;
end
$$;
comment on function ops.seed_organization(text, date) is
'Makes the organization of a synthetic school and who works for it as a whole; answers its org_id. Raises 23505 when a synthetic
school of that name exists.';
revoke all on function ops.seed_organization(text, date) from public;
