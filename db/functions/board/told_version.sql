create or replace function board.told_version(version bigint, old jsonb, new jsonb) returns jsonb
language plpgsql volatile parallel safe security invoker
set search_path = ''
as $$
declare
    -- Below the bound of feed.event, with room for what is added. What is small cannot become longer than that as text.
    longest constant integer := 114688;
    small constant integer := 16384;
    told constant jsonb := jsonb_build_object('version', version, 'timestamp', board.utc(clock_timestamp()));
    change record;
begin
    select c.patch, c.is_exact into change from board.merge_patch(old, new) as c;
    if change.is_exact and pg_column_size(change.patch) <= pg_column_size(new)
        and (pg_column_size(change.patch) <= small or octet_length(change.patch::text) <= longest)
    then
        return told || jsonb_build_object('patch', change.patch);
    elsif octet_length(new::text) <= longest then
        return told || jsonb_build_object('document', new);
    end if;
    return told;
end
$$;
comment on function board.told_version(bigint, jsonb, jsonb) is
'What an event says of a document''s new version: {"version", "timestamp"} and patch, from the version before; or the document itself, where a patch cannot
say it or would be longer; or neither, where both are too long for an event: who follows it reads it afresh.';
revoke all on function board.told_version(bigint, jsonb, jsonb) from public;
