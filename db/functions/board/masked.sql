create or replace function board.masked(document jsonb, tier text) returns jsonb
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
    mask record;
begin
    for mask in
        select string_to_array(m.path, '.') as path, case when m.shows_upgrade then '"upgrade_required"' else 'null' end::jsonb as instead
        from ops.tier_mask as m
        where m.tier = masked.tier
    loop
        -- A path that is not there is not made; nor is there anything below null.
        document := jsonb_set(document, mask.path, mask.instead, false);
    end loop;
    return document;
end
$$;
comment on function board.masked(jsonb, text) is
'A student''s document without what a tier does not see: ops.tier_mask says which paths, and whether null or "upgrade_required"
stands there instead.';
revoke all on function board.masked(jsonb, text) from public;
