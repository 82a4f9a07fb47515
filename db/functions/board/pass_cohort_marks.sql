create or replace function board.pass_cohort_marks(org bigint, marks bigint[]) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    if marks = '{}' then
        return;
    end if;
    insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason, txid)
    with mark as materialized (
        select q.subject_id, q.cohort_id, q.priority, q.reason, q.txid
        from board.dashboard_update_queue as q
        where q.org_id = org and q.id = any (marks)
    ),
    told (role, person_id, priority, reason, txid) as (
        select 'director', m.subject_id, m.priority, m.reason, m.txid
        from mark as m
        where m.subject_id is not null
        union all
        -- Who directs the cohort by now.
        select 'director', t.director_id, m.priority, m.reason, m.txid
        from mark as m
        join school.cohort as c on c.org_id = org and c.id = m.cohort_id
        join school.track as t on t.org_id = org and t.id = c.track_id
        where t.director_id is distinct from m.subject_id
        union all
        select 'admin', c.person_id, m.priority, m.reason, m.txid
        from (
            select
                min(k.priority) as priority, max(k.txid) as txid,
                case when bool_or(k.reason = 'operator') then 'operator' else min(k.reason) end as reason
            from mark as k
        ) as m
        join board.dashboard_cache as c on c.org_id = org and c.role = 'admin'
    )
    select
        org, t.role || ' summary', t.person_id, min(t.priority),
        case when bool_or(t.reason = 'operator') then 'operator' else min(t.reason) end, max(t.txid)
    from told as t
    join board.dashboard_cache as c on c.org_id = org and c.role = t.role and c.person_id = t.person_id
    -- Kept ready is what is looked at. Who computed it since needs no telling.
    where c.document is not null and not pg_visible_in_snapshot(t.txid, c.computed_in)
        and (
            c.seen_at > now() - interval '1 day'
            or exists (
                select from feed.presence as p
                where p.org_id = org and p.role = t.role and p.person_id = t.person_id and p.until > now()
            )
        )
    group by t.role, t.person_id
    order by t.role, t.person_id;
end
$$;
comment on function board.pass_cohort_marks(bigint, bigint[]) is
'Tells the worker whose summaries these marks of cohorts put out of date, of directors and admins who looked at theirs within a day or are connected. Whoever finishes
such marks calls it. As board.pass_marks_on: the new marks bear the transaction of the change, and readers look at the first ones themselves.';
revoke all on function board.pass_cohort_marks(bigint, bigint[]) from public;
