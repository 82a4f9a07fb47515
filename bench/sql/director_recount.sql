-- The numbers of a summary as one would ask for them without totals: one pass over each table of facts.
select
    (select count(*) from school.cohort_member as m where m.org_id = 1 and m.status <> 'withdrawn'),
    (select sum(n.score) / count(*) from (
        select distinct on (r.student_id) r.score from school.readiness_score as r
        join school.cohort_member as m on m.org_id = r.org_id and m.student_id = r.student_id and m.status <> 'withdrawn'
        where r.org_id = 1 order by r.student_id, r.scored_at desc
    ) as n),
    (select count(*) from school.mission_attempt as a
        join school.mission as i on i.org_id = a.org_id and i.id = a.mission_id
        join school.cohort_member as m on m.org_id = a.org_id and m.student_id = a.student_id and m.status <> 'withdrawn'
        join school.cohort as c on c.org_id = m.org_id and c.id = m.cohort_id and c.track_id = i.track_id
        where a.org_id = 1 and a.state = 'approved'),
    (select avg(p.health) from (
        select 0.7 * coalesce(avg(i.quality), 0) + 30.0 * count(*) filter (where i.state = 'approved') / count(*) as health
        from school.portfolio_item as i
        join school.cohort_member as m on m.org_id = i.org_id and m.student_id = i.student_id and m.status <> 'withdrawn'
        where i.org_id = 1 group by i.student_id
    ) as p),
    (select count(*) filter (where s.status = 'held')::numeric / count(*) from school.mentor_session as s where s.org_id = 1),
    (select sum(p.amount) from school.payment as p where p.org_id = 1 and p.paid_on >= date_trunc('month', now()))
