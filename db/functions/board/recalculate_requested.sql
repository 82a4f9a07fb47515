create or replace function board.recalculate_requested(org bigint) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    enough constant interval := interval '1 second';
    began constant timestamptz := clock_timestamp();
    request uuid;
    done integer := 0;
begin
    for request in
        select r.id
        from ops.recalculation as r
        where r.org_id = org and r.finished_at is null
        order by r.requested_at
        for update skip locked
    loop
        perform board.recalculate(org, request);
        done := done + 1;
        exit when clock_timestamp() > began + enough;
    end loop;

    delete from ops.recalculation as r where r.org_id = org and r.finished_at < now() - interval '30 days';
    return done;
end
$$;
comment on function board.recalculate_requested(bigint) is
'Does the recalculations that an organization''s admins asked for and that were too large to be done at once; answers how many. Stops
after a second, so that neither other organizations nor other admins wait for many: the job comes back in five. Forgets those that
were finished a month ago.';
revoke all on function board.recalculate_requested(bigint) from public;
