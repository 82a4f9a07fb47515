create or replace function board.performance_fields(
    quizzes integer, quiz_score_sum numeric, assignments integer, assignment_score_sum numeric, updated timestamptz
) returns json
language sql stable parallel safe security invoker
return json_build_object(
    'total_quizzes_completed', coalesce(quizzes, 0),
    'total_assignments_completed', coalesce(assignments, 0),
    'overall_quiz_average_score', board.average(quiz_score_sum, quizzes),
    'overall_assignment_average_score', board.average(assignment_score_sum, assignments),
    'overall_average_score', board.average(quiz_score_sum + assignment_score_sum, quizzes + assignments),
    'last_performance_update', board.utc(updated)
);
comment on function board.performance_fields(integer, numeric, integer, numeric, timestamptz) is
'The six fields of a student''s performance as JSON, over all courses or in one. Averages are exact weighted ones, the sum of
scores over their count, never an average of rounded averages: the seed''s example gives 84.50, 79.88 and 82.44.';
revoke all on function board.performance_fields(integer, numeric, integer, numeric, timestamptz) from public;
grant execute on function board.performance_fields(integer, numeric, integer, numeric, timestamptz) to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_analyst, homeroom_admin;
