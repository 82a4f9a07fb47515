create or replace function ingest.oulad_courses(org bigint)
returns table (inserted bigint, updated bigint, unchanged bigint)
language sql volatile parallel unsafe security invoker
set search_path = ''
as $$
    with checked as (
        select
            s.*,
            case
                when s.code_module !~ '^[A-Za-z0-9]{1,20}$' then 'code_module must be one to twenty letters or digits'
                when s.code_presentation !~ '^20[0-9]{2}[BJ]$' then 'code_presentation must be a year and B (February) or J (October), like 2013J'
                when s.module_presentation_length !~ '^[1-9][0-9]{0,2}$' then 'module_presentation_length must be a whole number of days from 1 to 999'
            end as fault
        from ingest.oulad_course as s
        where s.reason is null
    ),
    judged as materialized (
        select
            c.*,
            coalesce(c.fault, case
                when row_number() over (partition by c.code_module, c.code_presentation, c.fault is null order by c.line) > 1
                    then 'code_module and code_presentation stand in an earlier line already'
            end) as verdict
        from checked as c
    ),
    refused as (
        update ingest.oulad_course as s
        set reason = j.verdict
        from judged as j
        where j.line = s.line and j.verdict is not null
    ),
    wanted as (
        select
            j.code_module || '/' || j.code_presentation as external_id,
            j.code_module || '-' || j.code_presentation as code,
            j.code_module || ' ' || j.code_presentation as title,
            make_date(left(j.code_presentation, 4)::integer, case right(j.code_presentation, 1) when 'B' then 2 else 10 end, 1)
                as starts_on,
            j.module_presentation_length::integer as days
        from judged as j
        where j.verdict is null
    ),
    compared as materialized (
        select
            w.*,
            case
                when c.id is null then 'inserted'
                when (c.starts_on, c.ends_on) is distinct from (w.starts_on, w.starts_on + w.days) then 'updated'
                else 'unchanged'
            end as change
        from wanted as w
        left join school.course as c on c.org_id = org and c.source = 'oulad' and c.external_id = w.external_id
    ),
    stored as (
        insert into school.course (org_id, code, title, starts_on, ends_on, source, external_id)
        select org, c.code, c.title, c.starts_on, c.starts_on + c.days, 'oulad', c.external_id
        from compared as c
        where c.change <> 'unchanged'
        order by c.external_id
        on conflict (org_id, source, external_id) do update set
            starts_on = excluded.starts_on,
            ends_on = excluded.ends_on
    )
    select
        count(*) filter (where c.change = 'inserted'),
        count(*) filter (where c.change = 'updated'),
        count(*) filter (where c.change = 'unchanged')
    from compared as c
$$;
comment on function ingest.oulad_courses(bigint) is
'Checks the staged courses.csv and stores each run of a module as a course: code AAA-2013J, from 1 February (B) or 1 October (J)
for module_presentation_length days. Code and title are made up once; later imports keep the dates in step. Answers
rows inserted, updated and unchanged; the others got their reason in the staging table.';
revoke all on function ingest.oulad_courses(bigint) from public;
