create or replace function board.trend_threshold() returns numeric
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
begin
    return ops.setting('trend_threshold');
end
$$;
comment on function board.trend_threshold() is 'Percentage points a day beyond which a student is improving or declining: the setting of that name.';
revoke all on function board.trend_threshold() from public;
grant execute on function board.trend_threshold() to
    homeroom_student, homeroom_parent, homeroom_tutor, homeroom_analyst, homeroom_admin;
