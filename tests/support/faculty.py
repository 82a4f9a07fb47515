"""A school as its directors see it: programs, tracks and cohorts with everything that is counted of them."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.support import school
from tests.support.dashboards import Connection, add, noon_zone
from tests.support.servers import Database

DAY = timedelta(days=1)

# Each stored summary and page beside the one that would be computed now.
COMPARED = """
select c.role, c.person_id, coalesce(board.is_current(c), false) as current,
    c.document::jsonb is distinct from d.document::jsonb as differs
from unnest(array['director', 'admin']) as r (role)
cross join lateral board.director_documents(%(org)s, r.role, array(
    select t.person_id from board.dashboard_cache as t where t.org_id = %(org)s and t.role = r.role
)) as d
join board.dashboard_cache as c on c.org_id = %(org)s and c.role = r.role and c.person_id = d.person_id
union all
select 'cohort', c.cohort_id, coalesce(board.is_current_cohort(c), false),
    (c.document::jsonb, array(select distinct s from unnest(c.scopes) as s order by s))
        is distinct from (d.document::jsonb, array(select distinct s from unnest(d.scopes) as s order by s))
from board.director_cohort_dashboard as c
left join board.cohort_documents(
    %(org)s, array(select t.cohort_id from board.director_cohort_dashboard as t where t.org_id = %(org)s)
) as d on d.cohort_id = c.cohort_id
where c.org_id = %(org)s
"""

REFRESH = """
select
    board.refresh_cohorts(%(org)s, array(
        select c.cohort_id from board.director_cohort_dashboard as c where c.org_id = %(org)s
    ), true) + (
        select sum(board.refresh_dashboards(%(org)s, r.role, array(
            select c.person_id from board.dashboard_cache as c where c.org_id = %(org)s and c.role = r.role
        )))
        from unnest(array['director', 'admin']) as r (role)
    )
