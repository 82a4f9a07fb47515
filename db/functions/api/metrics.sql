create or replace function api.metrics() returns json
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
begin
    return (
        select coalesce(json_agg(json_build_object('name', m.name, 'help', m.help, 'samples', m.samples) order by m.name), '[]')
        from (
            select name, min(help) as help, json_agg(json_build_object('labels', labels, 'value', value) order by labels) as samples
            from ops.metric
            group by name
        ) as m
    );
end
$$;
comment on function api.metrics() is
'GET /metrics: the gauges of ops.metric, [{"name", "help", "samples": [{"labels": {…}, "value"}]}]. No claims needed: it says nothing about
persons or organizations.';
revoke all on function api.metrics() from public;
grant execute on function api.metrics() to homeroom_api;
