create or replace function ingest.oulad_registrations(org bigint)
returns table (inserted bigint, updated bigint, unchanged bigint)
language sql volatile parallel unsafe security invoker
set search_path = ''
as $$
    with checked as (
        select
            s.*,
            c.id as course_id,
            c.starts_on,
            p.id as student_id,
            i.final_result,
            case
                when s.date_registration !~ '^(-?[0-9]{1,3})?$'
                    then 'date_registration must be empty or a whole number of days from -999 to 999'
                when s.date_unregistration !~ '^(-?[0-9]{1,3})?$'
                    then 'date_unregistration must be empty or a whole number of days from -999 to 999'
                when nullif(s.date_unregistration, '')::integer < nullif(s.date_registration, '')::integer
                    then 'date_unregistration must not be before date_registration'
                when c.id is null then 'code_module and code_presentation name no course'
                when p.id is null or i.line is null then 'studentInfo has no good row of this student in this course'
            end as fault
        from ingest.oulad_registration as s
        left join school.course as c
            on c.org_id = org and c.source = 'oulad' and c.external_id = s.code_module || '/' || s.code_presentation
        left join school.person as p on p.org_id = org and p.source = 'oulad' and p.external_id = s.id_student
        left join ingest.oulad_student as i
            on i.code_module = s.code_module and i.code_presentation = s.code_presentation and i.id_student = s.id_student
            and i.reason is null
        where s.reason is null
    ),
    judged as materialized (
        select
            c.*,
            coalesce(c.fault, case
                when row_number() over (partition by c.course_id, c.student_id, c.fault is null order by c.line) > 1
                    then 'code_module, code_presentation and id_student stand in an earlier line already'
            end) as verdict
        from checked as c
    ),
    refused as (
        update ingest.oulad_registration as s
        set reason = j.verdict
        from judged as j
        where j.line = s.line and j.verdict is not null
    ),
    wanted as (
        select
            j.student_id,
            j.course_id,
            -- Most who withdrew have their day; 93 have only the result.
            case when j.date_unregistration <> '' or j.final_result = 'Withdrawn' then 'dropped' else 'completed' end as status,
            j.starts_on + nullif(j.date_registration, '')::integer as enrolled_on,
            j.starts_on + nullif(j.date_unregistration, '')::integer as ended_on,
            j.code_module || '/' || j.code_presentation || '/' || j.id_student as external_id
        from judged as j
        where j.verdict is null
    ),
    compared as materialized (
        select
            w.*,
            case
                when e.student_id is null then 'inserted'
                when (e.status, e.enrolled_on, e.ended_on, e.source, e.external_id)
                    is distinct from (w.status, w.enrolled_on, w.ended_on, 'oulad', w.external_id) then 'updated'
                else 'unchanged'
            end as change
        from wanted as w
        left join school.enrollment as e on e.org_id = org and e.student_id = w.student_id and e.course_id = w.course_id
    ),
    stored as (
        insert into school.enrollment (org_id, student_id, course_id, status, enrolled_on, ended_on, source, external_id)
        select org, c.student_id, c.course_id, c.status, c.enrolled_on, c.ended_on, 'oulad', c.external_id
        from compared as c
        where c.change <> 'unchanged'
        order by c.student_id, c.course_id
        on conflict (org_id, student_id, course_id) do update set
            status = excluded.status,
            enrolled_on = excluded.enrolled_on,
            ended_on = excluded.ended_on,
            source = excluded.source,
            external_id = excluded.external_id
    )
    select
        count(*) filter (where c.change = 'inserted'),
        count(*) filter (where c.change = 'updated'),
        count(*) filter (where c.change = 'unchanged')
    from compared as c
$$;
comment on function ingest.oulad_registrations(bigint) is
'Checks the staged studentRegistration.csv and stores each row as an enrollment, after oulad_students: dropped if the student
unregistered or studentInfo says Withdrawn, else completed. Answers rows inserted, updated and unchanged; the others got
their reason in the staging table.';
revoke all on function ingest.oulad_registrations(bigint) from public;
