"""How a cohort stands, counted from the facts: a plain subquery per number."""

# Subqueries over the facts alone, per cohort; {members} are those who have not withdrawn.
MEMBERS = (
    "select m.student_id from school.cohort_member as m where m.cohort_id = c.id and m.status <> 'withdrawn'"
)
ATTEMPTS = (
    "from school.mission_attempt as a join school.mission as i on i.id = a.mission_id "
    f"where i.track_id = c.track_id and i.status <> 'draft' and a.student_id in ({MEMBERS})"
)
NEWEST = (
    "from school.readiness_score as r "
    f"where r.student_id in ({MEMBERS}) and not exists (select from school.readiness_score as n "
    "where n.student_id = r.student_id and n.scored_at > r.scored_at)"
)
HEALTH = (
    "from (select (select p.health from board.student_portfolio(c.org_id, array[m.student_id]) as p) "
    "as health "
    f"from ({MEMBERS}) as m) as h where h.health is not null"
)
TODAY = "(now() at time zone o.time_zone)::date"
MONTH = f"date_trunc('month', {TODAY})"
COUNTED = {
    "director_id": "t.director_id",
    "program_name": "p.name",
    "seats_total": "c.seats_paid + c.seats_scholarship + c.seats_sponsored",
    "seats_used": f"select count(*) from ({MEMBERS}) as m",
    "used_paid": f"select count(*) from ({MEMBERS} and m.seat_pool = 'paid') as m",
    "used_scholarship": f"select count(*) from ({MEMBERS} and m.seat_pool = 'scholarship') as m",
    "used_sponsored": f"select count(*) from ({MEMBERS} and m.seat_pool = 'sponsored') as m",
    "members_active": f"select count(*) from ({MEMBERS} and m.status = 'active') as m",
    "members_completed": f"select count(*) from ({MEMBERS} and m.status = 'completed') as m",
    "members_withdrawn": (
        "select count(*) from school.cohort_member as m where m.cohort_id = c.id and m.status = 'withdrawn'"
    ),
    "readiness": f"select round(avg(r.score), 2) {NEWEST}",
    "readiness_students": f"select count(*) {NEWEST}",
    "readiness_sum": f"select coalesce(sum(r.score), 0) {NEWEST}",
    "missions_due": (
        f"select (select count(*) from ({MEMBERS}) as m) * count(*) from school.mission as i "
        "where i.track_id = c.track_id and i.status <> 'draft'"
    ),
    **{
        f"missions_{state}": f"select count(*) {ATTEMPTS} and a.state = '{state}'"
        for state in ("started", "submitted", "in_review", "approved", "rejected")
    },
    "approval_seconds": (
        f"select coalesce(sum(extract(epoch from a.reviewed_at - a.submitted_at)), 0) {ATTEMPTS} "
        "and a.state = 'approved'"
    ),
    "stalled_reviews": (
        f"select count(*) {ATTEMPTS} and a.state in ('submitted', 'in_review') "
        "and a.submitted_at <= now() - interval '168 hours'"
    ),
    "portfolio_health": f"select round(avg(h.health), 2) {HEALTH}",
    "portfolio_students": f"select count(*) {HEALTH}",
    "portfolio_items": f"select count(*) from school.portfolio_item as i where i.student_id in ({MEMBERS})",
    "portfolio_approved": (
        f"select count(*) from school.portfolio_item as i where i.student_id in ({MEMBERS}) "
        "and i.state = 'approved'"
    ),
    "mentors": "select count(*) from school.cohort_mentor as m where m.cohort_id = c.id",
    **{
        f"sessions_{status}": (
            "select count(*) from school.mentor_session as s "
            f"where s.cohort_id = c.id and s.status = '{status}'"
        )
        for status in ("scheduled", "held", "missed", "cancelled")
    },
    **{
        name: f"select {what} from school.payment as y where y.cohort_id = c.id and {condition}"
        for total, amount, condition in (
            ("payments_due", "due_amount", "y.status = 'due'"),
            ("payments_overdue", "overdue_amount", f"y.status = 'due' and y.due_on < {TODAY}"),
            ("payments_paid", "paid_amount", "y.status = 'paid'"),
            ("", "revenue_month", f"date_trunc('month', y.paid_on) = {MONTH}"),
        )
        for name, what in ((total, "count(*)"), (amount, "coalesce(sum(y.amount), 0)"))
        if name
    },
    "refunds": "select count(*) from school.refund as f where f.cohort_id = c.id",
    "refunded_amount": "select coalesce(sum(f.amount), 0) from school.refund as f where f.cohort_id = c.id",
    "refunds_month": (
        "select coalesce(sum(f.amount), 0) from school.refund as f "
        f"where f.cohort_id = c.id and date_trunc('month', f.refunded_on) = {MONTH}"
    ),
}
RECOUNT = (
    "select c.org_id, c.id, c.status, "
    + ", ".join(f"({query}) as {name}" for name, query in COUNTED.items())
    + " from school.cohort as c join school.track as t on t.id = c.track_id "
    "join school.program as p on p.id = t.program_id join school.organization as o on o.org_id = c.org_id"
)
