-- A row per interaction rather than per day: only a condition on occurred_at itself spares the other months' partitions, and
-- students of two days (or courses) cannot be added up.
create or replace view analytics.activity
with (security_invoker = true) as
select
    i.org_id, i.id as interaction_id, i.student_id, i.course_id, c.code as course_code,
    i.occurred_at, i.agent_type, i.concept, i.difficulty, i.success, i.duration_ms, i.weight,
    board.local_day(i.occurred_at, o.time_zone) as day
from school.interaction as i
join school.organization as o on o.org_id = i.org_id
left join school.course as c on c.org_id = i.org_id and c.id = i.course_id;
comment on view analytics.activity is
'When, where and with what do students work? One row per interaction with a learning resource or agent; group by what you ask for.
Always filter on occurred_at, which reads only the months asked for; a filter on day alone reads all there ever was.
Example: select course_code, day, count(*), count(distinct student_id) from analytics.activity where occurred_at >= now() - interval ''7 days'' group by course_code, day;';
comment on column analytics.activity.org_id is 'The organization.';
comment on column analytics.activity.interaction_id is 'The interaction: school.interaction.id.';
comment on column analytics.activity.student_id is 'The student: school.person.id.';
comment on column analytics.activity.course_id is 'The course: school.course.id; null outside courses.';
comment on column analytics.activity.course_code is 'Short name of the course; null outside courses.';
comment on column analytics.activity.occurred_at is 'When it happened. The column to filter on: the facts are partitioned by it, a month each.';
comment on column analytics.activity.day is 'The day of occurred_at in the organization''s time zone, today for what is dated ahead. The column to group by.';
comment on column analytics.activity.agent_type is 'What was interacted with: a tutoring agent, a forum, a resource.';
comment on column analytics.activity.concept is 'Concept practised, where known.';
comment on column analytics.activity.difficulty is 'Difficulty level as the source names it.';
comment on column analytics.activity.success is 'Whether the student succeeded; null where that makes no sense.';
comment on column analytics.activity.duration_ms is 'Duration in milliseconds; null where it is not known.';
comment on column analytics.activity.weight is 'How many events the row stands for (clicks, for instance): sum(weight) counts events.';
grant select on analytics.activity to homeroom_analyst, homeroom_admin;
