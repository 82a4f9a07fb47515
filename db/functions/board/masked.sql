-- No `set` clause: each costs a read of the dashboard several microseconds, and who calls this has set the path.
create or replace function board.masked(document jsonb, tier text) returns jsonb
language plpgsql stable parallel safe security invoker
as $$
#variable_conflict use_column
declare
    mask record;
    depth integer;
begin
    for mask in
        select string_to_array(m.path, '.') as path, case when m.shows_upgrade then '"upgrade_required"' else 'null' end::jsonb as instead
        from ops.tier_mask as m
        where m.tier = masked.tier and document ? split_part(m.path, '.', 1)
    loop
        -- As far as the path goes through objects. What leads into an array hides the array: nothing of it may show.
        depth := 1;
        while depth < cardinality(mask.path) and jsonb_typeof(document #> mask.path[:depth]) = 'object' loop
            depth := depth + 1;
        end loop;
        -- A path that is not there is not made; nothing is hidden in null.
        if jsonb_typeof(document #> mask.path[:depth]) <> 'null' or depth = cardinality(mask.path) then
            document := jsonb_set(document, mask.path[:depth], mask.instead, false);
        end if;
    end loop;
    return document;
end
$$;
comment on function board.masked(jsonb, text) is
'A student''s document without what a tier does not see: ops.tier_mask says which paths, and whether null or "upgrade_required" stands
there instead. A path through something that is no object hides that.';
revoke all on function board.masked(jsonb, text) from public;
