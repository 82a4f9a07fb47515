create or replace function board.metrics() returns table (
    pending_submissions bigint, ungraded_submissions bigint, active_students bigint, total_assignments bigint
)
language plpgsql stable parallel safe security definer rows 1
set search_path = ''
as $$
#variable_conflict use_column
declare
    caller constant jsonb := auth.claims();
begin
    return query
    select m.pending_submissions, m.ungraded_submissions, m.active_students, m.total_assignments
    from board.metrics_of((caller ->> 'org')::bigint, caller ->> 'role', array[(caller ->> 'sub')::uuid]) as m;
end
$$;
comment on function board.metrics() is
'What the caller has before them in the role taken: select * from board.metrics(). Submissions that were given to a student and of
which nothing was handed in (pending), or that wait for a grade (ungraded), students with any submission, assignments; of the courses
taught, of the students accompanied, or of the organization. Roles teacher, tutor and admin; HR403 for whoever has none of them, such as
the owner.';
revoke all on function board.metrics() from public;
grant execute on function board.metrics() to homeroom_teacher, homeroom_tutor, homeroom_admin;
