create or replace function ops.analyze_aggregates() returns void
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
declare
    kept regclass;
begin
    for kept in select a.kept from ops.aggregate as a loop
        execute format('analyze %s', kept);
    end loop;
end
$$;
comment on function ops.analyze_aggregates() is
'Renews the planner''s statistics of every registered aggregate. After an import or a synthetic school, whose rows autovacuum would
come to know a minute later: until then a dashboard costs many times what it should. Only the owner may analyze.';
revoke all on function ops.analyze_aggregates() from public;
