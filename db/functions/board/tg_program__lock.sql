create or replace function board.tg_program__lock() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    -- Stronger than the update's own lock: the foreign keys of tracks that come wait for it, and it for them.
    perform from school.program as p where p.org_id = old.org_id and p.id = old.id for update;
    return new;
end
$$;
comment on function board.tg_program__lock() is
'Before a program changes: lets tracks that are coming to it come first, and keeps others until the end, so that the marks that follow know all.';
revoke all on function board.tg_program__lock() from public;

create or replace trigger tg_program__lock
before update on school.program
for each row when (old.* is distinct from new.*)
execute function board.tg_program__lock();
