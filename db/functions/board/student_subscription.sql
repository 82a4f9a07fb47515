create or replace function board.student_subscription(org bigint, students uuid[]) returns table (
    student_id uuid, tier text, days_left integer, enhanced_access_expiring boolean, changes_at timestamptz
)
language plpgsql stable parallel safe security invoker rows 50
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    select
        s.id,
        case
            when u.tier = 'premium' and (u.ends_at is null or u.ends_at > now()) or u.enhanced_until > now() then 'premium'
            else 'free'
        end,
        case when u.ends_at > now() then ceil(extract(epoch from u.ends_at - now()) / 86400)::integer end,
        coalesce(u.enhanced_until > now() and u.enhanced_until <= now() + interval '168 hours', false),
        (
            select min(m.at)
            from unnest(array[
                u.ends_at, u.enhanced_until, u.enhanced_until - interval '168 hours',
                -- When days_left becomes one less.
                u.ends_at - interval '24 hours' * (ceil(extract(epoch from u.ends_at - now()) / 86400) - 1)
            ]) as m (at)
            where m.at > now()
        )
    from unnest(students) as s (id)
    left join school.subscription as u on u.org_id = org and u.student_id = s.id;
end
$$;
comment on function board.student_subscription(bigint, uuid[]) is
'What a student''s subscription means now. tier: premium while a premium subscription or enhanced access runs, else free. days_left:
begun days until ends_at; null without an end ahead. enhanced_access_expiring: it ends within 7 days. changes_at: when the next of
these changes by itself.';
revoke all on function board.student_subscription(bigint, uuid[]) from public;
