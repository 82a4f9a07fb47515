create or replace function ops.seed_id(school_name text, kind text, n integer) returns uuid
language sql immutable strict parallel safe security invoker
return md5(school_name || '/' || kind || '/' || n::text)::uuid;
comment on function ops.seed_id(text, text, integer) is
'Id of the n-th person of a kind (student, teacher, …) in the synthetic school of this name.';
revoke all on function ops.seed_id(text, text, integer) from public;
