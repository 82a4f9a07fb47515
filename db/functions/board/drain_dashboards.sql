create or replace function board.drain_dashboards(org bigint, batch_size integer default 500) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    marks bigint := bigint '2' * batch_size;
    is_all boolean;
    roles text[];
    people uuid[];
begin
    -- Who has never looked computes at the first look, and who has computed since saw what was marked: nothing to do. Readers compare
    -- transactions, so that no mark is needed to tell them.
    update board.dashboard_update_queue as q set processed_at = clock_timestamp()
    where (q.org_id, q.id) in (
        select m.org_id, m.id
        from board.dashboard_update_queue as m
        where m.org_id = org and m.subject in ('teacher', 'tutor', 'parent') and m.processed_at is null and m.dead_at is null
            and not exists (
                select from board.dashboard_cache as c
                where c.org_id = org and c.role = m.subject and c.person_id = m.subject_id and c.document is not null
                    and not pg_visible_in_snapshot(m.txid, c.computed_in)
            )
        for update skip locked
    );

    loop
        -- As board.drain_students does: every other place is for those who are connected, so that the others have theirs, too.
        with waiting as materialized (
            select q.subject, q.subject_id, row_number() over (order by q.priority, q.queued_at) as place
            from board.dashboard_update_queue as q
            where q.org_id = org and q.subject in ('teacher', 'tutor', 'parent') and q.processed_at is null and q.dead_at is null
                and (q.not_before is null or q.not_before <= now())
            order by q.priority, q.queued_at
            limit marks
        ),
        connected as (
            select q.subject, q.subject_id, row_number() over (order by min(q.priority), min(q.queued_at)) as place
            from feed.presence as p
            join board.dashboard_update_queue as q
                on q.org_id = org and q.subject in ('teacher', 'tutor', 'parent') and q.subject = p.role and q.subject_id = p.person_id
            where p.org_id = org and p.until > now()
                and q.processed_at is null and q.dead_at is null and (q.not_before is null or q.not_before <= now())
            group by q.subject, q.subject_id
        ),
        locked as (
            select c.role, c.person_id
            from (
                select m.subject, m.subject_id, min(m.place) as place
                from (
                    select w.subject, w.subject_id, 2 * w.place as place from waiting as w
                    union all
                    select p.subject, p.subject_id, 2 * p.place - 1 from connected as p
                ) as m
                group by m.subject, m.subject_id
            ) as w
            join board.dashboard_cache as c on c.org_id = org and c.role = w.subject and c.person_id = w.subject_id
            order by w.place
            limit batch_size
            for update of c skip locked
        )
        select
            coalesce(array_agg(l.role), '{}'), coalesce(array_agg(l.person_id), '{}'),
            (select count(*) from waiting) < marks
        into roles, people, is_all
        from locked as l;
        exit when people <> '{}' or is_all;
        marks := marks * 10;
    end loop;

    perform board.try_dashboards(org, roles, people);
    return cardinality(people);
end
$$;
comment on function board.drain_dashboards(bigint, integer) is
'Refreshes the teachers, tutors and parents of an organization who have waited in the queue, at most batch_size, set-wise by role, in the
caller''s transaction. As board.drain_students does for students: any number of workers, retries, dead letters. Marks of whom nothing is
kept, or who have computed since, are finished. Answers how many were tried.';
revoke all on function board.drain_dashboards(bigint, integer) from public;
