-- What happens to cohorts: changes of every fact that a director's dashboards show, made inside the server, each in a transaction of
-- its own. $1 is the organization. Who and what is drawn anew each time, so that sessions meet.
create schema tests_life;

create table tests_life.change (
    kind text primary key,
    weight integer not null,
    statement text not null
);

insert into tests_life.change (kind, weight, statement) values
('join', 4, $$
    insert into school.cohort_member (org_id, cohort_id, student_id, seat_pool, joined_at)
    select $1, tests_life.a_cohort($1), tests_life.a_student($1), (array['paid', 'scholarship', 'sponsored'])[1 + tests_life.dice(3)],
        now() - tests_life.dice(60) * interval '1 day'
    on conflict (org_id, cohort_id, student_id) do update set status = 'active'
$$),
('withdraw', 2, $$update school.cohort_member set status = 'withdrawn' where org_id = $1 and student_id = (select tests_life.a_student($1))$$),
('complete', 2, $$update school.cohort_member set status = 'completed' where org_id = $1 and student_id = (select tests_life.a_student($1))$$),
('change pool', 2, $$
    update school.cohort_member set seat_pool = (array['paid', 'scholarship', 'sponsored'])[1 + tests_life.dice(3)]
    where org_id = $1 and student_id = (select tests_life.a_student($1))
$$),
('transfer', 4, $$
    with gone as (
        delete from school.cohort_member as m
        where m.org_id = $1 and m.student_id = (select tests_life.a_student($1))
        returning m.student_id, m.seat_pool
    )
    insert into school.cohort_member (org_id, cohort_id, student_id, seat_pool)
    select $1, tests_life.a_cohort($1), g.student_id, min(g.seat_pool) from gone as g group by g.student_id
    on conflict (org_id, cohort_id, student_id) do update set seat_pool = excluded.seat_pool
$$),
('leave', 1, $$delete from school.cohort_member where org_id = $1 and student_id = (select tests_life.a_student($1))$$),
('leave with all work', 1, $$
    with chosen as materialized (select tests_life.a_student($1) as id),
    left_cohort as (delete from school.cohort_member as m using chosen as c where m.org_id = $1 and m.student_id = c.id),
    left_missions as (delete from school.mission_attempt as a using chosen as c where a.org_id = $1 and a.student_id = c.id)
    delete from school.portfolio_item as p using chosen as c where p.org_id = $1 and p.student_id = c.id
$$),
('score', 8, $$
    insert into school.readiness_score (org_id, student_id, scored_at, score)
    select $1, tests_life.a_student($1), clock_timestamp(), tests_life.percent()
    on conflict do nothing
$$),
('late score', 2, $$
    insert into school.readiness_score (org_id, student_id, scored_at, score)
    select $1, tests_life.a_student($1), now() - tests_life.dice(90) * interval '1 day', tests_life.percent()
    on conflict do nothing
$$),
('score all', 1, $$
    insert into school.readiness_score (org_id, student_id, scored_at, score)
    select distinct $1, m.student_id, clock_timestamp(), tests_life.percent()
    from school.cohort_member as m
    where m.org_id = $1 and m.cohort_id = (select tests_life.a_cohort($1))
    on conflict do nothing
$$),
('correct a score', 2, $$update school.readiness_score set score = tests_life.percent() where org_id = $1 and student_id = (select tests_life.a_student($1))$$),
('forget scores', 1, $$delete from school.readiness_score where org_id = $1 and student_id = (select tests_life.a_student($1))$$),
('start', 8, $$
    insert into school.mission_attempt (org_id, mission_id, student_id, started_at)
    select $1, tests_life.a_mission($1), tests_life.a_student($1), now() - tests_life.dice(30) * interval '1 day'
    on conflict do nothing
$$),
('start all', 1, $$
    insert into school.mission_attempt (org_id, mission_id, student_id)
    select $1, i.id, m.student_id
    from (select tests_life.a_mission($1) as id) as i
    cross join (select distinct student_id from school.cohort_member where org_id = $1 and random() < 0.3) as m
    on conflict do nothing
$$),
('hand in', 6, $$
    update school.mission_attempt set state = 'submitted', submitted_at = started_at + tests_life.dice(20) * interval '1 day'
    where org_id = $1 and state = 'started' and student_id = (select tests_life.a_student($1))
$$),
('begin a review', 4, $$
    update school.mission_attempt set state = 'in_review', review_started_at = submitted_at + interval '1 hour'
    where org_id = $1 and state = 'submitted' and student_id = (select tests_life.a_student($1))
$$),
('judge', 6, $$
    update school.mission_attempt set
        state = case tests_life.dice(3) when 0 then 'rejected' else 'approved' end,
        reviewed_at = coalesce(review_started_at, submitted_at) + tests_life.dice(100) * interval '1 hour'
    where org_id = $1 and state in ('submitted', 'in_review') and student_id = (select tests_life.a_student($1))
$$),
('try again', 2, $$
    update school.mission_attempt set
        state = 'started', started_at = now(), submitted_at = null, review_started_at = null, reviewed_at = null
    where org_id = $1 and state = 'rejected' and student_id = (select tests_life.a_student($1))
$$),
('give up', 1, $$delete from school.mission_attempt where org_id = $1 and student_id = (select tests_life.a_student($1)) and random() < 0.5$$),
('show a work', 4, $$
    insert into school.portfolio_item (org_id, student_id, title, state)
    select $1, tests_life.a_student($1), 'Work', (array['draft', 'submitted', 'in_review'])[1 + tests_life.dice(3)]
$$),
('judge a work', 4, $$
    update school.portfolio_item set
        state = case tests_life.dice(3) when 0 then 'rejected' else 'approved' end, quality = tests_life.percent(), reviewed_at = now()
    where org_id = $1 and student_id = (select tests_life.a_student($1))
$$),
('withdraw a work', 1, $$delete from school.portfolio_item where org_id = $1 and student_id = (select tests_life.a_student($1)) and random() < 0.5$$),
('assess', 4, $$
    insert into school.competency_score (org_id, competency_id, student_id, level)
    select $1, c.id, tests_life.a_student($1), tests_life.percent()
    from (select id from school.competency where org_id = $1 order by random() limit 1) as c
    on conflict (org_id, student_id, competency_id) do update set level = excluded.level
$$),
('plan a session', 3, $$
    insert into school.mentor_session (org_id, cohort_id, mentor_id, title, starts_at, ends_at)
    select $1, tests_life.a_cohort($1), tests_life.a_mentor($1), 'Session', now(), now() + interval '1 hour'
$$),
('hold or miss', 3, $$
    update school.mentor_session set status = (array['held', 'missed', 'cancelled'])[1 + tests_life.dice(3)], rating = 1 + tests_life.dice(5)
    where org_id = $1 and cohort_id = (select tests_life.a_cohort($1)) and random() < 0.2
$$),
('move a session', 1, $$
    update school.mentor_session set cohort_id = (select tests_life.a_cohort($1))
    where (org_id, id) in (select org_id, id from school.mentor_session where org_id = $1 order by random() limit 1)
$$),
('delete sessions', 1, $$
    delete from school.mentor_session where org_id = $1 and cohort_id = (select tests_life.a_cohort($1)) and random() < 0.1
$$),
('bill', 4, $$
    insert into school.payment (org_id, cohort_id, student_id, amount, due_on)
    select $1, tests_life.a_cohort($1), tests_life.a_student($1), 10 + tests_life.dice(1000), current_date - 40 + tests_life.dice(60)
$$),
('pay', 4, $$
    update school.payment set status = 'paid', paid_on = current_date - tests_life.dice(40)
    where org_id = $1 and status = 'due' and cohort_id = (select tests_life.a_cohort($1)) and random() < 0.5
$$),
('cancel a bill', 1, $$
    update school.payment set status = 'cancelled'
    where org_id = $1 and status = 'due' and cohort_id = (select tests_life.a_cohort($1)) and random() < 0.2
$$),
('refund', 3, $$
    insert into school.refund (org_id, payment_id, cohort_id, amount, refunded_on)
    select $1, p.id, p.cohort_id, 1, current_date - tests_life.dice(40)
    from school.payment as p
    where p.org_id = $1 and p.status = 'paid'
        and (select count(*) from school.refund as r where r.org_id = $1 and r.payment_id = p.id) < 5
    order by random()
    limit 1
$$),
('take a refund back', 1, $$
    delete from school.refund where (org_id, id) in (select org_id, id from school.refund where org_id = $1 order by random() limit 1)
$$),
('close', 1, $$update school.cohort set status = 'closed' where org_id = $1 and id = (select tests_life.a_cohort($1))$$),
('open', 2, $$update school.cohort set status = 'active', seats_paid = 5 + tests_life.dice(20) where org_id = $1 and id = (select tests_life.a_cohort($1))$$),
('move to another track', 1, $$
    update school.cohort set track_id = (select id from school.track where org_id = $1 order by random() limit 1)
    where org_id = $1 and id = (select tests_life.a_cohort($1))
$$),
('another director', 1, $$
    update school.track set director_id = (
        select person_id from school.person_role where org_id = $1 and role = 'director' order by random() limit 1
    )
    where (org_id, id) in (select org_id, id from school.track where org_id = $1 order by random() limit 1)
$$),
('mentor', 2, $$
    insert into school.cohort_mentor (org_id, cohort_id, mentor_id) select $1, tests_life.a_cohort($1), tests_life.a_mentor($1)
    on conflict do nothing
$$),
('no mentor', 1, $$delete from school.cohort_mentor where org_id = $1 and cohort_id = (select tests_life.a_cohort($1))$$),
('publish', 1, $$
    update school.mission set status = (array['draft', 'published', 'closed'])[1 + tests_life.dice(3)]
    where org_id = $1 and id = (select tests_life.a_mission($1))
$$),
('mission to another track', 1, $$
    update school.mission set track_id = (select id from school.track where org_id = $1 order by random() limit 1)
    where org_id = $1 and id = (select tests_life.a_mission($1))
$$),
('new mission', 1, $$
    insert into school.mission (org_id, track_id, title)
    select $1, id, 'Another' from school.track where org_id = $1 order by random() limit 1
$$),
('delete a mission', 1, $$delete from school.mission where org_id = $1 and id = (select tests_life.a_mission($1)) and random() < 0.3$$),
('new cohort', 1, $$
    insert into school.cohort (org_id, track_id, name, starts_on, ends_on, status, seats_paid)
    select $1, id, 'Another', current_date, current_date + 90, 'active', 10 from school.track where org_id = $1 order by random() limit 1
$$),
('delete a cohort', 1, $$delete from school.cohort where org_id = $1 and id = (select tests_life.a_cohort($1)) and random() < 0.2$$),
('delete a student', 1, $$delete from school.person where org_id = $1 and id = (select tests_life.a_student($1)) and random() < 0.3$$),
('end a program', 1, $$
    update school.program set is_active = random() < 0.7
    where (org_id, id) in (select org_id, id from school.program where org_id = $1 order by random() limit 1)
$$);

