create or replace function board.cacheable_cohort(cohort uuid) returns api.cacheable
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
    -- As board.cacheable_dashboard: a transaction that is held open keeps its now(), and a document is of the present.
    if clock_timestamp() > now() + interval '10 seconds' then
        raise 'a dashboard is of the present, and this transaction began too long ago' using errcode = 'HR409';
    end if;
    return row(
        board.cohort_page(page),
        -- Who directs it is no part of it, but decides who may read it: who does not any more is told by `d`, as all directors are.
        board.document_tags('d', cohort, page.scopes),
        date_part('epoch', page.fresh_until - clock_timestamp())
    )::api.cacheable;
end
$$;
comment on function board.cacheable_cohort(uuid) is
'The page of a cohort that the caller directs, as JSON: board.cohort_documents says what is in it; cache_updated_at: when it was computed. Never older
than the last change that was committed before. Raises HR404 for any other cohort. Roles director, admin.';
revoke all on function board.cacheable_cohort(uuid) from public;
grant execute on function board.cacheable_cohort(uuid) to homeroom_director, homeroom_admin;
