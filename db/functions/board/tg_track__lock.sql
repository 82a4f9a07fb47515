create or replace function board.tg_track__lock() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    perform pg_advisory_xact_lock(board.director_key(old.org_id, old.id));
    return new;
end
$$;
comment on function board.tg_track__lock() is
'Before a track gets another director: lets the transactions end first that have named the present one in a mark (board.hold_directors).';
revoke all on function board.tg_track__lock() from public;

create or replace trigger tg_track__lock
before update on school.track
for each row when (old.director_id is distinct from new.director_id)
execute function board.tg_track__lock();
