create or replace function board.dashboard_documents(org bigint, role text, people uuid[]) returns table (
    person_id uuid, document json, scopes uuid[], fresh_until timestamptz, computed_in pg_snapshot
)
language plpgsql stable parallel restricted security invoker
set search_path = ''
as $$
begin
    case role
        when 'parent' then
            return query select d.* from board.parent_documents(org, people) as d;
        when 'teacher' then
            return query select d.* from board.teacher_documents(org, people) as d;
        when 'tutor' then
            return query select d.* from board.tutor_documents(org, people) as d;
        when 'director', 'admin' then
            return query select d.* from board.director_documents(org, role, people) as d;
    end case;
end
$$;
comment on function board.dashboard_documents(bigint, text, uuid[]) is
'The dashboards of these people in a role, teacher, tutor, parent, director or admin, as of now: document, whose facts it shows (scopes), until when time
leaves it as it is, and which transactions it saw.';
revoke all on function board.dashboard_documents(bigint, text, uuid[]) from public;
