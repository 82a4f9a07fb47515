create or replace function board.tg_cohort__lock() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise 'a cohort moves to another track in a transaction that is read committed: another does not see who has come meanwhile'
            using errcode = 'HR409', detail = 'track_id';
    end if;
    -- Stronger than the update's own lock: foreign keys wait for it, and it for them; one with a snapshot of before gets 40001.
    perform from school.cohort as c where c.org_id = old.org_id and c.id = old.id for update;
    return new;
end
$$;
comment on function board.tg_cohort__lock() is
'Before a cohort moves to another track: lets whoever is joining end first and keeps others until the end, so that the count that follows knows
all members. Raises HR409 in a transaction that is not read committed.';
revoke all on function board.tg_cohort__lock() from public;

create or replace trigger tg_cohort__lock
before update on school.cohort
for each row when (old.track_id is distinct from new.track_id)
execute function board.tg_cohort__lock();
