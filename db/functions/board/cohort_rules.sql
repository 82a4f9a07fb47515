create or replace function board.cohort_rules(org bigint, tracks uuid[]) returns table (track_id uuid, rule board.alert_rule)
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    select t.id, r
    from (select distinct u.id from unnest(tracks) as u (id)) as t
    join board.alert_rule as r on r.org_id = org and r.is_active and (r.track_id is null or r.track_id = t.id)
    where r.track_id is not null or not exists (
        select from board.alert_rule as o where o.org_id = org and o.track_id = t.id and o.name = r.name
    );
end
$$;
comment on function board.cohort_rules(bigint, uuid[]) is
'By which rules the active cohorts of each of these tracks are judged: the active ones of the track, and those of the organization whose
name no rule of the track has.';
revoke all on function board.cohort_rules(bigint, uuid[]) from public;
