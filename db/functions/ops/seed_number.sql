create or replace function ops.seed_number(key text) returns double precision
language sql immutable strict parallel safe security invoker
return ('x' || substr(md5(key), 1, 8))::bit(32)::bigint / 4294967296.0::double precision;
comment on function ops.seed_number(text) is
'A number in [0, 1) that looks random and is always the same for the same key: the dice of the synthetic school.';
revoke all on function ops.seed_number(text) from public;
