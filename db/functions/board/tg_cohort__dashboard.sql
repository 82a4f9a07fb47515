create or replace function board.tg_cohort__dashboard() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    insert into board.director_cohort_dashboard (org_id, cohort_id)
    select n.org_id, n.id
    from new_rows as n
    order by n.org_id, n.id
    on conflict do nothing;
    return null;
end
$$;
comment on function board.tg_cohort__dashboard() is 'Gives a cohort the row of its page, so that refreshing only ever locks and updates.';
revoke all on function board.tg_cohort__dashboard() from public;

create or replace trigger tg_cohort__dashboard_insert
after insert on school.cohort
referencing new table as new_rows
for each statement execute function board.tg_cohort__dashboard();
