-- No `set`, so that it is inlined. What calendars can hold, a time zone may push out of PostgreSQL's range: hence the first bound.
create or replace function board.local_day(moment timestamptz, zone text) returns date
language sql stable parallel safe security invoker
return (greatest(least(moment, now()), timestamptz '0001-01-02 00:00:00+00') at time zone zone)::date;
comment on function board.local_day(timestamptz, text) is
'The day of a moment in a time zone (IANA name); of a moment that is yet to come, today: what a service dates ahead counts already.';
revoke all on function board.local_day(timestamptz, text) from public;
grant execute on function board.local_day(timestamptz, text) to
    homeroom_student, homeroom_parent, homeroom_tutor, homeroom_analyst, homeroom_admin;
