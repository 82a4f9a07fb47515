-- No `set` clause: each costs a read of the dashboard several microseconds, and who calls this has set the path.
create or replace function board.student_leaderboard(org bigint, student uuid, cohort uuid) returns jsonb
language plpgsql stable parallel safe security invoker
as $$
begin
    return (
        select jsonb_build_object(
            'rank', l.rank, 'percentile', l.percentile, 'points', l.points, 'around_me', l.around_me, 'as_of', board.utc(r.as_of)
        )
        from board.leaderboard as l
        join board.leaderboard_refresh as r on r.org_id = l.org_id
        where l.org_id = org and l.cohort_id = cohort and l.student_id = student
    );
end
$$;
comment on function board.student_leaderboard(bigint, uuid, uuid) is
'Where a student stands in the cohort as of the last refresh: rank, percentile, points, and around_me: the two places before, the student
and the two after ({rank, name, points, is_me}). Null for who was not ranked yet.';
revoke all on function board.student_leaderboard(bigint, uuid, uuid) from public;
