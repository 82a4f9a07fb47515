create or replace function ops.seed_organization(school_name text, today date) returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    was_bulk constant text := coalesce(current_setting('homeroom.feed_bulk', true), 'off');
    org bigint;
begin
    -- Nothing of this is news. (In a clause of the function only a superuser might set it.)
    perform set_config('homeroom.feed_bulk', 'on', true);
    insert into school.organization (name, time_zone, currency, source, external_id)
    values (school_name, 'Europe/Berlin', 'EUR', 'synthetic', school_name)
    returning org_id into org;

    perform school.provide_interaction_months(today - 35, today);

    insert into school.person (org_id, id, name, email, source, external_id)
    select
        org, ops.seed_id(school_name, r.role, r.n), ops.seed_name(r.role, r.n, ascii(r.role) + r.n - 1),
        r.role || '.' || r.n || '@example.org', 'synthetic', r.role || '/' || r.n
    from (
        values ('mentor', 1), ('director', 1), ('director', 2), ('director', 3), ('analyst', 1), ('admin', 1), ('service', 1)
    ) as r (role, n);

    insert into school.person_role (org_id, person_id, role)
    select org, p.id, split_part(p.external_id, '/', 1)
    from school.person as p
    where p.org_id = org;

    perform ops.seed_programs(org, school_name, today);
    perform set_config('homeroom.feed_bulk', was_bulk, true);

    return org;
end
$$;
comment on function ops.seed_organization(text, date) is
'Makes the organization of a synthetic school and who works for it as a whole; answers its org_id. Raises 23505 when a synthetic
school of that name exists.';
revoke all on function ops.seed_organization(text, date) from public;
