create or replace function ops.fold(deltas regclass, org bigint) returns bigint
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
    rollup record;
    statement text := format('with gone as (delete from %s where org_id = $1 returning *)', deltas);
    any_new boolean;
    folded bigint := bigint '0';
begin
    -- Most organizations have nothing new most of the time.
    execute format('select exists (select from %s where org_id = $1)', deltas) into any_new using org;
    if not any_new then
        return folded;
    end if;

    -- One statement: readers, who add up rollup and deltas in one statement too, see all of it or nothing.
    for rollup in
        select a.kept, a.only_where, c.keys, c.numbers
        from ops.aggregate as a
        cross join lateral ops.aggregate_columns(a.kept, a.deltas) as c
        where a.deltas = fold.deltas
        order by a.place
    loop
        statement := statement || format(
            ', %1$I as (insert into %2$s as t (%3$s, %4$s) select %3$s, %5$s from gone where %6$s group by %3$s order by %3$s '
            'on conflict (%3$s) do update set %7$s)',
            'into ' || rollup.kept, rollup.kept, array_to_string(rollup.keys, ', '), array_to_string(rollup.numbers, ', '),
            (select string_agg(format('sum(%s)', n), ', ') from unnest(rollup.numbers) as n),
            concat_ws(' and ', rollup.only_where, (select string_agg(format('%s is not null', k), ' and ') from unnest(rollup.keys) as k)),
            (select string_agg(format('%1$s = t.%1$s + excluded.%1$s', n), ', ') from unnest(rollup.numbers) as n)
        );
    end loop;
    execute statement || ' select count(*) from gone' into folded using org;

    -- Rows that say nothing any more, of courses that were deleted.
    for rollup in
        select a.kept, c.numbers
        from ops.aggregate as a
        cross join lateral ops.aggregate_columns(a.kept, a.deltas) as c
        where a.deltas = fold.deltas and folded > 0
    loop
        execute format(
            'delete from %s where org_id = $1 and %s',
            rollup.kept, (select string_agg(format('%s = 0', n), ' and ') from unnest(rollup.numbers) as n)
        ) using org;
    end loop;
    return folded;
end
$$;
comment on function ops.fold(regclass, bigint) is
'Takes an organization''s rows out of a table of deltas and adds them to every rollup that ops.aggregate registers for it. Answers how
many. Writers append meanwhile and wait for nobody; two that fold at once share the rows.';
revoke all on function ops.fold(regclass, bigint) from public;
