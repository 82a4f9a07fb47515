create or replace function ops.backfill_step(
    org bigint, batch_size integer, restart boolean default false
) returns table (students bigint, finished boolean, differences jsonb)
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
    batch uuid[];
    progress ops.backfill;
begin
    insert into ops.backfill as b (org_id) values (org)
    on conflict (org_id) do update set
        last_student_id = null, students = 0, differences = 0, started_at = now(), finished_at = null
        -- One that was through begins anew; one that was broken off goes on.
        where b.finished_at is not null or restart;
    select b.* into progress from ops.backfill as b where b.org_id = org for update;

    batch := ops.backfill_batch(org, progress.last_student_id, batch_size);
    differences := (
        select coalesce(jsonb_agg(jsonb_build_object('aggregate', m.aggregate, 'key', m.key, 'difference', m.difference)), '[]')
        from ops.mend_students(org, batch) as m
    );
    finished := cardinality(batch) < batch_size;

    update ops.backfill as b set
        last_student_id = coalesce(batch[cardinality(batch)], b.last_student_id),
        students = b.students + cardinality(batch),
        differences = b.differences + jsonb_array_length(backfill_step.differences),
        finished_at = case when finished then now() end
    where b.org_id = org
    returning b.students into students;
    return next;
end
$$;
comment on function ops.backfill_step(bigint, integer, boolean) is
'One batch of a backfill, in the caller''s transaction: the next batch_size people of the organization have their numbers recounted
and the differences added. Answers how many are done, whether these were the last, and the differences ([{"aggregate", "key",
"difference"}]). Goes on where the last committed step ended; restart begins at the first.';
revoke all on function ops.backfill_step(bigint, integer, boolean) from public;
