create or replace function board.renew_cohort_dashboard(cohort uuid) returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    if not auth.directs(cohort) then
        raise 'there is no such cohort that you direct' using errcode = 'HR404';
    end if;
    perform board.refresh_cohorts(auth.org_id(), array[cohort]);
    return board.cohort_dashboard(cohort);
end
$$;
comment on function board.renew_cohort_dashboard(uuid) is
'Computes the page of a cohort that the caller directs anew, whether or not it is out of date, evaluates its alerts, and answers it
(board.cohort_dashboard). One that another session is computing at this moment is left to it. Raises HR404 for any other cohort. Roles director,
admin.';
revoke all on function board.renew_cohort_dashboard(uuid) from public;
grant execute on function board.renew_cohort_dashboard(uuid) to homeroom_director, homeroom_admin;
