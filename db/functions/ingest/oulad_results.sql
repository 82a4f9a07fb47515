create or replace function ingest.oulad_results(org bigint)
returns table (inserted bigint, updated bigint, unchanged bigint)
language sql volatile parallel unsafe security invoker
set search_path = ''
as $$
    with work as (
        select a.id, a.course_id, a.external_id, false as is_quiz
        from school.assignment as a
        where a.org_id = org and a.source = 'oulad'
        union all
        select q.id, q.course_id, q.external_id, true
        from school.quiz as q
        where q.org_id = org and q.source = 'oulad'
    ),
    checked as (
        select
            s.*,
            w.id as work_id,
            w.course_id,
            w.is_quiz,
            p.id as student_id,
            c.starts_on,
            case
                when s.date_submitted !~ '^-?[0-9]{1,3}$' then 'date_submitted must be a whole number of days from -999 to 999'
                when s.is_banked not in ('0', '1') then 'is_banked must be 0 or 1'
                when s.score !~ '^([0-9]{1,2}(\.[0-9]{1,6})?|100(\.0{1,6})?)?$'
                    then 'score must be empty or a number from 0 to 100, with six decimals at most'
                when w.id is null then 'id_assessment is not in assessments'
                when p.id is null then 'id_student is not in studentInfo'
                when e.student_id is null then 'id_student is not registered in the course of id_assessment'
            end as fault
        from ingest.oulad_result as s
        left join work as w on w.external_id = s.id_assessment
        left join school.course as c on c.org_id = org and c.id = w.course_id
        left join school.person as p on p.org_id = org and p.source = 'oulad' and p.external_id = s.id_student
        left join school.enrollment as e on e.org_id = org and e.student_id = p.id and e.course_id = w.course_id
        where s.reason is null
    ),
    judged as materialized (
        select
            c.*,
            coalesce(c.fault, case
                when row_number() over (partition by c.work_id, c.student_id, c.fault is null order by c.line) > 1
                    then 'id_assessment and id_student stand in an earlier line already'
            end) as verdict
        from checked as c
    ),
    refused as (
        update ingest.oulad_result as s
        set reason = j.verdict
        from judged as j
        where j.line = s.line and j.verdict is not null
    ),
    wanted as (
        select
            j.work_id,
            j.course_id,
            j.student_id,
            j.is_quiz,
            (j.starts_on + j.date_submitted::integer)::timestamp at time zone o.time_zone as submitted_at,
            nullif(j.score, '')::numeric as score,
            j.is_banked = '1' as is_banked,
            j.id_assessment || '/' || j.id_student as external_id
        from judged as j
        join school.organization as o on o.org_id = org
        where j.verdict is null
    ),
    compared as materialized (
        select
            w.*,
            case
                when s.id is null and a.id is null then 'inserted'
                when w.is_quiz and (a.quiz_id, a.student_id, a.completed_at, a.score, a.is_banked)
                    is distinct from (w.work_id, w.student_id, w.submitted_at, w.score, w.is_banked) then 'updated'
                when not w.is_quiz and (s.submitted_at, s.grade, s.is_banked, s.source, s.external_id)
                    is distinct from (w.submitted_at, w.score, w.is_banked, 'oulad', w.external_id) then 'updated'
                else 'unchanged'
            end as change
        from wanted as w
        left join school.submission as s
            on not w.is_quiz and s.org_id = org and s.assignment_id = w.work_id and s.student_id = w.student_id
        left join school.quiz_attempt as a
            on w.is_quiz and a.org_id = org and a.source = 'oulad' and a.external_id = w.external_id
    ),
    submission as (
        insert into school.submission (
            org_id, assignment_id, course_id, student_id, submitted_at, grade, graded_at, is_banked, source, external_id
        )
        select
            org, c.work_id, c.course_id, c.student_id, c.submitted_at, c.score,
            case when c.score is not null then c.submitted_at end,
            c.is_banked, 'oulad', c.external_id
        from compared as c
        where c.change <> 'unchanged' and not c.is_quiz
        order by c.work_id, c.student_id
        on conflict (org_id, assignment_id, student_id) do update set
            submitted_at = excluded.submitted_at,
            grade = excluded.grade,
            graded_at = excluded.graded_at,
            is_banked = excluded.is_banked,
            source = excluded.source,
            external_id = excluded.external_id
    ),
    attempt as (
        insert into school.quiz_attempt (
            org_id, quiz_id, course_id, student_id, completed_at, score, is_banked, source, external_id
        )
        select org, c.work_id, c.course_id, c.student_id, c.submitted_at, c.score, c.is_banked, 'oulad', c.external_id
        from compared as c
        where c.change <> 'unchanged' and c.is_quiz
        order by c.external_id
        on conflict (org_id, source, external_id) do update set
            quiz_id = excluded.quiz_id,
            course_id = excluded.course_id,
            student_id = excluded.student_id,
            completed_at = excluded.completed_at,
            score = excluded.score,
            is_banked = excluded.is_banked
    )
    select
        count(*) filter (where c.change = 'inserted'),
        count(*) filter (where c.change = 'updated'),
        count(*) filter (where c.change = 'unchanged')
    from compared as c
$$;
comment on function ingest.oulad_results(bigint) is
'Checks the staged studentAssessment.csv and stores each row as a submission (TMA) or a quiz attempt (CMA, Exam) at the first
instant of its day in the organization''s time zone. A row with a score is graded at that instant, one without stays
ungraded. Answers rows inserted, updated and unchanged; the others got their reason in the staging table.';
revoke all on function ingest.oulad_results(bigint) from public;
