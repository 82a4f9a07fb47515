create or replace function board.average(total numeric, n bigint) returns numeric
language sql immutable parallel safe security invoker
return round(total / nullif(n, 0), 2);
comment on function board.average(numeric, bigint) is
'Exact mean of n scores whose sum is total, two decimals, rounded half up (scores are never negative); null for n = 0.';
revoke all on function board.average(numeric, bigint) from public;
grant execute on function board.average(numeric, bigint) to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director,
    homeroom_analyst, homeroom_admin, homeroom_service;
