create or replace function board.trend(student uuid) returns text
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
declare
    threshold constant numeric := board.trend_threshold();
    slope double precision;
begin
    select regr_slope(
        (h.quiz_score_sum + h.assignment_score_sum) / nullif(h.total_quizzes_completed + h.total_assignments_completed, 0),
        h.day - date '2000-01-01'
    )
    into slope
    from board.performance_history(student, board.today() - 29) as h;

    return case when slope > threshold then 'improving' when slope < -threshold then 'declining' else 'steady' end;
end
$$;
comment on function board.trend(uuid) is
'improving, steady or declining: the slope of the least-squares line (regr_slope) through the student''s overall average at the end of
each of the last 30 days on which it changed, in percentage points a day, against the setting trend_threshold. Steady where fewer
than two such days leave no slope. Invoker''s rights, caller''s organization.';
revoke all on function board.trend(uuid) from public;
grant execute on function board.trend(uuid) to homeroom_student, homeroom_parent, homeroom_tutor, homeroom_analyst, homeroom_admin;
