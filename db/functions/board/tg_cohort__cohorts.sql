create or replace function board.tg_cohort__cohorts() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    changed record;
begin
    if tg_op = 'UPDATE' then
        for changed in
            select m.org_id, array_agg(distinct m.student_id) as students
            from new_rows as n
            join old_rows as o on o.org_id = n.org_id and o.id = n.id and o.track_id <> n.track_id
            join school.cohort_member as m on m.org_id = n.org_id and m.cohort_id = n.id
            group by m.org_id
        loop
            perform board.count_members(changed.org_id, changed.students, 'cohort');
        end loop;
        for changed in
            select
                r.org_id, array_agg(distinct r.id) as cohorts,
                coalesce(array_agg(distinct r.track_id) filter (where r.moves), '{}') as tracks
            from (
                select n.org_id, n.id, n.track_id, o.id is null or o.track_id <> n.track_id as moves
                from new_rows as n
                left join old_rows as o on o.org_id = n.org_id and o.id = n.id
                union all
                select o.org_id, o.id, o.track_id, n.id is null or o.track_id <> n.track_id
                from old_rows as o
                left join new_rows as n on n.org_id = o.org_id and n.id = o.id
            ) as r
            group by r.org_id
        loop
            perform board.mark_cohorts(changed.org_id, changed.cohorts, 'cohort');
            perform board.mark_tracks(changed.org_id, changed.tracks, 'cohort');
        end loop;
    elsif tg_op = 'INSERT' then
        for changed in
            select n.org_id, array_agg(n.id) as cohorts, array_agg(distinct n.track_id) as tracks from new_rows as n group by n.org_id
        loop
            perform board.mark_cohorts(changed.org_id, changed.cohorts, 'cohort');
            perform board.mark_tracks(changed.org_id, changed.tracks, 'cohort');
        end loop;
    else
        for changed in
            select o.org_id, array_agg(o.id) as cohorts, array_agg(distinct o.track_id) as tracks from old_rows as o group by o.org_id
        loop
            perform board.mark_cohorts(changed.org_id, changed.cohorts, 'cohort');
            perform board.mark_tracks(changed.org_id, changed.tracks, 'cohort');
        end loop;
    end if;
    return null;
end
$$;
comment on function board.tg_cohort__cohorts() is
'Marks cohorts that come, change or go. Where the set of somebody''s cohorts changes by it, also those who direct the tracks that they come to
and leave, by a row without cohort. Counts the members of one that moves anew: their missions are others then.';
revoke all on function board.tg_cohort__cohorts() from public;

create or replace trigger tg_cohort__cohorts_insert
after insert on school.cohort
referencing new table as new_rows
for each statement execute function board.tg_cohort__cohorts();

create or replace trigger tg_cohort__cohorts_update
after update on school.cohort
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_cohort__cohorts();

create or replace trigger tg_cohort__cohorts_delete
after delete on school.cohort
referencing old table as old_rows
for each statement execute function board.tg_cohort__cohorts();
