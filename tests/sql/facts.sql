-- What the tables of programs, missions and coaching refuse, and what goes with whom.
begin;
select no_plan();
select tests.build_world();

-- Each state of an attempt has its times, and no later ones. s, r and v: submitted, under review, verdict; all in order.
create temporary table funnel as
select
    s.state, array_to_string(array[t.s, t.r, t.v], ' ') as times,
    format(
        'update school.mission_attempt set state = %L, submitted_at = %s, review_started_at = %s, reviewed_at = %s',
        s.state, coalesce(t.s_at, 'null'), coalesce(t.r_at, 'null'), coalesce(t.v_at, 'null')
    ) as statement
from unnest('{started,submitted,in_review,approved,rejected}'::text[]) as s (state)
cross join (
    select
        case when s then 's' end as s, case when r then 'r' end as r, case when v then 'v' end as v,
        case when s then $$started_at + interval '1 day'$$ end as s_at,
        case when r then $$started_at + interval '2 days'$$ end as r_at,
        case when v then $$started_at + interval '3 days'$$ end as v_at
    from unnest('{f,t}'::boolean[]) as s
    cross join unnest('{f,t}'::boolean[]) as r
    cross join unnest('{f,t}'::boolean[]) as v
) as t;

select is(
    array(
        select f.times
        from funnel as f
        where f.state = s.state and not tests.refused(f.statement, '23514')
        order by f.times
    ),
    s.times,
    format('an attempt is %s with these times', s.state)
)
from (
    values
    ('started', '{""}'::text[]), ('submitted', '{s}'), ('in_review', '{"s r"}'), ('approved', '{"s r v","s v"}'),
    ('rejected', '{"s r v","s v"}')
) as s (state, times);

select ok(tests.refused(w.statement, '23514'), 'refused: ' || w.statement)
from unnest(array[
    $$update school.mission_attempt set state = 'submitted', submitted_at = started_at - interval '1 s'$$,
    $$
    update school.mission_attempt set state = 'approved', submitted_at = now(), reviewed_at = now() - interval '1 s'
    $$,
    $$update school.mission_attempt set state = 'submitted', submitted_at = 'infinity'$$,
    $$update school.mission_attempt set url = ''$$,
    $$update school.mission set est_hours = -1$$,
    $$update school.mission set status = 'lost'$$,
    $$update school.program set name = ''$$,
    $$update school.program set source = 'x'$$,
    $$update school.track set target_readiness = 100.1$$,
    $$update school.cohort set ends_on = starts_on - 1$$,
    $$update school.cohort set ends_on = 'infinity'$$,
    $$update school.cohort set mode = 'moon'$$,
    $$update school.cohort set seats_paid = -1$$,
    $$update school.cohort_member set seat_pool = 'gift'$$,
    $$update school.cohort_member set status = 'dropped'$$,
    $$update school.mentor_session set ends_at = starts_at$$,
    $$update school.mentor_session set rating = 5.1$$,
    $$update school.mentor_session set rating = 0$$,
    $$update school.calendar_event set ends_at = starts_at - interval '1 s'$$,
    $$update school.milestone set due_at = '-infinity'$$,
    $$update school.competency set required_level = -1$$,
    $$update school.competency_score set level = 101$$,
    $$update school.readiness_score set score = -0.000001$$,
    $$update school.readiness_score set scored_at = 'infinity'$$,
    $$update school.portfolio_item set reviewed_at = null$$,
    $$update school.portfolio_item set state = 'draft', reviewed_at = null$$,
    $$update school.habit set title = ''$$,
    $$update school.habit_log set day = 'infinity'$$,
    $$update school.goal set due_on = 'infinity'$$,
    $$update school.point_award set reason = ''$$,
    $$update school.notification set body = repeat('x', 501)$$,
    $$update school.ai_nudge set message = repeat('x', 2001)$$,
    $$update school.subscription set tier = 'gold'$$
]) as w (statement);

