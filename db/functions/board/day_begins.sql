create or replace function board.day_begins(day date, zone text) returns timestamptz
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
declare
    midnight constant timestamptz := day::timestamp at time zone zone;
begin
    -- Where summer time ends at midnight there are two: the day before is over at the first.
    return case
        when ((midnight - interval '1 hour') at time zone zone)::date >= day then midnight - interval '1 hour'
        else midnight
    end;
end
$$;
comment on function board.day_begins(date, text) is 'When a day begins in a time zone (IANA name).';
revoke all on function board.day_begins(date, text) from public;
