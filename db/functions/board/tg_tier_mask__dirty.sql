create or replace function board.tg_tier_mask__dirty() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    -- An operator's change, the one write that concerns every organization; those that are being made wait.
    lock table school.organization in share mode;
    insert into board.dashboard_update_queue (org_id, subject, priority, reason)
    select o.org_id, 'organization', 'high', 'tier mask'
    from school.organization as o;
    return null;
end
$$;
comment on function board.tg_tier_mask__dirty() is 'Marks every organization when what a tier may see changes.';
revoke all on function board.tg_tier_mask__dirty() from public;

create or replace trigger tg_tier_mask__dirty
after insert or update or delete or truncate on ops.tier_mask
for each statement execute function board.tg_tier_mask__dirty();
