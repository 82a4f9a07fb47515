create or replace function ops.analyze_interactions() returns void
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
begin
    analyze school.interaction;
end
$$;
comment on function ops.analyze_interactions() is
'Renews the planner''s statistics of school.interaction as a whole. Autovacuum does so for each partition, never for the
partitioned table. A daily job; only the owner may analyze.';
revoke all on function ops.analyze_interactions() from public;
