-- For cohorts and missions, whose track decides what counts.
create or replace function board.tg_moving__lock() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise 'a % moves in a transaction that is read committed: another does not see who has come meanwhile', tg_table_name
            using errcode = 'HR409';
    end if;
    -- Stronger than the update's own lock, so that foreign keys wait for it and it for them.
    if tg_table_name = 'cohort' then
        perform from school.cohort as c where c.org_id = old.org_id and c.id = old.id for update;
    else
        perform from school.mission as i where i.org_id = old.org_id and i.id = old.id for update;
    end if;
    return new;
end
$$;
comment on function board.tg_moving__lock() is
'Before a cohort moves to another track, or a mission does or ceases to be a draft: lets whoever is joining or beginning it end first, and keeps
others until the end, so that the count that follows knows all whom it concerns. Raises HR409 in a transaction that is not read
committed.';
revoke all on function board.tg_moving__lock() from public;

create or replace trigger tg_cohort__lock
before update on school.cohort
for each row when (old.track_id is distinct from new.track_id)
execute function board.tg_moving__lock();

create or replace trigger tg_mission__lock
before update on school.mission
for each row when (old.track_id is distinct from new.track_id or (old.status = 'draft') <> (new.status = 'draft'))
execute function board.tg_moving__lock();
