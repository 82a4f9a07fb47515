create or replace function board.renew_cohort_dashboard(cohort uuid) returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    org constant bigint := auth.org_id();
    answer text;
begin
    if not auth.directs(cohort) then
        raise 'there is no such cohort that you direct' using errcode = 'HR404';
    end if;
    -- What it has just computed, rather than what is current: alerts that it opens mark the cohort, and it would compute it once more.
    if board.refresh_cohorts(org, array[cohort], true) = 1 then
        select board.cohort_page(d) into answer
        from board.director_cohort_dashboard as d
        where d.org_id = org and d.cohort_id = cohort;
    end if;
    return coalesce(answer, board.cohort_dashboard(cohort));
end
$$;
comment on function board.renew_cohort_dashboard(uuid) is
'Computes the page of a cohort that the caller directs anew, whether or not it is out of date, evaluates its alerts, and answers it
(board.cohort_dashboard). One that another session is computing at this moment is left to it. Raises HR404 for any other cohort. Roles director,
admin.';
revoke all on function board.renew_cohort_dashboard(uuid) from public;
grant execute on function board.renew_cohort_dashboard(uuid) to homeroom_director, homeroom_admin;
