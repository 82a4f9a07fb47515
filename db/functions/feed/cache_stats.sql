create or replace function feed.cache_stats() returns json
language sql stable parallel safe security definer
set search_path = ''
as $$
    with process as (
        -- Of host:pid:random the part that says nothing about the machines.
        select split_part(p.name, ':', -1) as name, p.started_at, p.stats -> 'cache' as cache
        from ops.process as p
        where p.kind = 'api' and p.heard_at >= clock_timestamp() - p.silent_after
    ),
    total as (
        select json_object_agg(c.number, c.total order by c.number) as numbers
        from (
            select e.key as number, sum(e.value::numeric) as total
            from process as p
            cross join lateral jsonb_each_text(p.cache) as e
            group by e.key
        ) as c
    )
    select json_build_object(
        'total', coalesce(t.numbers, '{}'),
        'processes', (
            select coalesce(json_agg(json_build_object('name', p.name, 'started_at', board.utc(p.started_at), 'cache', p.cache) order by p.name), '[]')
            from process as p
        )
    )
    from total as t
$$;
comment on function feed.cache_stats() is
'How the response caches fare: {"total": numbers of api/cache.py added up, "processes": [{"name", "started_at", "cache": the same of each}]}. A
process tells its numbers every few seconds; of its name this has the random part alone, for an organization''s admin is not whoever runs the machines.';
revoke all on function feed.cache_stats() from public;
grant execute on function feed.cache_stats() to homeroom_admin;
