create or replace function board.tg_organization__totals() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    gone constant bigint[] := array(select o.org_id from old_rows as o);
    kept regclass;
begin
    for kept in
        select a.kept from ops.aggregate as a
        union
        select a.deltas from ops.aggregate as a where a.deltas is not null
    loop
        execute format('delete from %s where org_id = any ($1)', kept) using gone;
    end loop;
    return null;
end
$$;
comment on function board.tg_organization__totals() is
'Takes a deleted organization''s rows out of every aggregate and its deltas. They add up to nothing by then, but no job would fold them.';
revoke all on function board.tg_organization__totals() from public;

create or replace trigger tg_organization__totals_delete
after delete on school.organization
referencing old table as old_rows
for each statement execute function board.tg_organization__totals();
