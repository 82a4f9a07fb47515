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
end
$$;
comment on function school.guard_interaction_partition(name) is
'Refuses statements that name a partition of school.interaction: row-level security, statement triggers and with them the
aggregates belong to the whole table.';
revoke all on function school.guard_interaction_partition(name) from public;
