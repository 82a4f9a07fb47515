create or replace function ingest.oulad_clicks(org bigint)
returns table (inserted bigint, updated bigint, unchanged bigint)
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
declare
    first_key text;
    last_key text;
    first_day date;
    last_day date;
begin
    with checked as (
        select
            s.line,
            case
                when s.date !~ '^-?[0-9]{1,3}$' then 'date must be a whole number of days from -999 to 999'
                when s.sum_click !~ '^[0-9]{1,9}$' then 'sum_click must be a whole number from 0 to 999999999'
                when v.line is null then 'id_site is not in vle for code_module and code_presentation'
                when e.student_id is null then 'id_student is not registered in code_module and code_presentation'
            end as fault
        from ingest.oulad_click as s
        left join ingest.oulad_site as v
            on v.id_site = s.id_site and v.code_module = s.code_module and v.code_presentation = s.code_presentation
            and v.reason is null
        left join school.enrollment as e
            on e.org_id = org and e.source = 'oulad'
            and e.external_id = s.code_module || '/' || s.code_presentation || '/' || s.id_student
        where s.reason is null
    )
    update ingest.oulad_click as s
    set reason = c.fault
    from checked as c
    where c.line = s.line and c.fault is not null;

    -- A click has no key but its line. Padded, so that a part of the file is a range of keys.
    select
        lpad(min(s.line)::text, 10, '0'), lpad(max(s.line)::text, 10, '0'),
        min(c.starts_on + s.date::integer), max(c.starts_on + s.date::integer)
    into first_key, last_key, first_day, last_day
    from ingest.oulad_click as s
    join school.course as c
        on c.org_id = org and c.source = 'oulad' and c.external_id = s.code_module || '/' || s.code_presentation
    where s.reason is null;

    -- The first instant of a day in London is the day before in UTC while summer time lasts.
    perform school.provide_interaction_months(first_day - 1, last_day);

    return query
    with wanted as (
        select
            lpad(s.line::text, 10, '0') as external_id,
            (c.starts_on + s.date::integer)::timestamp at time zone o.time_zone as occurred_at,
            e.student_id,
            e.course_id,
            v.activity_type as agent_type,
            s.sum_click::numeric as weight
        from ingest.oulad_click as s
        join school.organization as o on o.org_id = org
        join ingest.oulad_site as v on v.id_site = s.id_site and v.reason is null
        join school.enrollment as e
            on e.org_id = org and e.source = 'oulad'
            and e.external_id = s.code_module || '/' || s.code_presentation || '/' || s.id_student
        join school.course as c on c.org_id = org and c.id = e.course_id
        where s.reason is null
    ),
    known as (
        select i.id, i.occurred_at, i.external_id, i.student_id, i.course_id, i.agent_type, i.weight
        from school.interaction as i
        where i.org_id = org and i.source = 'oulad' and i.external_id between first_key and last_key
    ),
    compared as materialized (
        select
            w.*,
            k.id,
            k.occurred_at as known_at,
            case
                when k.id is null then 'inserted'
                when (k.occurred_at, k.student_id, k.course_id, k.agent_type, k.weight)
                    is distinct from (w.occurred_at, w.student_id, w.course_id, w.agent_type, w.weight) then 'updated'
                else 'unchanged'
            end as change
        from wanted as w
        left join known as k on k.external_id = w.external_id
    ),
    added as (
        insert into school.interaction (org_id, occurred_at, student_id, course_id, agent_type, weight, source, external_id)
        select org, c.occurred_at, c.student_id, c.course_id, c.agent_type, c.weight, 'oulad', c.external_id
        from compared as c
        where c.change = 'inserted'
    ),
    changed as (
        -- A new day may be another partition's: the row moves there, and keeps its id.
        update school.interaction as i
        set
            occurred_at = c.occurred_at,
            student_id = c.student_id,
            course_id = c.course_id,
            agent_type = c.agent_type,
            weight = c.weight
        from compared as c
        where c.change = 'updated' and i.org_id = org and i.id = c.id and i.occurred_at = c.known_at
    )
    select
        count(*) filter (where c.change = 'inserted'),
        count(*) filter (where c.change = 'updated'),
        count(*) filter (where c.change = 'unchanged')
    from compared as c;
end
$$;
comment on function ingest.oulad_clicks(bigint) is
'Checks the staged part of studentVle.csv and stores each row as an interaction at the first instant of its day in the
organization''s time zone: agent_type is the activity type of the site, weight the number of clicks, the external key the
number of the line. Needs vle.csv staged. Answers rows inserted, updated and unchanged; the others got their reason in
the staging table.';
revoke all on function ingest.oulad_clicks(bigint) from public;
