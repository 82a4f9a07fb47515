-- For every table whose row lets one person do or see something, also of the own dashboard (a tier).
-- Argument: the column that says who.
create or replace function feed.tg_right__feed() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    orgs bigint[];
    topics text[];
begin
    if tg_op = 'INSERT' then
        select array_agg(n.org_id), array_agg('person:' || (to_jsonb(n) ->> tg_argv[0])) into orgs, topics from new_rows as n;
    elsif tg_op = 'DELETE' then
        select array_agg(o.org_id), array_agg('person:' || (to_jsonb(o) ->> tg_argv[0])) into orgs, topics from old_rows as o;
    else
        select array_agg(c.org_id), array_agg('person:' || (c.content ->> tg_argv[0]))
        into orgs, topics
        from (
            (select n.org_id, to_jsonb(n) as content from new_rows as n except all select o.org_id, to_jsonb(o) from old_rows as o)
            union all
            (select o.org_id, to_jsonb(o) from old_rows as o except all select n.org_id, to_jsonb(n) from new_rows as n)
        ) as c;
    end if;
    perform feed.tell_rights(orgs, topics);
    return null;
end
$$;
comment on function feed.tg_right__feed() is 'Tells the reader of the feed whose rights begin or end with a row.';
revoke all on function feed.tg_right__feed() from public;

do $$
declare
    fact record;
begin
    for fact in
        select *
        from (
            values
            ('person_role', 'person_id'), ('guardian', 'parent_id'), ('tutor_student', 'tutor_id'),
            ('course_teacher', 'teacher_id'), ('cohort_mentor', 'mentor_id'), ('subscription', 'student_id')
        ) as f (name, holder)
    loop
        execute format(
            'create or replace trigger %1$I after insert on school.%2$I referencing new table as new_rows '
            'for each statement execute function feed.tg_right__feed(%3$L)',
            format('tg_%s__feed_insert', fact.name), fact.name, fact.holder
        );
        execute format(
            'create or replace trigger %1$I after update on school.%2$I referencing old table as old_rows new table as new_rows '
            'for each statement execute function feed.tg_right__feed(%3$L)',
            format('tg_%s__feed_update', fact.name), fact.name, fact.holder
        );
        execute format(
            'create or replace trigger %1$I after delete on school.%2$I referencing old table as old_rows '
            'for each statement execute function feed.tg_right__feed(%3$L)',
            format('tg_%s__feed_delete', fact.name), fact.name, fact.holder
        );
    end loop;
end
$$;
