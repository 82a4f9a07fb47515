create or replace function ingest.keep_rejected(
    org bigint, source_name text, entity_name text, staging regclass, first_line bigint, last_line bigint
) returns integer
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
declare
    bad ingest.rejected[];
begin
    execute format(
        'select coalesce(array_agg(($1, $2, $3, s.line, '
        'coalesce(to_jsonb(s.raw), to_jsonb(s) - ''{line,raw,reason}''::text[]), s.reason, now())::ingest.rejected), ''{}'') '
        'from %s as s '
        'where s.reason is not null',
        staging
    )
    into bad
    using org, source_name, entity_name;

    delete from ingest.rejected as r
    where r.org_id = org
        and r.source = source_name
        and r.entity = entity_name
        and r.line between first_line and last_line
        -- hashed, however many there are
        and r.line not in (select b.line from unnest(bad) as b);

    insert into ingest.rejected as r (org_id, source, entity, line, row_data, reason, rejected_at)
    select b.org_id, b.source, b.entity, b.line, b.row_data, b.reason, b.rejected_at
    from unnest(bad) as b
    order by b.line
    on conflict (org_id, source, entity, line) do update set
        row_data = excluded.row_data,
        reason = excluded.reason,
        rejected_at = excluded.rejected_at
        where (r.row_data, r.reason) is distinct from (excluded.row_data, excluded.reason);

    return cardinality(bad);
end
$$;
comment on function ingest.keep_rejected(bigint, text, text, regclass, bigint, bigint) is
'Makes ingest.rejected say of the lines first_line to last_line of a file (entity_name) what the column reason of its staging
table says, and answers how many lines that are. A line rejected before that now is good, or gone, leaves; one that is
rejected for the same reason again keeps its time.';
revoke all on function ingest.keep_rejected(bigint, text, text, regclass, bigint, bigint) from public;