"""

# Per column a change to one row (see make_faculty) that shows on a page or in a summary.
SHOWN_TO_DIRECTORS: dict[str, dict[str, tuple[str, str]]] = {
    "organization": {"currency": ("currency = 'EUR'", "true")},
    "person": {"name": ("name = 'maud'", "id = %(mia)s")},
    "program": {
        "name": ("name = 'prepared'", "id = %(program)s"),
        "is_active": ("is_active = false", "id = %(program)s"),
    },
    "track": {
        "program_id": ("program_id = %(other_program)s", "id = %(track)s"),
        "name": ("name = 'figures'", "id = %(track)s"),
        "director_id": ("director_id = %(dirk)s", "id = %(track)s"),
    },
    "cohort": {
        "track_id": ("track_id = %(other_track)s", "id = %(cohort)s"),
        "name": ("name = 'autumn'", "id = %(cohort)s"),
        "starts_on": ("starts_on = starts_on - 1", "id = %(cohort)s"),
        "ends_on": ("ends_on = ends_on + 1", "id = %(cohort)s"),
        "mode": ("mode = 'hybrid'", "id = %(cohort)s"),
        "status": ("status = 'closed'", "id = %(cohort)s"),
        "seats_paid": ("seats_paid = seats_paid + 1", "id = %(cohort)s"),
        "seats_scholarship": ("seats_scholarship = seats_scholarship + 1", "id = %(cohort)s"),
        "seats_sponsored": ("seats_sponsored = seats_sponsored + 1", "id = %(cohort)s"),
    },
    "cohort_member": {
        "cohort_id": ("cohort_id = %(winter)s", "student_id = %(ann)s and cohort_id = %(cohort)s"),
        "student_id": ("student_id = %(new)s", "student_id = %(ann)s and cohort_id = %(cohort)s"),
        "seat_pool": ("seat_pool = 'sponsored'", "student_id = %(ann)s and cohort_id = %(cohort)s"),
        "status": ("status = 'withdrawn'", "student_id = %(ann)s and cohort_id = %(cohort)s"),
        "joined_at": (
            "joined_at = joined_at - interval '30 days'",
            "student_id = %(ann)s and cohort_id = %(cohort)s",
        ),
    },
    "cohort_mentor": {
        "cohort_id": ("cohort_id = %(empty)s", "mentor_id = %(mia)s and cohort_id = %(cohort)s"),
        "mentor_id": ("mentor_id = %(moe)s", "mentor_id = %(mia)s and cohort_id = %(cohort)s"),
    },
    "mentor_session": {
        "cohort_id": ("cohort_id = %(winter)s", "title = 'first'"),
        "mentor_id": ("mentor_id = %(max)s", "title = 'first'"),
        "status": ("status = 'missed'", "title = 'first'"),
        "rating": ("rating = 1", "title = 'first'"),
    },
    "milestone": {
        "cohort_id": ("cohort_id = %(winter)s", "title = 'pitch'"),
        "title": ("title = 'demo'", "title = 'pitch'"),
        "due_at": ("due_at = due_at + interval '1 hour'", "title = 'pitch'"),
    },
    "competency": {
        "track_id": ("track_id = %(other_track)s", "id = %(competency)s"),
        "name": ("name = 'QED'", "id = %(competency)s"),
        "required_level": ("required_level = 12", "id = %(competency)s"),
    },
    "competency_score": {
        "competency_id": (
            "competency_id = %(other_competency)s", "student_id = %(ann)s and competency_id = %(competency)s",
        ),
        "student_id": (
            "student_id = %(out)s", "student_id = %(ann)s and competency_id = %(competency)s",
        ),
        "level": ("level = 95", "student_id = %(ann)s and competency_id = %(competency)s"),
    },
    "readiness_score": {
        "student_id": ("student_id = %(new)s", "id = %(score)s"),
        "scored_at": ("scored_at = scored_at - interval '99 days'", "id = %(score)s"),
        "score": ("score = 99", "id = %(score)s"),
    },
    "mission": {
        "track_id": ("track_id = %(other_track)s", "id = %(mission)s"),
        "status": ("status = 'draft'", "id = %(mission)s"),
    },
    "mission_attempt": {
        "mission_id": ("mission_id = %(other_mission)s", "id = %(attempt)s"),
        "student_id": ("student_id = %(out)s", "id = %(attempt)s"),
        "state": ("state = 'rejected'", "id = %(attempt)s"),
        "submitted_at": ("submitted_at = started_at", "id = %(attempt)s"),
        "reviewed_at": ("reviewed_at = reviewed_at + interval '9 days'", "id = %(attempt)s"),
    },
    "portfolio_item": {
        "student_id": ("student_id = %(out)s", "id = %(item)s"),
        "state": ("state = 'rejected'", "id = %(item)s"),
        "quality": ("quality = 7", "id = %(item)s"),
    },
    "payment": {
        "cohort_id": ("cohort_id = %(winter)s", "id = %(payment)s"),
        "amount": ("amount = amount + 1", "id = %(other_payment)s"),
        "status": ("status = 'cancelled', paid_on = null", "id = %(other_payment)s"),
        "due_on": ("due_on = due_on - 400", "id = %(due)s"),
        "paid_on": ("paid_on = paid_on - 400", "id = %(payment)s"),
    },
    "refund": {
        "payment_id": ("payment_id = %(other_payment)s, cohort_id = %(winter)s", "id = %(refund)s"),
        "amount": ("amount = amount - 1", "id = %(refund)s"),
        "refunded_on": ("refunded_on = refunded_on - 400", "id = %(refund)s"),
    },
}  # fmt: skip


@dataclass(frozen=True)
class Faculty:
    """A database with such a school, its organization, and what in it has a name."""

    database: Database
    org: int
    names: dict[str, Any]


def make_faculty(db: Connection) -> tuple[int, dict[str, Any]]:
    """Make an organization of two directors and six cohorts, drawn with a fixed seed. It is noon there.

    Fall, winter and empty are cohorts of dora's track, spring and closed of dirk's, lone of nobody's. Cleo
    directs nothing.
    """
    dice = random.Random(7)
    now = datetime.now(UTC)
    org = school.make_org(db, time_zone=noon_zone())
    today = db.execute("select today from board.clock(%s)", (org,)).fetchone()
    assert today
    day = today[0]
    dora, dirk, cleo = (
        school.make_person(db, org, "director", name=name) for name in ("dora", "dirk", "cleo")
    )
    admin = school.make_person(db, org, "admin", name="abe")
    mia, max_, moe = (school.make_person(db, org, "mentor", name=name) for name in ("mia", "max", "moe"))
    program, other_program = (add(db, org, "program", name=name) for name in ("prep", "gap"))
    add(db, org, "program", name="without tracks")
    track, other_track, lone_track = (
        add(db, org, "track", program_id=of, name=name, director_id=director)
        for of, name, director in (
            (program, "data", dora), (other_program, "web", dirk), (other_program, "ops", None),
        )
    )  # fmt: skip
    cohorts = {
        name: add(
            db, org, "cohort", track_id=of, name=name, starts_on=day - 60 * DAY, ends_on=day + 60 * DAY,
            mode=mode, status=status, seats_paid=seats, seats_scholarship=2, seats_sponsored=1,
        )
        for name, of, mode, status, seats in (
            ("fall", track, "online", "active", 20), ("winter", track, "onsite", "active", 3),
            ("empty", track, "hybrid", "planned", 10), ("spring", other_track, "online", "active", 0),
            ("closed", other_track, "onsite", "closed", 9), ("lone", lone_track, "online", "active", 8),
        )
    }  # fmt: skip
    students = [school.make_person(db, org, "student", name=f"student {n}") for n in range(36)]
    new, out = students[-1], students[-2]
    for number, student in enumerate(students[:-2]):
        for name in {
            dice.choice(["fall", "winter", "spring", "closed", "lone"]),
            "fall" if number < 9 else "lone",
        }:
            add(
                db, org, "cohort_member", cohort_id=cohorts[name], student_id=student,
                status=dice.choice(["active", "active", "active", "completed", "withdrawn"]) if number else "active",
                seat_pool=dice.choice(["paid", "scholarship", "sponsored"]) if number else "paid",
                joined_at=now - dice.randrange(60) * DAY,
            )  # fmt: skip
    for name, mentor in (("fall", mia), ("fall", max_), ("spring", mia), ("lone", max_)):
        add(db, org, "cohort_mentor", cohort_id=cohorts[name], mentor_id=mentor)
    for number in range(40):
        begins = now + dice.randrange(-40, 10) * DAY
        add(
            db, org, "mentor_session", cohort_id=cohorts["fall" if number == 0 else dice.choice(list(cohorts))],
            mentor_id=mia if number == 0 else dice.choice([mia, max_, moe, None]),
            title="first" if number == 0 else f"session {number}", starts_at=begins, ends_at=begins + DAY / 24,
            status="held" if number == 0 else dice.choice(["scheduled", "held", "held", "missed", "cancelled"]),
            rating=3 if number == 0 else dice.choice([None, 3.5, 4, 5]),
        )  # fmt: skip
    for name in ("fall", "spring"):
        for number in range(5):
            add(
                db, org, "milestone", cohort_id=cohorts[name], due_at=now + (number - 1) * DAY + DAY / 2,
                title="pitch" if (name, number) == ("fall", 2) else f"step {number}",
            )  # fmt: skip

    competencies, missions = (
        {
            of: [
                add(db, org, table, track_id=of, **({label: f"{table} {n}"} | more))
                for n, more in enumerate(kinds)
            ]
            for of in (track, other_track, lone_track)
        }
        for table, label, kinds in (
            ("competency", "name", [{"required_level": level} for level in (30, 60, 90)]),
            ("mission", "title", [{"status": status} for status in ("published", "published", "closed", "draft")]),
        )
    )  # fmt: skip
    everybody = list(students[:-2])
    # Where a row of the first student's may be moved to.
    bare = competencies[other_track][0], missions[other_track][0]
    for of in (track, other_track, lone_track):
        for student in everybody:
            for skill in competencies[of]:
                if (dice.random() < 0.6 or student == students[0]) and (student, skill) != (
                    students[0],
                    bare[0],
                ):
                    level = dice.choice([0, 10, 30, 59.999999, 60, 90, 99.5, 100, dice.randrange(100)])
                    add(db, org, "competency_score", competency_id=skill, student_id=student, level=level)
            for mission in missions[of]:
                if (dice.random() < 0.5 or (student, mission) == (students[0], missions[track][0])) and (
                    student,
                    mission,
                ) != (students[0], bare[1]):
                    _attempt(db, org, dice, now, student, mission, first=student == students[0])
    scores = [
        add(
            db, org, "readiness_score", student_id=student, scored_at=now - n * 3 * DAY - DAY / 3,
            score=dice.choice([0, 10, 50.005, 69.999999, 70, 100, dice.randrange(100)]),
        )
        for student in everybody for n in range(dice.randrange(4) if student != students[0] else 3)
    ]  # fmt: skip
    items = [
        add(
            db, org, "portfolio_item", student_id=student, title="work", state=state,
            quality=dice.choice([None, 33, 66.6, 80]) if state in ("approved", "rejected") else None,
            reviewed_at=now - DAY if state in ("approved", "rejected") else None,
        )
        for student in everybody
        for state in dice.sample(["draft", "submitted", "in_review", "approved", "rejected"], dice.randrange(4))
    ]  # fmt: skip
    item = add(
        db, org, "portfolio_item", student_id=students[0], title="essay", state="approved", quality=80,
        reviewed_at=now - DAY,
    )  # fmt: skip
    assert items
    payments: dict[str, list[UUID]] = {"fall": [], "winter": []}
    for number in range(60):
        name = dice.choice(["fall", "winter", "spring", "closed", "lone"])
        status = dice.choice(["due", "paid", "paid", "cancelled"])
        due_on = day + dice.randrange(-70, 30) * DAY
        paid_on = max(due_on - 80 * DAY, day - dice.randrange(100) * DAY) if status == "paid" else None
        payment = add(
            db, org, "payment", cohort_id=cohorts[name], student_id=dice.choice(students),
            amount=100 + number / 4, status=status, due_on=due_on, paid_on=paid_on,
        )  # fmt: skip
        if status == "paid" and dice.random() < 0.3:
            add(
                db, org, "refund", payment_id=payment, cohort_id=cohorts[name], amount=7 + number / 8,
                refunded_on=day - dice.randrange(50) * DAY,
            )  # fmt: skip
    money = {"student_id": students[0], "amount": 250, "status": "paid", "due_on": day, "paid_on": day}
    paid, other_paid = (
        add(db, org, "payment", cohort_id=cohorts[name], **money) for name in ("fall", "winter")
    )
    due = add(
        db, org, "payment", cohort_id=cohorts["fall"], student_id=students[0], amount=75.5, due_on=day + 9 * DAY,
    )  # fmt: skip
    refund = add(db, org, "refund", payment_id=paid, cohort_id=cohorts["fall"], amount=20, refunded_on=day)
    attempt = db.execute(
        "select id from school.mission_attempt where student_id = %s and mission_id = %s",
        (students[0], missions[track][0]),
    ).fetchone()
    assert attempt and payments
    names = {
        "dora": dora, "dirk": dirk, "cleo": cleo, "abe": admin, "mia": mia, "max": max_, "moe": moe,
        "program": program, "other_program": other_program,
        "track": track, "other_track": other_track, "lone_track": lone_track,
        "cohort": cohorts["fall"], "winter": cohorts["winter"], "empty": cohorts["empty"],
        "other_cohort": cohorts["spring"], "closed": cohorts["closed"], "lone": cohorts["lone"],
        "ann": students[0], "new": new, "out": out,
        "competency": competencies[track][0], "other_competency": competencies[other_track][0],
        "mission": missions[track][0], "other_mission": missions[other_track][0], "draft": missions[track][3],
        "attempt": attempt[0], "score": scores[0], "item": item, "payment": paid, "other_payment": other_paid,
        "due": due, "refund": refund,
    }  # fmt: skip
    return org, names


def _attempt(
    db: Connection, org: int, dice: random.Random, now: datetime, student: UUID, mission: UUID, *, first: bool
) -> None:
    """Let a student be somewhere at a mission."""
    state = (
        "approved" if first else dice.choice(["started", "submitted", "in_review", "approved", "rejected"])
    )
    begun = now - dice.randrange(10, 30) * DAY
    # The first student's took no time, and so is below the median.
    submitted = begun + 9 * DAY if first else begun + dice.randrange(1, 9) * DAY + dice.random() * DAY
    began_review = submitted if first else submitted + dice.random() * DAY
    times = {
        "submitted_at": submitted if state != "started" else None,
        "review_started_at": began_review if state in ("in_review", "approved", "rejected") else None,
        "reviewed_at": (submitted if first else began_review + dice.random() * DAY)
        if state in ("approved", "rejected")
        else None,
    }
    add(
        db,
        org,
        "mission_attempt",
        student_id=student,
        mission_id=mission,
        state=state,
        started_at=begun,
        **times,
    )


def refresh(db: Connection, org: int) -> int:
    """Compute and store every page and summary."""
    done = db.execute(REFRESH, {"org": org}).fetchone()
    assert done is not None
    return int(done[0])


def looks(db: Connection, org: int) -> list[tuple[str, UUID, bool, bool]]:
    """Of every page and summary: whose, whether it counts as current, whether it differs."""
    return db.execute(COMPARED, {"org": org}).fetchall()


def settle(db: Connection, org: int) -> None:
    """Refresh until the alerts that the first time opened are shown everywhere."""
    for _ in range(3):
        refresh(db, org)
    assert {look[2:] for look in looks(db, org)} == {(True, False)}
