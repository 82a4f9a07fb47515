create or replace function board.tg_alert_rule__dirty() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    if tg_op = 'INSERT' then
        perform board.mark_ruled(r.org_id, array_agg(distinct r.track_id)) from new_rows as r group by r.org_id;
    elsif tg_op = 'DELETE' then
        perform board.mark_ruled(r.org_id, array_agg(distinct r.track_id)) from old_rows as r group by r.org_id;
    else
        perform board.mark_ruled(r.org_id, array_agg(distinct r.track_id))
        from (
            select n.org_id, n.track_id from new_rows as n
            union all
            select o.org_id, o.track_id from old_rows as o
        ) as r
        group by r.org_id;
    end if;
    return null;
end
$$;
comment on function board.tg_alert_rule__dirty() is 'Marks the cohorts for which a rule begins, changes or ends: the worker judges them anew.';
revoke all on function board.tg_alert_rule__dirty() from public;

create or replace trigger tg_alert_rule__dirty_insert
after insert on board.alert_rule
referencing new table as new_rows
for each statement execute function board.tg_alert_rule__dirty();

create or replace trigger tg_alert_rule__dirty_update
after update on board.alert_rule
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_alert_rule__dirty();

create or replace trigger tg_alert_rule__dirty_delete
after delete on board.alert_rule
referencing old table as old_rows
for each statement execute function board.tg_alert_rule__dirty();
