create or replace function ops.differences(
    aggregate regclass, org bigint default null, students uuid[] default null
) returns table (org_id bigint, key jsonb, difference jsonb)
language plpgsql stable parallel unsafe security invoker
set search_path = ''
as $$
declare
    -- @plpgsql_check_options: extra_warnings = false
    registered ops.aggregate;
    columns record;
    measures text[];
    of_whom constant text := concat_ws(
        ' and ', 'true', case when org is not null then 'org_id = $1' end, case when students is not null then 'student_id = any ($2)' end
    );
    source text;
begin
    select a.* into strict registered from ops.aggregate as a where a.kept = aggregate;
    columns := ops.aggregate_columns(registered.kept, registered.recount);
    measures := columns.numbers || columns.flags;

    -- What the facts say minus what is kept, all in one statement; a row that is missing on a side is zeros there.
    source := (
        select string_agg(
            format(
                'select %s, %s from %s where %s',
                array_to_string(columns.keys, ', '),
                (
                    select string_agg(
                        format(case when m.name = any (columns.flags) then '%s * %s::integer' else '%s * %s' end, s.sign, m.name) || ' as ' || m.name,
                        ', ' order by m.place
                    )
                    from unnest(measures) with ordinality as m (name, place)
                ),
                s.relation,
                -- Deltas that are not for this rollup lack a part of its key, or do not meet its condition.
                of_whom || (select string_agg(format(' and %s is not null', k), '') from unnest(columns.keys) as k)
                    || coalesce(' and ' || s.only_where, '')
            ),
            ' union all '
        )
        from (
            values
            (1, registered.recount, null), (-1, registered.kept, null), (-1, registered.deltas, registered.only_where)
        ) as s (sign, relation, only_where)
        where s.relation is not null
    );

    return query execute format(
        'select d.org_id, jsonb_build_object(%s), '
        '(select jsonb_object_agg(v.key, v.value) from jsonb_each(jsonb_build_object(%s)) as v where (v.value #>> ''{}'')::numeric <> 0) '
        'from (select %s, %s from (%s) as s group by %s having %s) as d',
        (select string_agg(format('%L, d.%s', k, k), ', ') from unnest(columns.keys) as k),
        (select string_agg(format('%L, d.%s', m, m), ', ') from unnest(measures) as m),
        array_to_string(columns.keys, ', '),
        (select string_agg(format('sum(%s) as %s', m, m), ', ') from unnest(measures) as m),
        source,
        array_to_string(columns.keys, ', '),
        (select string_agg(format('sum(%s) <> 0', m), ' or ') from unnest(measures) as m)
    ) using org, students;
end
$$;
comment on function ops.differences(regclass, bigint, uuid[]) is
'Rows of a registered aggregate that are not what its facts say, under the snapshot of the statement that asks: org_id, key
({"student_id": …}), difference ({"quiz_score_sum": 12.5, …}: what has to be added; for a flag 1 to set it, -1 to take it back).
org: only this organization; students: only these, of an aggregate that is kept per student. No row when it is exact.';
revoke all on function ops.differences(regclass, bigint, uuid[]) from public;
