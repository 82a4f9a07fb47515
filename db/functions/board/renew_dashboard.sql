create or replace function board.renew_dashboard() returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    perform board.refresh_dashboards(auth.org_id(), auth.claims() ->> 'role', array[auth.person_id()]);
    return board.dashboard();
end
$$;
comment on function board.renew_dashboard() is
'Computes the summary of the director or admin who asks anew, whether or not it is out of date, and answers it (board.dashboard). One that another
session is computing at this moment is left to it. Roles director, admin.';
revoke all on function board.renew_dashboard() from public;
grant execute on function board.renew_dashboard() to homeroom_director, homeroom_admin;
