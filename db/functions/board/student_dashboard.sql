create or replace function board.student_dashboard(include_notifications boolean default true, include_ai_nudge boolean default true)
returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    return (board.cacheable_student(include_notifications, include_ai_nudge)).document;
end
$$;
comment on function board.student_dashboard(boolean, boolean) is
'The dashboard of the student who asks, as JSON: board.cacheable_student without what a cache has to know.';
revoke all on function board.student_dashboard(boolean, boolean) from public;
grant execute on function board.student_dashboard(boolean, boolean) to homeroom_student;
