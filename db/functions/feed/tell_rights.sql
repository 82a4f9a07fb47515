create or replace function feed.tell_rights(orgs bigint[], topics text[]) returns void
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
declare
    -- An event names so many at most: thousands may be enrolled by one statement.
    most constant integer := 500;
begin
    if orgs is null then
        return;
    end if;
    insert into feed.event (org_id, topics, kind, payload)
    select p.org_id, array_agg(p.topic), 'rights', json_build_object('timestamp', board.utc(clock_timestamp()))
    from (
        select d.org_id, d.topic, (row_number() over (partition by d.org_id order by d.topic) - 1) / most as part
        from (
            select distinct a.org_id, a.topic
            from unnest(orgs, tell_rights.topics) as a (org_id, topic)
            where a.topic is not null
        ) as d
    ) as p
    group by p.org_id, p.part;
    if found then
        perform feed.wake();
    end if;
end
$$;
comment on function feed.tell_rights(bigint[], text[]) is
'Writes that rights have changed: whoever hears one of these topics (each with its organization) may hear others from now on. Two arrays of the same
length, nulls passed over; null: nothing has changed. For the reader of the feed, which asks feed.topics() anew; no client is told. Imports
and seeds tell it too.';
revoke all on function feed.tell_rights(bigint[], text[]) from public;
