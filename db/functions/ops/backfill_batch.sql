create or replace function ops.backfill_batch(org bigint, after_student uuid, batch_size integer) returns uuid[]
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
begin
    -- Also ids of nobody, whose rows an aggregate kept by mistake.
    return array(
        (select p.id from school.person as p where p.org_id = org and (after_student is null or p.id > after_student) order by p.id limit batch_size)
        union
        (
            select distinct c.student_id
            from board.student_course_performance as c
            where c.org_id = org and (after_student is null or c.student_id > after_student)
            order by c.student_id
            limit batch_size
        )
        union
        (
            select distinct m.student_id
            from board.cohort_member_progress as m
            where m.org_id = org and (after_student is null or m.student_id > after_student)
            order by m.student_id
            limit batch_size
        )
        order by 1
        limit batch_size
    );
end
$$;
comment on function ops.backfill_batch(bigint, uuid, integer) is
'The next people of an organization whom a backfill has to look at: ids in order, at most batch_size, after that one.';
revoke all on function ops.backfill_batch(bigint, uuid, integer) from public;
