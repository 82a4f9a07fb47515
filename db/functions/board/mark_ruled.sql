create or replace function board.mark_ruled(org bigint, tracks uuid[]) returns void
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
declare
    is_everywhere constant boolean := array_position(tracks, null) is not null;
    ruled constant uuid[] := array(
        select c.id from school.cohort as c where c.org_id = org and (is_everywhere or c.track_id = any (tracks))
    );
begin
    if ruled <> '{}' then
        perform board.mark_cohorts(org, ruled, 'alert rule');
    end if;
end
$$;
comment on function board.mark_ruled(bigint, uuid[]) is
'Marks the cohorts of these tracks, and with a null among them all of the organization: they are to be judged by other rules.';
revoke all on function board.mark_ruled(bigint, uuid[]) from public;
