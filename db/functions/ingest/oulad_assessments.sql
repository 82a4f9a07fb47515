create or replace function ingest.oulad_assessments(org bigint)
returns table (inserted bigint, updated bigint, unchanged bigint)
language sql volatile parallel unsafe security invoker
set search_path = ''
as $$
    with checked as (
        select
            s.*,
            c.id as course_id,
            c.starts_on,
            case
                when s.id_assessment !~ '^[1-9][0-9]{0,17}$' then 'id_assessment must be a positive whole number'
                when s.assessment_type not in ('TMA', 'CMA', 'Exam') then 'assessment_type must be TMA, CMA or Exam'
                when s.date !~ '^(-?[0-9]{1,3})?$' then 'date must be empty or a whole number of days from -999 to 999'
                when s.weight !~ '^([0-9]{1,2}(\.[0-9]{1,2})?|100(\.00?)?)$' then 'weight must be a number from 0 to 100, with two decimals at most'
                when c.id is null then 'code_module and code_presentation name no course'
            end as fault
        from ingest.oulad_assessment as s
        left join school.course as c
            on c.org_id = org and c.source = 'oulad' and c.external_id = s.code_module || '/' || s.code_presentation
        where s.reason is null
    ),
    wanted as (
        select
            c.line,
            c.fault,
            c.id_assessment as external_id,
            c.course_id,
            c.assessment_type <> 'TMA' as is_quiz,
            c.assessment_type || ' ' || c.id_assessment as title,
            case when c.fault is null then
                (c.starts_on + nullif(c.date, '')::integer + time '23:59:59') at time zone o.time_zone
            end as due_at,
            case when c.fault is null then c.weight::numeric end as weight,
            row_number() over (partition by c.id_assessment, c.fault is null order by c.line) as nth
        from checked as c
        join school.organization as o on o.org_id = org
    ),
    compared as materialized (
        select
            w.*,
            coalesce(w.fault, case
                when w.nth > 1 then 'id_assessment stands in an earlier line already'
                when (w.is_quiz and a.id is not null) or (not w.is_quiz and q.id is not null)
                    then 'assessment_type says otherwise than before: an assignment (TMA) and a quiz (CMA, Exam) do not turn into each other'
            end) as verdict,
            case
                when a.id is null and q.id is null then 'inserted'
                when (coalesce(a.course_id, q.course_id), coalesce(a.due_at, q.due_at), coalesce(a.weight, q.weight))
                    is distinct from (w.course_id, w.due_at, w.weight) then 'updated'
                else 'unchanged'
            end as change
        from wanted as w
        left join school.assignment as a on a.org_id = org and a.source = 'oulad' and a.external_id = w.external_id
        left join school.quiz as q on q.org_id = org and q.source = 'oulad' and q.external_id = w.external_id
    ),
    refused as (
        update ingest.oulad_assessment as s
        set reason = c.verdict
        from compared as c
        where c.line = s.line and c.verdict is not null
    ),
    assignment as (
        insert into school.assignment (org_id, course_id, title, due_at, weight, source, external_id)
        select org, c.course_id, c.title, c.due_at, c.weight, 'oulad', c.external_id
        from compared as c
        where c.verdict is null and c.change <> 'unchanged' and not c.is_quiz
        order by c.external_id
        on conflict (org_id, source, external_id) do update set
            course_id = excluded.course_id,
            due_at = excluded.due_at,
            weight = excluded.weight
    ),
    quiz as (
        insert into school.quiz (org_id, course_id, title, due_at, weight, source, external_id)
        select org, c.course_id, c.title, c.due_at, c.weight, 'oulad', c.external_id
        from compared as c
        where c.verdict is null and c.change <> 'unchanged' and c.is_quiz
        order by c.external_id
        on conflict (org_id, source, external_id) do update set
            course_id = excluded.course_id,
            due_at = excluded.due_at,
            weight = excluded.weight
    )
    select
        count(*) filter (where c.change = 'inserted'),
        count(*) filter (where c.change = 'updated'),
        count(*) filter (where c.change = 'unchanged')
    from compared as c
    where c.verdict is null
$$;
comment on function ingest.oulad_assessments(bigint) is
'Checks the staged assessments.csv and stores each TMA as an assignment, each CMA and Exam as a quiz, due at the last second of
its day in the organization''s time zone (null where the file has no date). The title is made up once; later imports keep
course, date and weight in step. Answers rows inserted, updated and unchanged; the others got their reason in the
staging table.';
revoke all on function ingest.oulad_assessments(bigint) from public;
