create or replace function ops.seed_number(key text) returns double precision
language sql immutable strict parallel safe security invoker
return ('x' || substr(md5(key), 1, 8))::bit(32)::bigint / 4294967296.0::double precision;
comment on function ops.seed_number(text) is
'A number in [0, 1) that looks random and is always the same for the same key: the dice of the synthetic school.';
revoke all on function ops.seed_number(text) from public;

-- For what is thrown a million times: a quarter of the cost. hashint8extended is the hash of partitioned tables, which cannot
-- change between versions.
create or replace function ops.seed_number(key bigint, question text) returns double precision
language sql immutable strict parallel safe security invoker
return ((hashint8extended(key, hashtextextended(question, 0)) >> 11) & 9007199254740991) / 9007199254740992.0::double precision;
comment on function ops.seed_number(bigint, text) is
'A number in [0, 1) that looks random and is always the same for the same key and question: the dice of the synthetic school.';
revoke all on function ops.seed_number(bigint, text) from public;
