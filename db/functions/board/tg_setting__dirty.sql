create or replace function board.tg_setting__dirty() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    -- An operator's change, which concerns every organization; those that are being made wait.
    if exists (
        select from new_rows as n
        join old_rows as o on o.name = n.name
        where n.value <> o.value
            and n.name in (
                'trend_threshold', 'attention_overdue', 'attention_average', 'attention_days', 'mentor_capacity', 'stalled_review_days'
            )
    ) then
        lock table school.organization in share mode;
        insert into board.dashboard_update_queue (org_id, subject, priority, reason)
        select o.org_id, 'organization', 'low', 'setting'
        from school.organization as o;
    end if;
    return null;
end
$$;
comment on function board.tg_setting__dirty() is 'Marks every organization when a number changes by which dashboards judge.';
revoke all on function board.tg_setting__dirty() from public;

create or replace trigger tg_setting__dirty_update
after update on ops.setting
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_setting__dirty();
