create or replace function board.tg_program__director() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    changed record;
begin
    for changed in
        select t.org_id, array_agg(t.id) as tracks
        from new_rows as n
        join school.track as t on t.org_id = n.org_id and t.program_id = n.id
        group by t.org_id
    loop
        perform board.mark_tracks(changed.org_id, changed.tracks, 'program');
    end loop;
    return null;
end
$$;
comment on function board.tg_program__director() is
'Marks those who direct the tracks of a program that changes. One that comes has none yet; one that goes takes them along.';
revoke all on function board.tg_program__director() from public;

create or replace trigger tg_program__director_update
after update on school.program
referencing new table as new_rows
for each statement execute function board.tg_program__director();
