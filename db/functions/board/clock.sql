create or replace function board.clock(
    org bigint, out zone text, out today date, out midnight timestamptz, out week_begins timestamptz, out week_ends timestamptz
) returns record
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
begin
    select o.time_zone into strict zone from school.organization as o where o.org_id = org;
    today := (now() at time zone zone)::date;
    midnight := board.day_begins(today + 1, zone);
    week_begins := date_trunc('week', today::timestamp) at time zone zone;
    week_ends := (date_trunc('week', today::timestamp) + interval '7 days') at time zone zone;
end
$$;
comment on function board.clock(bigint) is
'What an organization''s clocks say: its time zone, its today, when that ends, and when its week (from Monday) begins and ends.';
revoke all on function board.clock(bigint) from public;
