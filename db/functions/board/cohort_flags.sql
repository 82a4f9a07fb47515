create or replace function board.cohort_flags(org bigint, cohorts uuid[]) returns table (cohort_id uuid, flags text[])
language plpgsql stable parallel restricted security invoker rows 50
set search_path = ''
as $$
#variable_conflict use_column
declare
    tracks constant uuid[] := array(
        select distinct c.track_id from school.cohort as c where c.org_id = org and c.id = any (cohorts) and c.status = 'active'
    );
begin
    return query
    with state as (
        select s.cohort_id, s.track_id, to_jsonb(s) as numbers from board.cohort_states(org, cohorts) as s where s.status = 'active'
    )
    select s.cohort_id, array_agg((r.rule).name order by (r.rule).name)
    from state as s
    join board.cohort_rules(org, tracks) as r on r.track_id = s.track_id
    where board.breaks((r.rule).comparison, (r.rule).threshold, (s.numbers ->> (r.rule).metric)::numeric)
    group by s.cohort_id;
end
$$;
comment on function board.cohort_flags(bigint, uuid[]) is
'The names of the alert rules that active cohorts break at this moment. An alert may stay open for a while after, and has yet to be opened at first.
A cohort that breaks none has no row.';
revoke all on function board.cohort_flags(bigint, uuid[]) from public;
