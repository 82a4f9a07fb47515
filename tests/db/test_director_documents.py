"""How cohorts stand, summaries and pages: every number is what a plain query counts from the facts."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import school
from tests.support.dashboards import Connection, add
from tests.support.faculty import DAY, Faculty, make_faculty
from tests.support.servers import Cluster

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
    "from (select (select p.health from board.student_portfolio(c.org_id, array[m.student_id]) as p) as health "
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
    "select c.id, c.status, "
    + ", ".join(f"({query}) as {name}" for name, query in COUNTED.items())
    + " from school.cohort as c join school.track as t on t.id = c.track_id "
    "join school.program as p on p.id = t.program_id join school.organization as o on o.org_id = c.org_id"
)
# What is a share of these.
SHARES = {
    "seat_utilization": ("seats_used", "seats_total"),
    "completion_rate": ("missions_approved", "missions_due"),
    "mentor_coverage": ("students_covered", "members_active"),
}


@pytest.fixture(scope="module")
def faculty(cluster: Cluster) -> Iterator[Faculty]:
    """A school that tests only look at, or take back what they wrote."""
    with cluster.prepared(make_faculty) as (database, (org, names)):
        yield Faculty(database, org, dict(names))


@pytest.fixture
def db(faculty: Faculty) -> Iterator[Connection]:
    """A session whose writing is taken back."""
    with faculty.database.connect() as session, session.transaction(force_rollback=True):
        yield session


def rows(db: Connection, query: str, *parameters: Any) -> list[dict[str, Any]]:
    """Rows as dicts."""
    cursor = db.execute(query.encode(), parameters)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def states(db: Connection, org: int) -> dict[Any, dict[str, Any]]:
    """How every cohort stands."""
    found = rows(
        db,
        "select * from board.cohort_states(%s, array(select c.id from school.cohort as c where c.org_id = %s))",
        org,
        org,
    )
    return {row["cohort_id"]: row for row in found}


def share(part: Any, whole: Any) -> Any:
    return None if not whole else round(100 * part / whole, 2)


def recounted(db: Connection, org: int, capacity: int = 25) -> dict[Any, dict[str, Any]]:
    """The same from the facts."""
    found = {}
    for row in rows(db, RECOUNT + " where c.org_id = %s", org):
        row["students_covered"] = min(row["members_active"], capacity * row["mentors"])
        row["sessions"] = row["sessions_held"] + row["sessions_missed"]
        for name, (part, whole) in SHARES.items():
            row[name] = db.execute(
                "select round(100.0 * %s / nullif(%s, 0), 2)", (row[part], row[whole])
            ).fetchone()[0]  # type: ignore[index]
        row["session_completion"] = db.execute(
            "select round(100.0 * %s / nullif(%s, 0), 2)", (row["sessions_held"], row.pop("sessions"))
        ).fetchone()[0]  # type: ignore[index]
        found[row.pop("id")] = row
    return found


def test_states_are_what_the_facts_count(faculty: Faculty, db: Connection) -> None:
    counted = recounted(db, faculty.org)
    said = states(db, faculty.org)
    assert said.keys() == counted.keys() and len(said) == 6
    for cohort, numbers in counted.items():
        assert {name: said[cohort][name] for name in numbers} == numbers, said[cohort]["name"]
    # The control: nothing of it is the same everywhere, and most is there.
    for name in COUNTED:
        assert len({numbers[name] for numbers in counted.values()}) > 1, name


def test_states_without_reviews_are_the_same_but_for_them(faculty: Faculty, db: Connection) -> None:
    few = rows(
        db,
        "select s.* from board.cohort_states(%s, array(select c.id from school.cohort as c), false) as s",
        faculty.org,
    )
    for row in few:
        all_of_it = states(db, faculty.org)[row["cohort_id"]]
        assert row.pop("stalled_reviews") is None and all_of_it.pop("stalled_reviews") is not None
        assert {**row, "changes_at": None} == {**all_of_it, "changes_at": None}


def test_a_cohort_without_anything_has_zeros_and_no_shares(faculty: Faculty, db: Connection) -> None:
    track = add(db, faculty.org, "track", program_id=faculty.names["program"], name="new")
    cohort = add(
        db, faculty.org, "cohort", track_id=track, name="new", starts_on="2024-01-01", ends_on="2024-02-01"
    )
    state = states(db, faculty.org)[cohort]
    shares = {"seat_utilization", "readiness", "completion_rate", "portfolio_health", "mentor_coverage",
              "session_completion"}  # fmt: skip
    assert {name for name, value in state.items() if value is None} == shares | {"director_id"}
    assert state["seats_total"] == state["seats_used"] == state["missions_due"] == state["paid_amount"] == 0
    page = rows(db, "select document from board.cohort_documents(%s, %s)", faculty.org, [cohort])[0][
        "document"
    ]
    assert page["readiness_distribution"]["median"] is None and page["mentors"] == []
    assert [b["students"] for b in page["readiness_distribution"]["bins"]] == [0] * 10
    assert page["enrollment"]["by_status"]["active"] == {"paid": 0, "scholarship": 0, "sponsored": 0}
    assert page["mission_funnel"]["states"]["approved"] == 0 and page["competency_heatmap"] == []


def test_settings_decide_what_is_covered_and_stalled(faculty: Faculty, db: Connection) -> None:
    db.execute("update ops.setting set value = 1 where name = 'mentor_capacity'")
    db.execute("update ops.setting set value = 366 where name = 'stalled_review_days'")
    said, counted = states(db, faculty.org), recounted(db, faculty.org, capacity=1)
    assert any(row["mentor_coverage"] not in (None, 0, 100) for row in said.values())
    for cohort, row in said.items():
        assert row["mentor_coverage"] == counted[cohort]["mentor_coverage"]
        assert row["stalled_reviews"] == 0
    assert any(row["stalled_reviews"] for row in counted.values()), "the control"


def test_many_cohorts_are_looked_up_as_few_are(faculty: Faculty, db: Connection) -> None:
    db.execute(
        "insert into school.cohort (org_id, track_id, name, starts_on, ends_on) "
        "select %s, %s, 'crowd', '2024-01-01', '2024-02-01' from generate_series(1, 200)",
        (faculty.org, faculty.names["track"]),
    )
    counted = recounted(db, faculty.org)
    said = states(db, faculty.org)
    assert len(said) == 206
    assert {c: s["stalled_reviews"] for c, s in said.items()} == {
        c: s["stalled_reviews"] for c, s in counted.items()
    }


@pytest.mark.parametrize("ahead", [0, 1])
def test_when_a_review_stalls(faculty: Faculty, db: Connection, ahead: int) -> None:
    now = db.execute("select now()").fetchone()
    assert now
    db.execute("delete from school.mission_attempt")
    add(
        db, faculty.org, "mission_attempt", mission_id=faculty.names["mission"], student_id=faculty.names["ann"],
        state="submitted", started_at=now[0] - 9 * DAY, submitted_at=now[0] - 7 * DAY + ahead * DAY / 86400,
    )  # fmt: skip
    state = states(db, faculty.org)[faculty.names["cohort"]]
    assert state["stalled_reviews"] == 1 - ahead
    assert (state["changes_at"] == now[0] + DAY / 86400) is bool(ahead)


SUMMED = {
    "total_seats": ("seats_total", None),
    "seats_used": ("seats_used", None),
    "seat_utilization": ("seats_used", "seats_total"),
    "avg_completion_rate": ("missions_approved", "missions_due"),
    "mentor_coverage_pct": ("students_covered", "members_active"),
}


@pytest.mark.parametrize("person", ["dora", "dirk", "cleo", "abe"])
def test_a_summary_is_what_the_facts_count(faculty: Faculty, db: Connection, person: str) -> None:
    org, names = faculty.org, faculty.names
    mine = [
        row for row in recounted(db, org).values() if person == "abe" or row["director_id"] == names[person]
    ]
    active = [row for row in mine if row["status"] == "active"]

    def total(name: str) -> Any:
        return sum(row[name] for row in active)

    def ratio(part: Any, whole: Any, factor: int = 100) -> Any:
        row = db.execute(
            "select round(%s::numeric * %s / nullif(%s, 0), 2)::float", (factor, part, whole)
        ).fetchone()
        assert row
        return row[0]

    role = "admin" if person == "abe" else "director"
    (row,) = rows(db, "select * from board.director_documents(%s, %s, %s)", org, role, [names[person]])
    said = row["document"]
    health = db.execute(
        "select sum(h.health), count(*) from school.cohort as c join school.track as t on t.id = c.track_id "
        "cross join lateral (select (select p.health from board.student_portfolio(c.org_id, "
        "array[m.student_id]) as p) as health from school.cohort_member as m "
        "where m.cohort_id = c.id and m.status <> 'withdrawn') as h "
        "where c.status = 'active' and h.health is not null and (%(all)s or t.director_id = %(person)s)",
        {"all": role == "admin", "person": names[person]},
    ).fetchone()
    programs = {"dora": 1, "dirk": 1, "cleo": 0, "abe": 2}
    assert health
    assert said == {
        "active_programs_count": programs[person],
        "active_cohorts_count": len(active),
        **{
            name: total(part) if whole is None else ratio(total(part), total(whole))
            for name, (part, whole) in SUMMED.items()
        },
        "avg_readiness": ratio(total("readiness_sum"), total("readiness_students"), 1),
        "mentor_session_completion_pct": ratio(
            total("sessions_held"), total("sessions_held") + total("sessions_missed")
        ),
        "avg_portfolio_health": ratio(health[0], health[1], 1),
        "revenue_this_month": float(sum(row["revenue_month"] for row in mine)),
        "refunds_this_month": float(sum(row["refunds_month"] for row in mine)),
        "currency": "USD",
        "alerts": said["alerts"],
    }
    assert row["scopes"] == []


def test_a_summary_counts_the_open_alerts(faculty: Faculty, db: Connection) -> None:
    org, names = faculty.org, faculty.names
    everything = "select board.evaluate_alerts(%s, array(select c.id from school.cohort as c))"
    db.execute(everything, (org,))
    for person, role in (("dora", "director"), ("dirk", "director"), ("abe", "admin")):
        counted = rows(
            db,
            "select a.id, a.severity from board.alert as a join school.cohort as c on c.id = a.cohort_id "
            "join school.track as t on t.id = c.track_id where a.status = 'open' and (%s or t.director_id = %s) "
            "order by a.opened_at desc, a.id",
            role == "admin",
            names[person],
        )
        (row,) = rows(
            db, "select document from board.director_documents(%s, %s, %s)", org, role, [names[person]]
        )
        alerts = row["document"]["alerts"]
        assert alerts["open"] == len(counted) > 0
        assert alerts["by_severity"] == {
            severity: sum(alert["severity"] == severity for alert in counted)
            for severity in ("critical", "warning", "info")
        }
        assert [alert["id"] for alert in alerts["latest"]] == [str(alert["id"]) for alert in counted[:10]]
    pages = rows(
        db,
        "select cohort_id, document from board.cohort_documents(%s, array(select c.id from school.cohort as c))",
        org,
    )
    shown = {(str(page["cohort_id"]), alert["id"]) for page in pages for alert in page["document"]["alerts"]}
    all_open = rows(db, "select cohort_id, id from board.alert where status = 'open'")
    assert shown == {(str(row["cohort_id"]), str(row["id"])) for row in all_open}


WEEK = (
    "(m.joined_at at time zone o.time_zone)::date "
    "- (extract(isodow from m.joined_at at time zone o.time_zone)::integer - 1)"
)
POOLS = """
    select jsonb_object_agg(s.status, s.pools) from (
        select s.status, jsonb_object_agg(p.pool, (
            select count(*) from school.cohort_member as m
            where m.cohort_id = c.id and m.status = s.status and m.seat_pool = p.pool and {}
        )) as pools
        from unnest('{{active,completed,withdrawn}}'::text[]) as s (status),
            unnest('{{paid,scholarship,sponsored}}'::text[]) as p (pool)
        group by s.status
    ) as s
