create or replace function ops.mend_students(org bigint, students uuid[], dry_run boolean default false)
returns table (aggregate regclass, key jsonb, difference jsonb)
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
begin
    for aggregate in select a.kept from ops.aggregate as a where a.per_student order by a.place loop
        if dry_run then
            return query select aggregate, d.key, d.difference from ops.differences(aggregate, org, students) as d;
        else
            return query select aggregate, m.key, m.difference from ops.mend(aggregate, org, students) as m;
        end if;
    end loop;
end
$$;
comment on function ops.mend_students(bigint, uuid[], boolean) is
'Brings all that is kept of these students back to what their facts say, and answers what it added; with dry_run it only answers.';
revoke all on function ops.mend_students(bigint, uuid[], boolean) from public;
