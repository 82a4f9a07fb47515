create or replace function board.student_missions(org bigint, students uuid[]) returns table (
    student_id uuid, started integer, submitted integer, in_review integer, approved integer, rejected integer,
    last_review timestamptz
)
language plpgsql stable parallel safe security invoker rows 50
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    select
        s.id,
        (count(*) filter (where a.state = 'started'))::integer,
        (count(*) filter (where a.state = 'submitted'))::integer,
        (count(*) filter (where a.state = 'in_review'))::integer,
        (count(*) filter (where a.state = 'approved'))::integer,
        (count(*) filter (where a.state = 'rejected'))::integer,
        max(a.reviewed_at)
    from unnest(students) as s (id)
    left join school.mission_attempt as a on a.org_id = org and a.student_id = s.id
    group by s.id;
end
$$;
comment on function board.student_missions(bigint, uuid[]) is
'How many of a student''s missions are in each state, and when one was reviewed last.';
revoke all on function board.student_missions(bigint, uuid[]) from public;