create function tests_life.dice(n integer) returns integer
language sql volatile parallel unsafe
return floor(random() * n)::integer;

create function tests_life.percent() returns numeric
language sql volatile parallel unsafe
return round((random() * 100)::numeric, 6);

-- `(select …)` in the statements draws once, rather than for each row.
create function tests_life.a_cohort(org bigint) returns uuid
language plpgsql stable parallel unsafe
as $$begin return (select id from school.cohort where org_id = org order by random() limit 1); end$$;

create function tests_life.a_student(org bigint) returns uuid
language plpgsql stable parallel unsafe
as $$begin
    return (select person_id from school.person_role where org_id = org and role = 'student' order by random() limit 1);
end$$;

create function tests_life.a_mentor(org bigint) returns uuid
language plpgsql stable parallel unsafe
as $$begin return (select person_id from school.person_role where org_id = org and role = 'mentor' order by random() limit 1); end$$;

create function tests_life.a_mission(org bigint) returns uuid
language plpgsql stable parallel unsafe
as $$begin return (select id from school.mission where org_id = org and track_id is not null order by random() limit 1); end$$;

create table tests_life.done (
    session integer not null,
    kind text not null,
    n bigint not null,
    primary key (session, kind)
);

create procedure tests_life.run(org bigint, changes integer, number_of_session integer, seed double precision)
language plpgsql
as $$
declare
    chosen tests_life.change;
begin
    perform setseed(seed);
    for number in 1..changes loop
        select c.* into chosen
        from tests_life.change as c
        order by -ln(1 - random()) / c.weight
        limit 1;
        begin
            execute chosen.statement using org;
        exception
            -- As whoever asked would see: nothing of the statement remains.
            when deadlock_detected or unique_violation or foreign_key_violation or not_null_violation then
                chosen.kind := sqlstate;
        end;
        insert into tests_life.done as d (session, kind, n) values (number_of_session, chosen.kind, 1)
        on conflict (session, kind) do update set n = d.n + 1;
        commit;
    end loop;
end
$$;
