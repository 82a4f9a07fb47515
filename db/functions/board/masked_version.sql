create or replace function board.masked_version(told jsonb, tier text) returns jsonb
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
begin
    return (
        select jsonb_object_agg(
            t.key, case when t.key in ('patch', 'document') then board.masked(t.value, masked_version.tier) else t.value end
        )
        from jsonb_each(told) as t
    );
end
$$;
comment on function board.masked_version(jsonb, text) is
'What board.told_version said of a student''s document, without what this tier does not see: the student may have had another one then. In a patch null
removes what is masked; the version that masks it comes later.';
revoke all on function board.masked_version(jsonb, text) from public;
