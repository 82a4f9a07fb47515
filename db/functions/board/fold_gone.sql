create or replace function board.fold_gone() returns bigint
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
declare
    gone bigint;
    folded bigint := bigint '0';
begin
    for gone in
        select d.org_id
        from (select org_id from board.work_delta union select org_id from board.cohort_delta) as d
        where not exists (select from school.organization as o where o.org_id = d.org_id)
    loop
        folded := folded + board.fold(gone);
    end loop;
    delete from board.student_change as c
    where not exists (select from school.person as p where p.org_id = c.org_id and p.id = c.student_id);
    return folded;
end
$$;
comment on function board.fold_gone() is
'Folds what is left of organizations that were deleted: their deltas add up to nothing, and so leave no row. A daily job. Answers how many
it folded. Forgets the people who are gone in board.student_change, too.';
revoke all on function board.fold_gone() from public;
