create or replace function ops.seed_progress(school_name text) returns table (org_id bigint, today date, students integer)
language sql stable parallel safe security definer
set search_path = ''
as $$
    select
        o.org_id,
        (select c.starts_on + 84 from school.course as c where c.org_id = o.org_id and c.source = 'synthetic' and c.external_id = '1/1'),
        (
            select coalesce(max(substr(p.external_id, 9)::integer), 0)
            from school.person as p
            where p.org_id = o.org_id and p.source = 'synthetic' and p.external_id like 'student/%'
        )
    from school.organization as o
    where o.source = 'synthetic' and o.external_id = school_name
$$;
comment on function ops.seed_progress(text) is
'How far the synthetic school of this name is: the day that it is made for, and the highest number of a student. No row if there
is none.';
revoke all on function ops.seed_progress(text) from public;
