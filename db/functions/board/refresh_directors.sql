create or replace function board.refresh_directors(org bigint) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    batch_size constant integer := 200;
    done integer := 0;
    wanted text;
    batch uuid[];
begin
    for batch in
        select array_agg(k.cohort_id)
        from (
            select d.cohort_id, row_number() over (order by d.cohort_id) / batch_size as batch
            from board.director_cohort_dashboard as d
            where d.org_id = refresh_directors.org
        ) as k
        group by k.batch
    loop
        begin
            done := done + board.refresh_cohorts(org, batch);
        exception when others then
            -- One of them cannot be computed: the queue finds out which, and lets it hold nobody up.
            perform board.mark_cohorts(org, batch, 'time', 'low');
        end;
    end loop;
    foreach wanted in array array['director', 'admin'] loop
        for batch in
            select array_agg(k.person_id)
            from (
                select c.person_id, row_number() over (order by c.person_id) / batch_size as batch
                from board.dashboard_cache as c
                where c.org_id = refresh_directors.org and c.role = wanted
            ) as k
            group by k.batch
        loop
            begin
                done := done + board.refresh_dashboards(org, wanted, batch);
            exception when others then
                insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
                select refresh_directors.org, wanted || ' summary', s.id, 'low', 'time'
                from unnest(batch) as s (id);
            end;
        end loop;
    end loop;
    return done;
end
$$;
comment on function board.refresh_directors(bigint) is
'Refreshes every cohort of an organization and the summary of every director and admin, evaluating all alerts, in batches. Answers how many. A job, every five
minutes.';
revoke all on function board.refresh_directors(bigint) from public;
