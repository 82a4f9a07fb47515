create or replace function board.tg_mentor_session__cohorts() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    changed record;
begin
    if tg_op = 'INSERT' then
        insert into board.cohort_delta (org_id, cohort_id, sessions_scheduled, sessions_held, sessions_missed, sessions_cancelled)
        select
            n.org_id, n.cohort_id,
            count(*) filter (where n.status = 'scheduled'), count(*) filter (where n.status = 'held'),
            count(*) filter (where n.status = 'missed'), count(*) filter (where n.status = 'cancelled')
        from new_rows as n
        group by n.org_id, n.cohort_id;
        for changed in select n.org_id, array_agg(distinct n.cohort_id) as cohorts from new_rows as n group by n.org_id loop
            perform board.mark_cohorts(changed.org_id, changed.cohorts, 'mentor_session');
        end loop;
    elsif tg_op = 'DELETE' then
        insert into board.cohort_delta (org_id, cohort_id, sessions_scheduled, sessions_held, sessions_missed, sessions_cancelled)
        select
            o.org_id, o.cohort_id,
            -count(*) filter (where o.status = 'scheduled'), -count(*) filter (where o.status = 'held'),
            -count(*) filter (where o.status = 'missed'), -count(*) filter (where o.status = 'cancelled')
        from old_rows as o
        group by o.org_id, o.cohort_id;
        for changed in select o.org_id, array_agg(distinct o.cohort_id) as cohorts from old_rows as o group by o.org_id loop
            perform board.mark_cohorts(changed.org_id, changed.cohorts, 'mentor_session');
        end loop;
    else
        insert into board.cohort_delta (org_id, cohort_id, sessions_scheduled, sessions_held, sessions_missed, sessions_cancelled)
        select d.org_id, d.cohort_id, d.scheduled, d.held, d.missed, d.cancelled
        from (
            select
                r.org_id, r.cohort_id,
                coalesce(sum(r.sign) filter (where r.status = 'scheduled'), 0) as scheduled,
                coalesce(sum(r.sign) filter (where r.status = 'held'), 0) as held,
                coalesce(sum(r.sign) filter (where r.status = 'missed'), 0) as missed,
                coalesce(sum(r.sign) filter (where r.status = 'cancelled'), 0) as cancelled
            from (
                select org_id, cohort_id, status, 1 as sign from new_rows
                union all
                select org_id, cohort_id, status, -1 from old_rows
            ) as r
            group by r.org_id, r.cohort_id
        ) as d
        where (d.scheduled, d.held, d.missed, d.cancelled) <> (0, 0, 0, 0);
        for changed in
            select r.org_id, array_agg(r.cohort_id) as cohorts
            from (select org_id, cohort_id from new_rows union select org_id, cohort_id from old_rows) as r
            group by r.org_id
        loop
            perform board.mark_cohorts(changed.org_id, changed.cohorts, 'mentor_session');
        end loop;
    end if;
    return null;
end
$$;
comment on function board.tg_mentor_session__cohorts() is
'Appends what sessions add to the totals of their cohorts, and marks these: also where no number changes, as pages show more.';
revoke all on function board.tg_mentor_session__cohorts() from public;

create or replace trigger tg_mentor_session__cohorts_insert
after insert on school.mentor_session
referencing new table as new_rows
for each statement execute function board.tg_mentor_session__cohorts();

create or replace trigger tg_mentor_session__cohorts_update
after update on school.mentor_session
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_mentor_session__cohorts();

create or replace trigger tg_mentor_session__cohorts_delete
after delete on school.mentor_session
referencing old table as old_rows
for each statement execute function board.tg_mentor_session__cohorts();