"""
PAGE = {
    "enrollment": f"""
        select jsonb_build_object(
            'by_status', ({POOLS.format("true")}),
            'by_week', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'week', w.week, 'joined', w.n, 'by_status', ({POOLS.format(WEEK + " = w.week")})
                ) order by w.week), '[]')
                from (
                    select {WEEK} as week, count(*) as n
                    from school.cohort_member as m where m.cohort_id = c.id group by 1
                ) as w
            )
        )
    """,
    "mentors": """
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', p.id, 'name', p.name,
            'load', round((select count(*)::numeric from school.cohort_member as a
                where a.cohort_id = c.id and a.status = 'active')
                / (select count(*) from school.cohort_mentor as b where b.cohort_id = c.id), 2),
            'sessions_held', (select count(*) from school.mentor_session as s
                where s.cohort_id = c.id and s.mentor_id = p.id and s.status = 'held'),
            'sessions_missed', (select count(*) from school.mentor_session as s
                where s.cohort_id = c.id and s.mentor_id = p.id and s.status = 'missed'),
            'rating', (select round(avg(s.rating), 2) from school.mentor_session as s
                where s.cohort_id = c.id and s.mentor_id = p.id)
        ) order by p.name, p.id), '[]')
        from school.cohort_mentor as m join school.person as p on p.id = m.mentor_id where m.cohort_id = c.id
    """,
    "readiness_distribution": f"""
        select jsonb_build_object(
            'students', count(r.score),
            'bins', jsonb_build_array({
        ", ".join(
            f"jsonb_build_object('at_least', {low}, 'below', {low + 10}, 'students', "
            f"count(*) filter (where r.score >= {low} and r.score {'<' if low < 90 else '<='} {low + 10}))"
            for low in range(0, 100, 10)
        )
    }),
            'lower_quartile', round((percentile_cont(0.25) within group (order by r.score))::numeric, 2),
            'median', round((percentile_cont(0.5) within group (order by r.score))::numeric, 2),
            'upper_quartile', round((percentile_cont(0.75) within group (order by r.score))::numeric, 2)
        ) {NEWEST}
    """,
    "competency_heatmap": f"""
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', k.id, 'name', k.name, 'required_level', round(k.required_level, 2), 'students', s.n,
            'reached', s.reached, 'average', s.average, 'levels', s.levels
        ) order by k.name, k.id), '[]')
        from school.competency as k
        cross join lateral (
            select count(*) as n, count(*) filter (where s.level >= k.required_level) as reached,
                round(avg(s.level), 2) as average,
                jsonb_build_array({
        ", ".join(f"count(*) filter (where least(floor(s.level / 10), 9) = {place})" for place in range(10))
    }) as levels
            from school.competency_score as s where s.competency_id = k.id and s.student_id in ({MEMBERS})
        ) as s
        where k.track_id = c.track_id
    """,
    "mission_funnel": f"""
        select jsonb_build_object(
            'started', count(*),
            'submitted', count(*) filter (where a.state <> 'started'),
            'in_review', count(*) filter (where a.state in ('in_review', 'approved', 'rejected')),
            'approved', count(*) filter (where a.state = 'approved'),
            'rejected', count(*) filter (where a.state = 'rejected'),
            'states', jsonb_build_object({
        ", ".join(
            f"'{state}', count(*) filter (where a.state = '{state}')"
            for state in ("started", "submitted", "in_review", "approved", "rejected")
        )
    }),
            'median_approval_hours', round((percentile_cont(0.5) within group (
                order by extract(epoch from a.reviewed_at - a.submitted_at)
            ) filter (where a.state = 'approved'))::numeric / 3600, 2)
        ) {ATTEMPTS}
    """,
    "portfolio": f"""
        select jsonb_build_object(
            'health', (select round(avg(h.health), 2) {HEALTH}),
            'students', count(distinct i.student_id),
            'students_without', (select count(*) from ({MEMBERS}) as m) - count(distinct i.student_id),
            'items', count(*), 'quality', round(avg(i.quality), 2),
            {
        ", ".join(
            f"'{state}', count(*) filter (where i.state = '{state}')"
            for state in ("draft", "submitted", "in_review", "approved", "rejected")
        )
    }
        ) from school.portfolio_item as i where i.student_id in ({MEMBERS})
    """,
    "payments": f"""
        select jsonb_build_object(
            'currency', o.currency,
            'paid', jsonb_build_object('count', count(*) filter (where y.status = 'paid'),
                'amount', coalesce(sum(y.amount) filter (where y.status = 'paid'), 0)),
            'due', jsonb_build_object('count', count(*) filter (where y.status = 'due'),
                'amount', coalesce(sum(y.amount) filter (where y.status = 'due'), 0)),
            'overdue', jsonb_build_object(
                'count', count(*) filter (where y.status = 'due' and y.due_on < {TODAY}),
                'amount', coalesce(sum(y.amount) filter (where y.status = 'due' and y.due_on < {TODAY}), 0)),
            'refunded', (select jsonb_build_object('count', count(*), 'amount', coalesce(sum(f.amount), 0))
                from school.refund as f where f.cohort_id = c.id),
            'by_month', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'month', w.month, 'payments_paid', w.payments, 'paid', w.paid, 'refunds', w.refunds,
                    'refunded', w.refunded
                ) order by w.month), '[]')
                from (
                    select w.month, count(w.paid) as payments, coalesce(sum(w.paid), 0) as paid,
                        count(w.refunded) as refunds, coalesce(sum(w.refunded), 0) as refunded
                    from (
                        select date_trunc('month', y.paid_on)::date as month, y.amount as paid, null as refunded
                        from school.payment as y where y.cohort_id = c.id and y.status = 'paid'
                        union all
                        select date_trunc('month', f.refunded_on)::date, null, f.amount
                        from school.refund as f where f.cohort_id = c.id
                    ) as w group by w.month
                ) as w
            )
        ) from school.payment as y where y.cohort_id = c.id
    """,
}
"""Plain queries about the cohort c of the organization o."""


def test_a_page_is_what_the_facts_count(faculty: Faculty, db: Connection) -> None:
    pages = rows(
        db,
        "select d.cohort_id, d.document, c.name from board.cohort_documents(%s, array(select c.id "
        "from school.cohort as c)) as d join school.cohort as c on c.id = d.cohort_id",
        faculty.org,
    )
    assert len(pages) == 6
    seen: dict[str, set[str]] = {part: set() for part in PAGE}
    for page in pages:
        document = page["document"]
        assert set(document) == {"cohort", "alerts", *PAGE}
        assert document["cohort"]["id"] == str(page["cohort_id"])
        for part, query in PAGE.items():
            (row,) = rows(
                db,
                f"select x.said from school.cohort as c join school.organization as o on o.org_id = c.org_id "
                f"cross join lateral ({query}) as x (said) where c.id = %s",
                page["cohort_id"],
            )
            assert document[part] == row["said"], (part, page["name"])
            seen[part].add(str(document[part]))
    assert all(len(said) > 3 for said in seen.values())


def test_set_wise_is_one_by_one(faculty: Faculty, db: Connection) -> None:
    org = faculty.org
    for query, ids in (
        ("select to_jsonb(x) from board.cohort_states(%s, %s) as x", "select id from school.cohort"),
        (
            "select to_jsonb(x) - 'computed_in' from board.cohort_documents(%s, %s) as x",
            "select id from school.cohort",
        ),
        (
            "select to_jsonb(x) - 'computed_in' from board.director_documents(%s, 'director', %s) as x",
            "select person_id from school.person_role where role = 'director'",
        ),
        (
            "select jsonb_build_array(x.cohort_id, x.flags) from board.cohort_flags(%s, %s) as x",
            "select id from school.cohort",
        ),
    ):
        keys = [row[0] for row in db.execute(ids.encode())]
        together = [row[0] for row in db.execute(query.encode(), (org, keys))]
        apart = [row[0] for key in keys for row in db.execute(query.encode(), (org, [key]))]
        assert len(together) > 2
        assert sorted(map(str, together)) == sorted(map(str, apart))


def test_columns_of_the_page_are_the_states(faculty: Faculty, db: Connection) -> None:
    org = faculty.org
    assert db.execute(
        "select board.refresh_cohorts(%s, array(select c.id from school.cohort as c))", (org,)
    ).fetchone() == (6,)
    kept = rows(db, "select * from board.director_cohort_dashboard")
    said = states(db, org)
    for row in kept:
        own = (
            "org_id",
            "version",
            "updated_at",
            "fresh_until",
            "seen_at",
            "computed_in",
            "scopes",
            "document",
        )
        numbers = {name: value for name, value in row.items() if name not in own}
        assert {name: said[row["cohort_id"]][name] for name in numbers} == numbers
        assert row["document"] is None and row["updated_at"] is not None, "nobody has looked"


def test_columns_of_the_summary_are_the_document(faculty: Faculty, db: Connection) -> None:
    db.execute("select board.refresh_directors(%s)", (faculty.org,))
    kept = rows(db, "select * from board.director_dashboard_cache")
    assert {row["role"] for row in kept} == {"director", "admin"} and len(kept) == 4
    for row in kept:
        assert row["alerts_open"] == row["document"]["alerts"]["open"]
        for name, value in row["document"].items():
            if name != "alerts":
                assert value == (float(row[name]) if isinstance(value, float) else row[name]), name


def test_other_organizations_are_left_alone(faculty: Faculty, db: Connection) -> None:
    other = school.make_org(db)
    admin = school.make_person(db, other, "admin")
    (row,) = rows(db, "select document from board.director_documents(%s, 'admin', %s)", other, [admin])
    assert row["document"]["active_cohorts_count"] == row["document"]["total_seats"] == 0
    cohorts = [row["id"] for row in rows(db, "select id from school.cohort")]
    assert rows(db, "select * from board.cohort_states(%s, %s)", other, cohorts) == []
    assert rows(db, "select * from board.cohort_documents(%s, %s)", other, cohorts) == []
    assert db.execute("select board.refresh_cohorts(%s, %s)", (other, cohorts)).fetchone() == (0,)
