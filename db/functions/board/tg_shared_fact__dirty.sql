-- For tables whose rows many students' dashboards show. Arguments: what kind of thing they belong to, the column that says which, the
-- reason. A null there means: to the whole organization.
create or replace function board.tg_shared_fact__dirty() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    if tg_op = 'INSERT' then
        insert into board.dashboard_update_queue (org_id, subject, subject_id, reason)
        select distinct r.org_id, case when k.id is null then 'organization' else tg_argv[0] end, k.id, tg_argv[2]
        from new_rows as r
        cross join lateral (select (to_jsonb(r) ->> tg_argv[1])::uuid as id) as k;
    elsif tg_op = 'DELETE' then
        insert into board.dashboard_update_queue (org_id, subject, subject_id, reason)
        select distinct r.org_id, case when k.id is null then 'organization' else tg_argv[0] end, k.id, tg_argv[2]
        from old_rows as r
        cross join lateral (select (to_jsonb(r) ->> tg_argv[1])::uuid as id) as k;
    else
        insert into board.dashboard_update_queue (org_id, subject, subject_id, reason)
        select distinct r.org_id, case when k.id is null then 'organization' else tg_argv[0] end, k.id, tg_argv[2]
        from (
            select n.org_id, to_jsonb(n) as fact from new_rows as n
            union all
            select o.org_id, to_jsonb(o) from old_rows as o
        ) as r
        cross join lateral (select (r.fact ->> tg_argv[1])::uuid as id) as k;
    end if;
    return null;
end
$$;
comment on function board.tg_shared_fact__dirty() is
'Marks what many dashboards share: one row a statement for each course, cohort, track or mission, however many students it has. Who they
are is found out after the commit: a student who joins at the same time would be overlooked here.';
revoke all on function board.tg_shared_fact__dirty() from public;

do $$
declare
    fact record;
begin
    for fact in
        select *
        from (
            values
            ('assignment', 'course', 'course_id'), ('quiz', 'course', 'course_id'),
            ('cohort', 'cohort', 'id'), ('cohort_mentor', 'cohort', 'cohort_id'), ('mentor_session', 'cohort', 'cohort_id'),
            ('milestone', 'cohort', 'cohort_id'), ('calendar_event', 'cohort', 'cohort_id'),
            ('track', 'track', 'id'), ('competency', 'track', 'track_id'),
            ('mission', 'track', 'track_id'), ('mission', 'mission', 'id')
        ) as f (name, subject, key)
    loop
        execute format(
            'create or replace trigger %1$I after insert on school.%2$I referencing new table as new_rows '
            'for each statement execute function board.tg_shared_fact__dirty(%3$L, %4$L, %2$L)',
            format('tg_%s__dirty_%s_insert', fact.name, fact.subject), fact.name, fact.subject, fact.key
        );
        execute format(
            'create or replace trigger %1$I after update on school.%2$I referencing old table as old_rows new table as new_rows '
            'for each statement execute function board.tg_shared_fact__dirty(%3$L, %4$L, %2$L)',
            format('tg_%s__dirty_%s_update', fact.name, fact.subject), fact.name, fact.subject, fact.key
        );
        execute format(
            'create or replace trigger %1$I after delete on school.%2$I referencing old table as old_rows '
            'for each statement execute function board.tg_shared_fact__dirty(%3$L, %4$L, %2$L)',
            format('tg_%s__dirty_%s_delete', fact.name, fact.subject), fact.name, fact.subject, fact.key
        );
    end loop;
end
$$;
