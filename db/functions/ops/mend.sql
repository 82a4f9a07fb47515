create or replace function ops.mend(
    aggregate regclass, org bigint, students uuid[] default null
) returns table (key jsonb, difference jsonb)
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
    registered ops.aggregate;
    columns record;
    flagged jsonb[];
    numbered jsonb[];
    met uuid[];
begin
    -- One at a time in an organization: who compared before another's addition was committed would add the same again.
    insert into ops.mending as m (org_id) values (org) on conflict (org_id) do update set org_id = excluded.org_id;

    select a.* into strict registered from ops.aggregate as a where a.kept = aggregate;
    columns := ops.aggregate_columns(registered.kept, registered.recount);

    -- What is found wrong before these rows are written is found again afterwards, when nobody sets it meanwhile.
    if registered.writers_meet_at is not null then
        met := array(
            select distinct (d.key ->> 'student_id')::uuid from ops.differences(aggregate, org, students) as d order by 1
        );
        execute format(
            'insert into %s as t (org_id, student_id) select $1, s from unnest($2) as s order by s '
            'on conflict (org_id, student_id) do update set org_id = excluded.org_id',
            registered.writers_meet_at
        ) using org, met;
        students := met;
    end if;

    flagged := array(
        select jsonb_build_object('key', d.key, 'difference', f.flags)
        from ops.differences(aggregate, org, students) as d
        cross join lateral (
            select jsonb_object_agg(v.key, v.value) as flags
            from jsonb_each(d.difference) as v
            where quote_ident(v.key) = any (columns.flags)
        ) as f
        where f.flags is not null
    );
    if flagged <> '{}' then
        perform ops.set_flags(registered.kept, registered.recount, array(select f -> 'key' from unnest(flagged) as f));
    end if;

    -- Compared anew, by a statement that sees all facts which read the flags as they were. What is added later than compared
    -- is right none the less: writers add to the same numbers meanwhile.
    numbered := array(
        select jsonb_build_object('key', d.key, 'difference', d.difference - columns.flags)
        from ops.differences(aggregate, org, students) as d
        where d.difference - columns.flags <> '{}'
    );
    execute format(
        'insert into %1$s as t (%2$s) select %2$s from unnest($1) as n cross join lateral '
        'jsonb_populate_record(null::%1$s, %3$s || (n -> ''key'') || (n -> ''difference'')) as r '
        'order by %4$s on conflict (%4$s) do update set %5$s',
        registered.kept, array_to_string(columns.keys || columns.numbers, ', '),
        (select quote_literal(jsonb_object_agg(c, 0)) || '::jsonb' from unnest(columns.numbers) as c),
        array_to_string(columns.keys, ', '),
        (select string_agg(format('%1$s = t.%1$s + excluded.%1$s', c), ', ') from unnest(columns.numbers) as c)
    ) using numbered;

    -- Dashboards were computed from what was wrong.
    if flagged || numbered <> '{}' then
        insert into board.dashboard_update_queue (org_id, subject, priority, reason) values (org, 'organization', 'low', 'mended');
    end if;

    return query
    select m.entry -> 'key', jsonb_object_agg(v.key, v.value)
    from unnest(flagged || numbered) as m (entry)
    cross join jsonb_each(m.entry -> 'difference') as v
    group by m.entry -> 'key';
end
$$;
comment on function ops.mend(regclass, bigint, uuid[]) is
'Brings one organization''s rows of a registered aggregate back to what its facts say, by adding the differences, never by
overwriting: what concurrent statements add is kept. students: only theirs. Answers what it added, like ops.differences. In
the order of ops.aggregate.place, because an aggregate''s writers read the flags of the one before. Two in one organization wait for
each other.';
revoke all on function ops.mend(regclass, bigint, uuid[]) from public;
