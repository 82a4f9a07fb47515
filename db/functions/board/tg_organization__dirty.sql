create or replace function board.tg_organization__dirty() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    insert into board.dashboard_update_queue (org_id, subject, priority, reason)
    select n.org_id, 'organization', 'low', case when n.time_zone <> o.time_zone then 'time zone' else 'currency' end
    from new_rows as n
    join old_rows as o on o.org_id = n.org_id
    where n.time_zone <> o.time_zone or n.currency <> o.currency;
    return null;
end
$$;
comment on function board.tg_organization__dirty() is
'Marks an organization that changes its time zone, as today, midnight and the week are others for all its students, or its currency.';
revoke all on function board.tg_organization__dirty() from public;

create or replace trigger tg_organization__dirty_update
after update on school.organization
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_organization__dirty();
