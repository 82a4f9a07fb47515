-- For tables whose rows belong to a cohort or a track, for what directors see of it. Argument: cohort or track.
create or replace function board.tg_cohort_fact__dirty() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    key constant text := tg_argv[0] || '_id';
    facts jsonb[];
    changed record;
begin
    if tg_op = 'INSERT' then
        facts := array(select to_jsonb(n) from new_rows as n);
    elsif tg_op = 'DELETE' then
        facts := array(select to_jsonb(o) from old_rows as o);
    else
        facts := array(select to_jsonb(n) from new_rows as n union all select to_jsonb(o) from old_rows as o);
    end if;
    for changed in
        select (f.fact ->> 'org_id')::bigint as org_id, array_agg(distinct (f.fact ->> key)::uuid) as ids
        from unnest(facts) as f (fact)
        -- What is of every track is of no director.
        where f.fact ->> key is not null
        group by 1
        order by 1
    loop
        if tg_argv[0] = 'cohort' then
            perform board.mark_cohorts(changed.org_id, changed.ids, tg_table_name::text);
        else
            perform board.mark_tracks(changed.org_id, changed.ids, tg_table_name::text);
        end if;
    end loop;
    return null;
end
$$;
comment on function board.tg_cohort_fact__dirty() is
'Marks the cohorts, or the directors of the tracks, whose mentors, milestones, missions or competencies change: a row a statement each.';
revoke all on function board.tg_cohort_fact__dirty() from public;

do $$
declare
    fact record;
begin
    for fact in
        select *
        from (
            values
            ('cohort_mentor', 'cohort'), ('milestone', 'cohort'), ('mission', 'track'), ('competency', 'track')
        ) as f (name, argument)
    loop
        execute format(
            'create or replace trigger %1$I after insert on school.%2$I referencing new table as new_rows '
            'for each statement execute function board.tg_cohort_fact__dirty(%3$L)',
            format('tg_%s__director_insert', fact.name), fact.name, fact.argument
        );
        execute format(
            'create or replace trigger %1$I after update on school.%2$I referencing old table as old_rows new table as new_rows '
            'for each statement execute function board.tg_cohort_fact__dirty(%3$L)',
            format('tg_%s__director_update', fact.name), fact.name, fact.argument
        );
        execute format(
            'create or replace trigger %1$I after delete on school.%2$I referencing old table as old_rows '
            'for each statement execute function board.tg_cohort_fact__dirty(%3$L)',
            format('tg_%s__director_delete', fact.name), fact.name, fact.argument
        );
    end loop;
end
$$;
