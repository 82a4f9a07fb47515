create or replace function board.drain_for_a_while(org bigint) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    enough constant interval := interval '2 seconds';
    began constant timestamptz := clock_timestamp();
    done integer := 0;
    step integer;
begin
    loop
        step := board.drain_students(org);
        step := step + board.drain_dashboards(org);
        done := done + step;
        exit when step = 0 or clock_timestamp() > began + enough;
    end loop;
    return done;
end
$$;
comment on function board.drain_for_a_while(bigint) is
'What the worker does with the queue, for an organization and two seconds at most: the job that refreshes dashboards where no worker runs.';
revoke all on function board.drain_for_a_while(bigint) from public;
