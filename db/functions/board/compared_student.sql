create or replace function board.compared_student(org bigint, student uuid, cohort uuid, tier text) returns jsonb
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
begin
    return jsonb_build_object('leaderboard', board.student_leaderboard(org, student, cohort, tier)::jsonb);
end
$$;
comment on function board.compared_student(bigint, uuid, uuid, text) is
'What of a student''s dashboard compares the student with others, as somebody of this tier may see it: {"leaderboard"}. It lags and is none of the
document that is kept.';
revoke all on function board.compared_student(bigint, uuid, uuid, text) from public;
