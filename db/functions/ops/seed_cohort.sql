create or replace function ops.seed_cohort(class integer) returns integer
language sql immutable strict parallel safe security invoker
return (class - 1) / 3 * 2 + (class - 1) % 3 / 2 + 1;
comment on function ops.seed_cohort(integer) is
'Number of a synthetic class''s cohort: the first two classes of a house are one, the third is another.';
revoke all on function ops.seed_cohort(integer) from public;
