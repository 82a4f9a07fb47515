create or replace function ingest.oulad_students(org bigint)
returns table (inserted bigint, updated bigint, unchanged bigint)
language sql volatile parallel unsafe security invoker
set search_path = ''
as $$
    with checked as (
        select
            s.*,
            case
                when s.id_student !~ '^[1-9][0-9]{0,17}$' then 'id_student must be a positive whole number'
                when s.final_result not in ('Pass', 'Distinction', 'Fail', 'Withdrawn')
                    then 'final_result must be Pass, Distinction, Fail or Withdrawn'
                when c.id is null then 'code_module and code_presentation name no course'
                when not exists (
                    select
                    from ingest.oulad_registration as r
                    where r.code_module = s.code_module and r.code_presentation = s.code_presentation and r.id_student = s.id_student
                ) then 'studentRegistration has no row of this student in this course'
            end as fault
        from ingest.oulad_student as s
        left join school.course as c
            on c.org_id = org and c.source = 'oulad' and c.external_id = s.code_module || '/' || s.code_presentation
        where s.reason is null
    ),
    judged as materialized (
        select
            c.*,
            coalesce(c.fault, case
                when row_number() over (partition by c.code_module, c.code_presentation, c.id_student, c.fault is null order by c.line) > 1
                    then 'code_module, code_presentation and id_student stand in an earlier line already'
            end) as verdict
        from checked as c
    ),
    refused as (
        update ingest.oulad_student as s
        set reason = j.verdict
        from judged as j
        where j.line = s.line and j.verdict is not null
    ),
    person as (
        insert into school.person (org_id, name, source, external_id)
        select distinct org, 'Student ' || j.id_student, 'oulad', j.id_student
        from judged as j
        where j.verdict is null
            and not exists (
                select from school.person as p where p.org_id = org and p.source = 'oulad' and p.external_id = j.id_student
            )
        order by j.id_student
        returning id
    ),
    role as (
        insert into school.person_role (org_id, person_id, role)
        select org, p.id, 'student'
        from person as p
        order by p.id
    )
    select p.n, 0::bigint, j.n - p.n
    from (select count(*) as n from person) as p
    cross join (select count(*) as n from judged where verdict is null) as j
$$;
comment on function ingest.oulad_students(bigint) is
'Checks the staged studentInfo.csv, which has a row per student and course, and stores each student as a person with the role
student. Answers rows: inserted is the number of new people; a further row of the same student counts as unchanged.
The others got their reason in the staging table.';
revoke all on function ingest.oulad_students(bigint) from public;
