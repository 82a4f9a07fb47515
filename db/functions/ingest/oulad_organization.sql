create or replace function ingest.oulad_organization(organization_name text) returns bigint
language sql volatile parallel unsafe security invoker
set search_path = ''
as $$
    insert into school.organization (name, time_zone, source, external_id)
    values (organization_name, 'Europe/London', 'oulad', 'oulad')
    on conflict (source, external_id) do nothing;

    select o.org_id
    from school.organization as o
    where o.source = 'oulad' and o.external_id = 'oulad';
$$;
comment on function ingest.oulad_organization(text) is
'The organization that the OULAD belongs to (its org_id); made under this name by the first import, never renamed by another.';
revoke all on function ingest.oulad_organization(text) from public;
