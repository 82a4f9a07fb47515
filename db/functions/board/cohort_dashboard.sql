create or replace function board.cohort_dashboard(cohort uuid) returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    page board.director_cohort_dashboard;
begin
    if not auth.directs(cohort) then
        raise 'there is no such cohort that you direct' using errcode = 'HR404';
    end if;
    page := board.current_cohort_dashboard(auth.org_id(), cohort);
    -- Deleted between the two statements.
    if page.document is null then
        raise 'there is no such cohort that you direct' using errcode = 'HR404';
    end if;
    -- As board.dashboard: a transaction that is held open keeps its now(), and a document is of the present.
    if clock_timestamp() > now() + interval '10 seconds' then
        raise 'a dashboard is of the present, and this transaction began too long ago' using errcode = 'HR409';
    end if;
    return '{"cache_updated_at": "' || board.utc(page.updated_at) || '", ' || substr(page.document::text, strpos(page.document::text, '{') + 1);
end
$$;
comment on function board.cohort_dashboard(uuid) is
'The page of a cohort that the caller directs, as JSON: board.cohort_documents says what is in it; cache_updated_at: when it was computed. Never older
than the last change that was committed before. Raises HR404 for any other cohort. Roles director, admin.';
revoke all on function board.cohort_dashboard(uuid) from public;
grant execute on function board.cohort_dashboard(uuid) to homeroom_director, homeroom_admin;
