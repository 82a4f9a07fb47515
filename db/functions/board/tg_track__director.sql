create or replace function board.tg_track__director() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    changed record;
begin
    if tg_op = 'INSERT' then
        insert into board.dashboard_update_queue (org_id, subject, subject_id, reason)
        select distinct n.org_id, 'director', n.director_id, 'track' from new_rows as n;
    elsif tg_op = 'DELETE' then
        insert into board.dashboard_update_queue (org_id, subject, subject_id, reason)
        select distinct o.org_id, 'director', o.director_id, 'track' from old_rows as o;
    else
        insert into board.dashboard_update_queue (org_id, subject, subject_id, reason)
        select r.org_id, 'director', r.director_id, 'track'
        from (select org_id, director_id from new_rows union select org_id, director_id from old_rows) as r;
        for changed in
            select c.org_id, array_agg(c.id) as cohorts
            from new_rows as n
            join school.cohort as c on c.org_id = n.org_id and c.track_id = n.id
            group by c.org_id
        loop
            perform board.mark_cohorts(changed.org_id, changed.cohorts, 'track');
        end loop;
    end if;
    return null;
end
$$;
comment on function board.tg_track__director() is
'Marks who directs a track that comes, changes or goes, and who did before; and its cohorts, whose pages name it.';
revoke all on function board.tg_track__director() from public;

create or replace trigger tg_track__director_insert
after insert on school.track
referencing new table as new_rows
for each statement execute function board.tg_track__director();

create or replace trigger tg_track__director_update
after update on school.track
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_track__director();

create or replace trigger tg_track__director_delete
after delete on school.track
referencing old table as old_rows
for each statement execute function board.tg_track__director();
