create or replace function board.mark_directors(org bigint, director uuid default null, cohort uuid default null) returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    marked bigint := 0;
    found_marks bigint;
begin
    if cohort is not null then
        insert into board.dashboard_update_queue (org_id, subject, subject_id, cohort_id, priority, reason)
        select c.org_id, 'director', t.director_id, c.id, 'low', 'operator'
        from school.cohort as c
        join school.track as t on t.org_id = c.org_id and t.id = c.track_id
        where c.org_id = mark_directors.org and c.id = mark_directors.cohort
            and (mark_directors.director is null or t.director_id = mark_directors.director);
        get diagnostics marked = row_count;
        return marked;
    end if;
    -- Of no one cohort: all that the director has; and of nobody, what has no director.
    insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
    select c.org_id, 'director', c.person_id, 'low', 'operator'
    from board.dashboard_cache as c
    where c.org_id = mark_directors.org and c.role = 'director'
        and (mark_directors.director is null or c.person_id = mark_directors.director)
    order by c.person_id;
    get diagnostics marked = row_count;
    if mark_directors.director is null then
        insert into board.dashboard_update_queue (org_id, subject, priority, reason)
        select mark_directors.org, 'director', 'low', 'operator'
        where exists (
            select from school.track as t where t.org_id = mark_directors.org and t.director_id is null
        );
        get diagnostics found_marks = row_count;
        marked := marked + found_marks;
    end if;
    return marked;
end
$$;
comment on function board.mark_directors(bigint, uuid, uuid) is
'Puts a cohort, or a director with all cohorts, or all of an organization, into the queue: they are computed anew. Answers how many marks that took: 0 where
there is no such cohort or director.';
revoke all on function board.mark_directors(bigint, uuid, uuid) from public;
