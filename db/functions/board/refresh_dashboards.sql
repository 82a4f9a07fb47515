create or replace function board.refresh_dashboards(org bigint, role text, people uuid[]) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    wanted constant text := role;
    locked uuid[];
    seen bigint[];
    told bigint;
begin
    -- First lock, then look, as board.refresh_students does.
    locked := array(
        select c.person_id
        from board.dashboard_cache as c
        where c.org_id = org and c.role = wanted and c.person_id = any (people)
        order by c.person_id
        for update skip locked
    );
    if locked = '{}' then
        return 0;
    end if;
    if wanted in ('director', 'admin') then
        seen := array(
            select q.id
            from board.dashboard_update_queue as q
            where q.org_id = org and q.subject in ('director summary', 'admin summary') and q.subject = wanted || ' summary'
                and q.subject_id = any (locked) and q.processed_at is null
            for update skip locked
        );
    else
        seen := array(
            select q.id
            from board.dashboard_update_queue as q
            where q.org_id = org and q.subject in ('teacher', 'tutor', 'parent') and q.subject = wanted and q.subject_id = any (locked)
                and q.processed_at is null
            -- A worker may be finishing some, without this document: a reader waits for nobody.
            for update skip locked
        );
    end if;

    with before as materialized (
        select c.person_id, c.version, c.document
        from board.dashboard_cache as c
        where c.org_id = org and c.role = wanted and c.person_id = any (locked) and c.document is not null
    ),
    after as (
        update board.dashboard_cache as c set
            version = c.version + (
                c.document is null or (c.document::text <> d.document::text and c.document::jsonb <> d.document::jsonb)
            )::integer,
            updated_at = now(),
            fresh_until = d.fresh_until,
            computed_in = d.computed_in,
            scopes = d.scopes,
            document = d.document
        from board.dashboard_documents(org, wanted, locked) as d
        where c.org_id = org and c.role = wanted and c.person_id = d.person_id
        returning c.person_id, c.version, c.document, c.updated_at
    )
    -- A new version is told to who follows it, in the transaction that stores it.
    insert into feed.event (org_id, topics, kind, payload)
    select
        org,
        array['dashboard:' || wanted || ':' || a.person_id],
        'update',
        case
            -- As board.dashboard answers it.
            when t.told ? 'document' and wanted <> 'parent' then jsonb_set(
                t.told, '{document}',
                jsonb_build_object(
                    case when wanted in ('director', 'admin') then 'cache_updated_at' else 'last_updated' end, board.utc(a.updated_at)
                ) || (t.told -> 'document')
            )
            else t.told
        end::json
    from after as a
    join before as b on b.person_id = a.person_id and b.version < a.version
    cross join lateral board.told_version(a.version, b.document::jsonb, a.document::jsonb) as t (told);
    get diagnostics told = row_count;
    if told > 0 then
        perform feed.wake();
    end if;

    update board.dashboard_update_queue as q set processed_at = clock_timestamp(), dead_at = null
    where q.org_id = org and q.id = any (seen);
    return cardinality(locked);
end
$$;
comment on function board.refresh_dashboards(bigint, text, uuid[]) is
'Computes the dashboards of these people in a role (teacher, tutor, parent, director, admin) anew, stores them, and finishes what stood in the queue for
them. Who follows a dashboard is told of its new version, unless nothing has changed or it is the first. Answers how many; those whom
another session is refreshing are left to it, those who have no such dashboard do not count.';
revoke all on function board.refresh_dashboards(bigint, text, uuid[]) from public;
