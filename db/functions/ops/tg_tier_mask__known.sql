create or replace function ops.tg_tier_mask__known() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    -- As the table's constraints say, in words.
    if new.tier is null or new.tier not in ('free', 'premium') then
        raise 'there is no tier %: a tier is free or premium', coalesce(new.tier, 'null') using errcode = 'HR422', detail = 'tier';
    elsif new.path is null or new.path !~ '^[a-z_0-9]+(\.[a-z_0-9]+)*$' then
        raise 'a path is keys of the document joined by dots: readiness.gaps' using errcode = 'HR422', detail = 'path';
    end if;
    return new;
end
$$;
comment on function ops.tg_tier_mask__known() is
'Refuses a mask of a tier that there is not, or whose path is none, in a sentence (HR422). That a document has the path, `homeroom status` checks.';
revoke all on function ops.tg_tier_mask__known() from public;

create or replace trigger tg_tier_mask__known
before insert or update on ops.tier_mask
for each row execute function ops.tg_tier_mask__known();
