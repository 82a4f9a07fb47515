create or replace function ops.seed_mission_attempts(
    org bigint, school_name text, first_class integer, last_class integer, students integer, today date
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    zone constant text := (select o.time_zone from school.organization as o where o.org_id = org);
begin
    -- A step is taken once its day has come; who has left takes none, but what was handed in is still reviewed. In one cohort of seven
    -- some reviews of one mission are stalled.
    with attempt as (
        insert into school.mission_attempt (
            org_id, id, mission_id, student_id, state, started_at, submitted_at, review_started_at, reviewed_at, estimated_completion, url
        )
        select
            org, a.id, a.mission_id, a.student_id,
            case
                when a.decided_on is not null
                    then case when ops.seed_number(a.key, 'is approved') < 0.55 + 0.4 * a.level then 'approved' else 'rejected' end
                when a.review_on is not null then 'in_review'
                when a.submit_on is not null then 'submitted'
                else 'started'
            end,
            (a.start_on + time '09:00') at time zone zone + ops.seed_number(a.key, 'begins at') * interval '8 hours',
            (a.submit_on + time '16:00') at time zone zone + ops.seed_number(a.key, 'hands in at') * interval '6 hours',
            (a.review_on + time '09:00') at time zone zone,
            (a.decided_on + time '15:00') at time zone zone,
            case when ops.seed_number(a.key, 'estimates') < 0.7 then (a.start_on + 7 + time '18:00') at time zone zone end,
            case when a.submit_on is not null then 'https://work.example.org/' || a.id end
        from (
            select
                md5(p.student_id::text || '/mission/' || m.mission)::uuid as id, m.mission_id, p.student_id, p.level, k.key, b.start_on,
                h.submit_on, r.review_on, case when e.decided_on < today then e.decided_on end as decided_on
            from ops.seed_student_plan(school_name, first_class, last_class, students, today) as p
            left join ops.seed_cohort_plan(school_name, first_class, last_class, today) as c on c.cohort = p.cohort
            join ops.seed_mission_plan(school_name, today) as m on m.track = c.track or m.track is null
            cross join lateral (select p.things_key + m.mission as key, coalesce(p.left_on, today) as until) as k
            cross join lateral (
                select coalesce(m.due_on, today - 40) - 20 + floor(12 * ops.seed_number(k.key, 'begins on'))::integer as start_on
            ) as b
            left join lateral (
                select b.start_on + 2 + floor(9 * ops.seed_number(k.key, 'hands in on'))::integer as submit_on
                where ops.seed_number(k.key, 'hands in') < 0.8 + 0.18 * p.level
            ) as s on true
            cross join lateral (select case when s.submit_on < k.until then s.submit_on end as submit_on) as h
            cross join lateral (select h.submit_on + 1 + floor(4 * ops.seed_number(k.key, 'read on'))::integer as review_on) as q
            cross join lateral (select case when q.review_on < today then q.review_on end as review_on) as r
            cross join lateral (
                select
                    case
                        when c.cohort % 7 = 4 and m.mission = 4 and ops.seed_number(k.key, 'is stalled') < 0.25 then null
                        else r.review_on + floor(4 * ops.seed_number(k.key, 'decided on'))::integer
                    end as decided_on
            ) as e
            where m.status <> 'draft' and b.start_on < k.until and ops.seed_number(k.key, 'begins') < 0.65 + 0.3 * p.level
        ) as a
        order by a.student_id, a.mission_id
        returning id, student_id, state, reviewed_at
    ),
    award as (
        insert into school.point_award (org_id, id, student_id, points, reason, awarded_at)
        select org, md5(a.id::text || '/points')::uuid, a.student_id, 50, 'A mission was approved', a.reviewed_at
        from attempt as a
        where a.state = 'approved'
    )
    insert into school.badge (org_id, id, student_id, name, awarded_at)
    select
        org, md5(s.student_id::text || '/badge/' || b.missions)::uuid, s.student_id, b.name, s.approved[b.missions]
    from (
        select a.student_id, array_agg(a.reviewed_at order by a.reviewed_at) as approved
        from attempt as a
        where a.state = 'approved'
        group by a.student_id
    ) as s
    join (values (1, 'First mission'), (3, 'Three missions'), (5, 'Five missions')) as b (missions, name)
        on b.missions <= cardinality(s.approved);
end
$$;
comment on function ops.seed_mission_attempts(bigint, text, integer, integer, integer, date) is
'Lets the students of some classes of a synthetic school go on their missions, as far as they get, with the points and badges for it.';
revoke all on function ops.seed_mission_attempts(bigint, text, integer, integer, integer, date) from public;
