create or replace function feed.cohort_topics(org bigint, cohort uuid, track uuid) returns setof text
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
begin
    return query
    select 'cohort:' || cohort
    union all
    select 'track-staff:' || track
    union all
    select 'person:' || t.director_id from school.track as t where t.org_id = org and t.id = track and t.director_id is not null
    union all
    select 'person:' || m.mentor_id from school.cohort_mentor as m where m.org_id = org and m.cohort_id = cohort
    union all
    select s.topic
    from school.cohort_member as m
    cross join lateral feed.student_topics(m.org_id, m.student_id) as s (topic)
    where m.org_id = org and m.cohort_id = cohort;
end
$$;
comment on function feed.cohort_topics(bigint, uuid, uuid) is
'Who sees other things when a cohort comes to a track or leaves it: whoever hears of the cohort, and who directs the track.';
revoke all on function feed.cohort_topics(bigint, uuid, uuid) from public;
