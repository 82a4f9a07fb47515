create or replace function board.tg_mission__lock() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise 'a mission moves, or does or ceases to be a draft, in a transaction that is read committed: another does not see who has come meanwhile'
            using errcode = 'HR409', detail = 'track_id';
    end if;
    -- Stronger than the update's own lock: foreign keys wait for it, and it for them; one with a snapshot of before gets 40001.
    perform from school.mission as i where i.org_id = old.org_id and i.id = old.id for update;
    return new;
end
$$;
comment on function board.tg_mission__lock() is
'Before a mission moves to another track, or does or ceases to be a draft: lets whoever is beginning it end first and keeps others until the
end, so that the count that follows knows all who have begun it. Raises HR409 in a transaction that is not read committed.';
revoke all on function board.tg_mission__lock() from public;

create or replace trigger tg_mission__lock
before update on school.mission
for each row when (old.track_id is distinct from new.track_id or (old.status = 'draft') <> (new.status = 'draft'))
execute function board.tg_mission__lock();
