create or replace function board.tell_leaderboard(org bigint, students uuid[]) returns bigint
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
    told bigint;
begin
    -- Masked by the tier of now: the one that is kept may have expired. In the cohort of now, which the document may not know yet.
    insert into feed.event (org_id, topics, kind, payload)
    select
        org,
        array['dashboard:student:' || c.student_id],
        'update',
        json_build_object('patch', p.patch, 'timestamp', board.utc(clock_timestamp()))
    from board.student_dashboard_cache as c
    join board.student_subscription(org, students) as u on u.student_id = c.student_id
    left join board.student_membership(org, students) as b on b.student_id = c.student_id
    cross join lateral (
        -- Who has no place any more has none there either: null removes it. What is masked stays as it was shown first.
        select case m.place -> 'leaderboard'
            when 'null' then m.place
            else jsonb_strip_nulls(m.place)
        end as patch
        from (select board.compared_student(org, c.student_id, b.cohort_id, u.tier) as place) as m
    ) as p
    where c.org_id = org and c.document is not null;
    get diagnostics told = row_count;
    if told > 0 then
        perform feed.wake();
    end if;
    return told;
end
$$;
comment on function board.tell_leaderboard(bigint, uuid[]) is
'Tells students where they stand since their cohorts were ranked anew, as far as their tier sees it: an event without a version, for this is no part
of the document that has one. Each student once. Answers how many were told: those who have a document.';
revoke all on function board.tell_leaderboard(bigint, uuid[]) from public;
