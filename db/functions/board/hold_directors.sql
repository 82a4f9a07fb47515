create or replace function board.hold_directors(org bigint, tracks uuid[]) returns boolean
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
begin
    return current_setting('transaction_isolation') = 'read committed' and (
        select coalesce(bool_and(pg_try_advisory_xact_lock_shared(board.director_key(org, t.id))), true)
        from (select u.id from unnest(tracks) as u (id) order by u.id) as t
    );
end
$$;
comment on function board.hold_directors(bigint, uuid[]) is
'Keeps who directs these tracks, as later statements see it, until the transaction ends: a mark names the director, and is not to be committed after
another has come and looked. Whoever changes it waits (board.tg_track__lock), this never does: false where somebody is changing it, and in a
transaction that is not read committed, which sees who directed once. The caller then marks everybody.';
revoke all on function board.hold_directors(bigint, uuid[]) from public;
