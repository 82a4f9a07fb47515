create or replace function board.drain_for_a_while(org bigint) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    enough constant interval := interval '2 seconds';
    batch_size constant integer := 500;
    began constant timestamptz := clock_timestamp();
    done integer := 0;
    step integer;
begin
    loop
        step := board.drain_students(org, batch_size);
        step := step + board.drain_dashboards(org, batch_size);
        step := step + board.drain_cohorts(org, batch_size);
        done := done + step;
        -- Less than a batch was all that waited. Nobody sees what is refreshed before this ends: not to wait for what comes meanwhile.
        exit when step < batch_size or clock_timestamp() > began + enough;
    end loop;
    return done;
end
$$;
comment on function board.drain_for_a_while(bigint) is
'What the worker does with the queue, for an organization and two seconds at most: the job that refreshes dashboards where no worker runs.';
revoke all on function board.drain_for_a_while(bigint) from public;
