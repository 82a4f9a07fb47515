create or replace function board.student_leaderboard(org bigint, student uuid, cohort uuid) returns jsonb
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
begin
    return (
        select jsonb_build_object(
            'rank', me.rank, 'percentile', me.percentile, 'points', me.points,
            'around_me', (
                select jsonb_agg(
                    jsonb_build_object('rank', n.rank, 'name', p.name, 'points', n.points, 'is_me', n.student_id = student)
                    order by n.rank, p.name, p.id
                )
                from (
                    (
                        select l.* from board.leaderboard as l
                        where l.org_id = org and l.cohort_id = cohort and (l.rank, l.student_id) < (me.rank, student)
                        order by l.rank desc, l.student_id desc
                        limit 2
                    )
                    union all
                    (
                        select l.* from board.leaderboard as l
                        where l.org_id = org and l.cohort_id = cohort and (l.rank, l.student_id) >= (me.rank, student)
                        order by l.rank, l.student_id
                        limit 3
                    )
                ) as n
                join school.person as p on p.org_id = org and p.id = n.student_id
            ),
            'as_of', board.utc((select r.as_of from board.leaderboard_refresh as r where r.org_id = org))
        )
        from board.leaderboard as me
        where me.org_id = org and me.cohort_id = cohort and me.student_id = student
    );
end
$$;
comment on function board.student_leaderboard(bigint, uuid, uuid) is
'Where a student stands in the cohort as of the last refresh: rank, percentile, points, and around_me: the two places before, the student
and the two after ({rank, name, points, is_me}). Null for who was not ranked yet. Equal ranks in the order of their ids.';
revoke all on function board.student_leaderboard(bigint, uuid, uuid) from public;
