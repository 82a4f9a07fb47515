create or replace function board.tg_organization__rules() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    -- As the migration gave them to the organizations that were there.
    insert into board.alert_rule (org_id, name, metric, comparison, threshold, margin, severity)
    select n.org_id, r.name, r.metric, r.comparison, r.threshold, r.margin, r.severity
    from new_rows as n
    cross join (
        values
        ('below_readiness', 'readiness', 'below', 50, 2, 'warning'),
        ('low_coverage', 'mentor_coverage', 'below', 80, 5, 'warning'),
        ('over_capacity', 'seat_utilization', 'above', 100, 0, 'warning'),
        ('payments_overdue', 'payments_overdue', 'above', 0, 0, 'warning'),
        ('stalled_reviews', 'stalled_reviews', 'above', 0, 0, 'critical')
    ) as r (name, metric, comparison, threshold, margin, severity);
    return null;
end
$$;
comment on function board.tg_organization__rules() is 'Gives a new organization the rules to begin with.';
revoke all on function board.tg_organization__rules() from public;

create or replace trigger tg_organization__rules_insert
after insert on school.organization
referencing new table as new_rows
for each statement execute function board.tg_organization__rules();
