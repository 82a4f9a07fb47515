create or replace function school.guard_interaction_partition(partition name) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    execute format(
        'create or replace trigger %I before insert or update or delete or truncate on school.%I '
        'for each statement execute function ops.refuse(%L)',
        format('tg_%s__refuse_direct_write', partition), partition, 'write to school.interaction: a statement on one partition passes its triggers by'
    );
    if not exists (
        select from pg_catalog.pg_policy as p
        join pg_catalog.pg_class as c on c.oid = p.polrelid
        where c.relnamespace = 'school'::regnamespace and c.relname = partition
    ) then
        execute format('create policy "the owner''s dump reads all" on school.%I for select to homeroom_owner using (true)', partition);
    end if;
end
$$;
comment on function school.guard_interaction_partition(name) is
'Refuses statements that name a partition of school.interaction: row-level security, statement triggers and with them the
aggregates belong to the whole table. pg_dump alone reads partitions by name; as the owner it finds all rows.';
revoke all on function school.guard_interaction_partition(name) from public;