-- The other side of those limits.
select ok(not tests.refused(w.statement), 'done: ' || w.statement)
from unnest(array[
    $$update school.ai_nudge set message = repeat('x', 2000)$$,
    $$update school.notification set body = repeat('x', 500)$$,
    $$update school.cohort set ends_on = starts_on$$,
    $$update school.mentor_session set rating = 1, ends_at = starts_at + interval '1 s'$$,
    $$update school.portfolio_item set state = 'draft', reviewed_at = null, quality = null$$,
    $$update school.point_award set points = -5$$
]) as w (statement);

-- One row per both.
select ok(tests.refused(w.statement, '23505'), 'refused: ' || w.statement)
from unnest(array[
    $$
    insert into school.mission_attempt (org_id, mission_id, student_id)
    select org_id, mission_id, student_id from school.mission_attempt
    $$,
    $$
    insert into school.competency_score (org_id, competency_id, student_id, level)
    select org_id, competency_id, student_id, 1 from school.competency_score
    $$,
    $$
    insert into school.readiness_score (org_id, student_id, scored_at, score)
    select org_id, student_id, scored_at, 1 from school.readiness_score
    $$,
    $$
    insert into school.habit_log (org_id, habit_id, student_id, day)
    select org_id, habit_id, student_id, day from school.habit_log
    $$,
    $$update school.goal set source = 'coach', external_id = '1' where org_id = (select min(org_id) from school.goal)$$
]) as w (statement);

-- A log is its habit's student's: refused otherwise, moved along when the habit turns out to be another's.
select ok(
    tests.refused('update school.habit_log set student_id = tests.person(''bea'') where student_id = tests.person(''ann'')', '23503'),
    'a habit''s log belongs to its student'
);
update school.habit set student_id = tests.person('bea') where student_id = tests.person('ann');
select is(
    (select count(*) from school.habit_log as l where l.student_id = tests.person('bea')), 2::bigint, 'the log follows the habit'
);
update school.habit set student_id = tests.person('ann')
where id = (select min(h.id::text)::uuid from school.habit as h where h.student_id = tests.person('bea'));

-- All of a student's rows go with the person; a mentor's session and a director's track stay.
create function pg_temp.rows_of_ann() returns text[]
language plpgsql
as $$
declare
    ann constant uuid := tests.person('ann');
    found text[] := '{}';
    r record;
    there boolean;
begin
    for r in
        select a.attrelid::regclass as relation, a.attname
        from pg_attribute as a
        join tests.tables('school') as t on t.relation = a.attrelid
        where a.attname in ('student_id', 'person_id')
        order by a.attrelid::regclass::text
    loop
        execute format('select exists (select from %s where %I = $1)', r.relation, r.attname) into there using ann;
        if there then
            found := found || r.relation::text;
        end if;
    end loop;
    return found;
end
$$;
create temporary table gone as select tests.person('ann') as id;
select cmp_ok(cardinality(pg_temp.rows_of_ann()), '>=', 22, 'ann has rows in nearly every table');
delete from school.person where name in ('ann', 'mia', 'dan');
select is(
    array(
        select k.conrelid::regclass::text
        from pg_constraint as k
        where k.contype = 'f' and k.confrelid = 'school.person'::regclass and k.confdeltype not in ('c', 'n')
    ),
    '{}', 'whatever refers to a person goes with it or forgets it'
);
select is_empty(
    $$
    select from gone as g
    where exists (select from school.mission_attempt as a where a.student_id = g.id)
        or exists (select from school.habit_log as l where l.student_id = g.id)
        or exists (select from school.notification as n where n.person_id = g.id)
        or exists (select from school.mentor_session as s where s.student_id = g.id)
    $$,
    'nothing of ann is left'
);
select results_eq(
    $$select s.title, s.mentor_id from school.mentor_session as s where s.title in ('chat', 'kickoff') order by 1$$,
    $$values ('chat', null::uuid), ('kickoff', null)$$,
    'sessions stay without their mentor'
);
select results_eq(
    $$select t.name, t.director_id from school.track as t where t.name in ('Data', 'Ops') order by 1$$,
    $$values ('Data', null::uuid), ('Ops', null)$$,
    'tracks stay without their director'
);

select finish();
rollback;
