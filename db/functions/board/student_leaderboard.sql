-- No `set` clause: each costs a read of the dashboard several microseconds, and who calls this has set the path.
create or replace function board.student_leaderboard(org bigint, student uuid, cohort uuid, tier text) returns text
language plpgsql stable parallel safe security invoker
as $$
declare
    leaderboard text;
    is_masked boolean;
begin
    select
        json_build_object(
            'rank', l.rank, 'percentile', l.percentile, 'points', l.points, 'around_me', l.around_me, 'as_of', board.utc(r.as_of)
        )::text,
        exists (
            select from ops.tier_mask as m
            where m.tier = student_leaderboard.tier and (m.path = 'leaderboard' or m.path like 'leaderboard.%')
        )
    into leaderboard, is_masked
    from board.leaderboard as l
    join board.leaderboard_refresh as r on r.org_id = l.org_id
    where l.org_id = org and l.cohort_id = cohort and l.student_id = student;

    if is_masked then
        return (board.masked(jsonb_build_object('leaderboard', leaderboard::jsonb), tier) -> 'leaderboard')::text;
    end if;
    return leaderboard;
end
$$;
comment on function board.student_leaderboard(bigint, uuid, uuid, text) is
'Where a student stands in the cohort as of the last refresh, as JSON, masked for a tier: rank, percentile, points, and around_me: the
two places before, the student and the two after ({rank, name, points, is_me}). Null for who was not ranked yet.';
revoke all on function board.student_leaderboard(bigint, uuid, uuid, text) from public;
