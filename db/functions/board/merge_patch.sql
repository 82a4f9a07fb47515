-- No `set` clause: a document is compared object by object, and who calls this has set the path.
create or replace function board.merge_patch(old jsonb, new jsonb, out patch jsonb, out is_exact boolean)
returns record
language plpgsql immutable strict parallel safe security invoker
as $$
#variable_conflict use_column
begin
    select
        jsonb_object_agg(p.key, coalesce(p.inner_patch, p.value)),
        coalesce(bool_and(p.is_exact), true)
    into patch, is_exact
    from (
        select
            c.key,
            case when c.is_object then coalesce(i.patch, '{}') end as inner_patch,
            -- Where the key is gone: null is what removes it.
            coalesce(c.value, 'null') as value,
            case when c.is_object then i.is_exact else c.value is distinct from 'null' end as is_exact
        from (
            select
                key, o.value as old_value, n.value, coalesce(jsonb_typeof(n.value) = 'object', false) as is_object
            from jsonb_each(merge_patch.old) as o
            full join jsonb_each(merge_patch.new) as n using (key)
            where o.value is distinct from n.value
        ) as c
        -- What was no object becomes one from nothing: the nulls in it would remove what is not there.
        left join lateral board.merge_patch(
            case jsonb_typeof(c.old_value) when 'object' then c.old_value else '{}' end, case when c.is_object then c.value end
        ) as i on true
    ) as p;
end
$$;
comment on function board.merge_patch(jsonb, jsonb) is
'What makes the one object of the other: patch, a JSON Merge Patch (RFC 7396), null where both are equal; and whether it does (is_exact). A merge patch
removes by null, and so cannot say that something is null: whoever needs that has to be given the new object.';
revoke all on function board.merge_patch(jsonb, jsonb) from public;
