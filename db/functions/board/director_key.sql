create or replace function board.director_key(org bigint, track uuid) returns bigint
language sql immutable parallel safe security invoker
return hashtextextended('director of ' || org || '/' || track, 0);
comment on function board.director_key(bigint, uuid) is
'Key of the advisory lock on who directs a track: shared by whoever names the director in a mark, exclusive to who changes it.';
revoke all on function board.director_key(bigint, uuid) from public;
