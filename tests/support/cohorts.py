"""Two tracks with cohorts, missions and students, and changes of all that the totals of cohorts count."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from tests.support import school

Session = psycopg.Connection[Any]


@dataclass(frozen=True)
class Campus:
    """Ids of what changes are made to."""

    org: int
    directors: list[UUID]
    program: UUID
    tracks: list[UUID]
    cohorts: list[UUID]
    missions: list[UUID]
    competencies: list[UUID]
    students: list[UUID]
    names: dict[str, Any] = field(default_factory=dict)


def make_campus(db: Session, *, students: int = 6) -> Campus:
    """Add two tracks, each with a director, two cohorts, three missions and a competency.

    One mission of each track is a draft. Nobody is a member of anything yet.
    """
    org = school.make_org(db)
    directors = [school.make_person(db, org, "director") for _ in range(2)]
    program = add(db, "program", org_id=org, name="Data")
    tracks = [
        add(db, "track", org_id=org, program_id=program, name="Track", director_id=director)
        for director in directors
    ]
    cohorts = [add_cohort(db, org, track) for track in tracks for _ in range(2)]
    missions = [
        add(db, "mission", org_id=org, track_id=track, title="Mission", status=status)
        for track in tracks
        for status in ("published", "closed", "draft")
    ]
    competencies = [
        add(db, "competency", org_id=org, track_id=track, name="Writing", required_level=50)
        for track in tracks
    ]
    people = [school.make_person(db, org, "student") for _ in range(students)]
    return Campus(org, directors, program, tracks, cohorts, missions, competencies, people)


def add(db: Session, table: str, **columns: Any) -> UUID:
    """Insert a row into a table of school and return its id."""
    names, values = ", ".join(columns), ", ".join(f"%({name})s" for name in columns)
    row = db.execute(f"insert into school.{table} ({names}) values ({values}) returning id".encode(), columns)
    made: UUID = row.fetchone()[0]  # type: ignore[index]
    return made


def add_cohort(db: Session, org: int, track: UUID) -> UUID:
    """Insert a cohort that runs now."""
    days = {"starts_on": "2026-01-01", "ends_on": "2026-12-31", "status": "active"}
    return add(db, "cohort", org_id=org, track_id=track, name="Cohort", **days)


def join(db: Session, org: int, cohort: UUID, student: UUID, status: str = "active") -> None:
    """Make a student a member."""
    db.execute(
        "insert into school.cohort_member (org_id, cohort_id, student_id, status) values (%s, %s, %s, %s)",
        (org, cohort, student, status),
    )


def drift(db: Session) -> list[Any]:
    """What is kept that is not what the facts say."""
    return db.execute("select aggregate::text, org_id, key, difference from ops.drift()").fetchall()


# Each takes the parameters of dice_of().
STATES = ("started", "submitted", "in_review", "approved", "rejected")
ATTEMPT = """
    case when %(state)s <> 'started' then timestamptz '2026-02-01' + %(n)s * interval '1 hour' end,
    case when %(state)s = 'in_review' then timestamptz '2026-02-10' end,
    case
        when %(state)s in ('approved', 'rejected') then timestamptz '2026-02-20' + %(n)s * interval '1.5 s'
    end
"""
CHANGES: dict[str, str] = {
    "join": """
        insert into school.cohort_member (org_id, cohort_id, student_id, status, seat_pool)
        values (%(org)s, %(cohort)s, %(student)s, %(status)s, %(pool)s)
        on conflict (org_id, cohort_id, student_id) do update set
            status = excluded.status, seat_pool = excluded.seat_pool
    """,
    "everybody joins": """
        insert into school.cohort_member (org_id, cohort_id, student_id, seat_pool)
        select %(org)s, %(cohort)s, id, %(pool)s from unnest(%(students)s::uuid[]) as s (id)
        where exists (select from school.person as p where p.org_id = %(org)s and p.id = s.id)
        on conflict do nothing
    """,
    "withdraw": """
        update school.cohort_member set status = 'withdrawn'
        where org_id = %(org)s and student_id = %(student)s
    """,
    "leave": "delete from school.cohort_member where org_id = %(org)s and student_id = %(student)s",
    "transfer": """
        update school.cohort_member as m set cohort_id = %(other)s
        where org_id = %(org)s and cohort_id = %(cohort)s and not exists (
            select from school.cohort_member as o
            where o.org_id = m.org_id and o.cohort_id = %(other)s and o.student_id = m.student_id
        )
    """,
    "change places": """
        update school.cohort_member as m set student_id = %(second)s
        where org_id = %(org)s and cohort_id = %(cohort)s and student_id = %(student)s and not exists (
            select from school.cohort_member as o
            where o.org_id = m.org_id and o.cohort_id = m.cohort_id and o.student_id = %(second)s
        )
    """,
    "leave and join in one": """
        with gone as (
            delete from school.cohort_member
            where org_id = %(org)s and student_id = %(student)s and cohort_id <> %(cohort)s
        )
        insert into school.cohort_member (org_id, cohort_id, student_id, seat_pool)
        values (%(org)s, %(cohort)s, %(student)s, %(pool)s)
        on conflict (org_id, cohort_id, student_id) do update set
            seat_pool = excluded.seat_pool, status = 'active'
    """,
    "join and be scored in one": """
        with scored as (
            insert into school.readiness_score (org_id, student_id, scored_at, score)
            values (%(org)s, %(student)s, timestamptz '2026-03-01' + %(n)s * interval '1 hour', %(n)s)
            on conflict (org_id, student_id, scored_at) do update set score = excluded.score
        ),
        shown as (
            delete from school.portfolio_item where org_id = %(org)s and student_id = %(second)s
        )
        insert into school.cohort_member (org_id, cohort_id, student_id)
        values (%(org)s, %(cohort)s, %(student)s) on conflict do nothing
    """,
    "score": """
        insert into school.readiness_score (org_id, student_id, scored_at, score)
        values (%(org)s, %(student)s, timestamptz '2026-03-01' + %(n)s * interval '1 hour', %(n)s + 0.123457)
        on conflict (org_id, student_id, scored_at) do update set score = excluded.score
    """,
    "a late score": """
        insert into school.readiness_score (org_id, student_id, scored_at, score)
        values (%(org)s, %(student)s, timestamptz '2025-03-01' + %(n)s * interval '1 hour', %(n)s)
        on conflict do nothing
    """,
    "take back the newest score": """
        delete from school.readiness_score
        where org_id = %(org)s and student_id = %(student)s and scored_at = (
            select max(scored_at) from school.readiness_score
            where org_id = %(org)s and student_id = %(student)s
        )
    """,
    "another's score": """
        update school.readiness_score as r set student_id = %(second)s
        where org_id = %(org)s and student_id = %(student)s and not exists (
            select from school.readiness_score as o
            where o.org_id = r.org_id and o.student_id = %(second)s and o.scored_at = r.scored_at
        )
    """,
    "attempt": f"""
        insert into school.mission_attempt (
            org_id, mission_id, student_id, state, started_at, submitted_at, review_started_at, reviewed_at
        )
        select %(org)s, %(mission)s, %(student)s, %(state)s, '2026-01-01', {ATTEMPT}
        on conflict (org_id, student_id, mission_id) do update set
            state = excluded.state, submitted_at = excluded.submitted_at,
            review_started_at = excluded.review_started_at, reviewed_at = excluded.reviewed_at
    """,
    "everybody attempts": f"""
        insert into school.mission_attempt (
            org_id, mission_id, student_id, state, started_at, submitted_at, review_started_at, reviewed_at
        )
        select %(org)s, %(mission)s, p.id, %(state)s, '2026-01-01', {ATTEMPT}
        from school.person as p where p.org_id = %(org)s and p.id = any (%(students)s)
        on conflict do nothing
    """,
    "an attempt at another mission": """
        update school.mission_attempt as a set mission_id = %(mission)s
        where org_id = %(org)s and student_id = %(student)s and mission_id = (
            select o.mission_id from school.mission_attempt as o
            where o.org_id = %(org)s and o.student_id = %(student)s order by o.mission_id limit 1
        ) and not exists (
            select from school.mission_attempt as o
            where o.org_id = a.org_id and o.student_id = a.student_id and o.mission_id = %(mission)s
        )
    """,
    "give up": "delete from school.mission_attempt where org_id = %(org)s and student_id = %(student)s",
    "show": """
        insert into school.portfolio_item (org_id, student_id, title, state, quality, reviewed_at)
        values (
            %(org)s, %(student)s, 'Work', %(state_of_item)s,
            case when %(state_of_item)s = 'approved' then %(n)s + 0.3 end,
            case when %(state_of_item)s in ('approved', 'rejected') then now() end
        )
    """,
    "review the portfolio": """
        update school.portfolio_item set state = 'approved', quality = %(n)s, reviewed_at = now()
        where org_id = %(org)s and student_id in (%(student)s, %(second)s)
    """,
    "clear the portfolio": """
        delete from school.portfolio_item where org_id = %(org)s and student_id = %(student)s
    """,
    "assess": """
        insert into school.competency_score (org_id, competency_id, student_id, level)
        values (%(org)s, %(competency)s, %(student)s, %(n)s)
        on conflict (org_id, student_id, competency_id) do update set level = excluded.level
    """,
    "meet": """
        insert into school.mentor_session (org_id, cohort_id, title, starts_at, ends_at, status)
        select %(org)s, %(cohort)s, 'Hour', timestamptz '2026-03-01' + n * interval '1 day',
            timestamptz '2026-03-02' + n * interval '1 day',
            ('{scheduled,held,missed,cancelled}'::text[])[n]
        from generate_series(1, %(n)s %% 4 + 1) as n
    """,
    "meetings take place": """
        update school.mentor_session
        set status = case when %(n)s %% 2 = 0 then 'held' else 'missed' end, rating = 4
        where org_id = %(org)s and cohort_id = %(cohort)s and status = 'scheduled'
    """,
    "meetings move": """
        update school.mentor_session set cohort_id = %(other)s
        where org_id = %(org)s and cohort_id = %(cohort)s
    """,
    "meetings vanish": "delete from school.mentor_session where org_id = %(org)s and cohort_id = %(cohort)s",
    "owe": """
        insert into school.payment (org_id, cohort_id, student_id, amount, status, due_on, paid_on)
        select %(org)s, %(cohort)s, %(student)s, %(n)s + 0.25 * k, case when k = 1 then 'due' else 'paid' end,
            date '2026-01-15' + %(n)s, case when k > 1 then date '2026-01-20' + %(n)s end
        from generate_series(1, 3) as k
    """,
    "pay": """
        update school.payment set status = 'paid', paid_on = due_on + 40
        where org_id = %(org)s and cohort_id = %(cohort)s and status = 'due'
    """,
    "cancel": """
        update school.payment set status = 'cancelled'
        where org_id = %(org)s and cohort_id = %(cohort)s and status = 'due'
    """,
    "payments of another cohort": """
        update school.payment set cohort_id = %(other)s where org_id = %(org)s and cohort_id = %(cohort)s
    """,
    "refund": """
        insert into school.refund (org_id, payment_id, cohort_id, amount, refunded_on)
        select p.org_id, p.id, p.cohort_id, 0.01 + (p.amount - f.refunded) / 2, p.paid_on + 10
        from school.payment as p
        cross join lateral (
            select coalesce(sum(r.amount), 0) as refunded from school.refund as r
            where r.org_id = p.org_id and r.payment_id = p.id
        ) as f
        where p.org_id = %(org)s and p.cohort_id = %(cohort)s and p.status = 'paid'
            and p.amount - f.refunded > 0.02
    """,
    "less is refunded, later": """
        update school.refund set amount = greatest(amount - 0.1, 0.01), refunded_on = refunded_on + 20
        where org_id = %(org)s and cohort_id = %(cohort)s
    """,
    "nothing is refunded": "delete from school.refund where org_id = %(org)s and cohort_id = %(cohort)s",
    "the cohort moves": """
        update school.cohort set track_id = %(track)s where org_id = %(org)s and id = %(cohort)s
    """,
    "the cohort moves as somebody joins": """
        with moved as (
            update school.cohort set track_id = %(track)s where org_id = %(org)s and id = %(cohort)s
        )
        insert into school.cohort_member (org_id, cohort_id, student_id)
        values (%(org)s, %(cohort)s, %(student)s) on conflict do nothing
    """,
    "the mission moves": """
        update school.mission set track_id = %(track)s where org_id = %(org)s and id = %(mission)s
    """,
    "the mission is of every track": """
        update school.mission set track_id = null where org_id = %(org)s and id = %(mission)s
    """,
    "the mission is a draft, or none": """
        update school.mission set status = case status when 'draft' then 'published' else 'draft' end
        where org_id = %(org)s and id = %(mission)s
    """,
    "missions move, and one of them goes": """
        with gone as (delete from school.mission where org_id = %(org)s and id = %(mission)s)
        update school.mission set track_id = %(track)s where org_id = %(org)s and id <> %(mission)s
    """,
    "the mission goes": "delete from school.mission where org_id = %(org)s and id = %(mission)s",
    "the cohort goes": "delete from school.cohort where org_id = %(org)s and id = %(cohort)s",
    "the student goes": "delete from school.person where org_id = %(org)s and id = %(student)s",
    "the track goes": "delete from school.track where org_id = %(org)s and id = %(track)s",
    "fold": "select board.fold(%(org)s)",
}
ENDINGS = (
    "the mission goes",
    "missions move, and one of them goes",
    "the cohort goes",
    "the student goes",
    "the track goes",
)


def dice_of(campus: Campus, dice: random.Random) -> dict[str, Any]:
    """Parameters for one of CHANGES."""
    state = dice.choice(STATES)
    return {
        "org": campus.org,
        "student": dice.choice(campus.students),
        "second": dice.choice(campus.students),
        "students": campus.students,
        "cohort": dice.choice(campus.cohorts),
        "other": dice.choice(campus.cohorts),
        "track": dice.choice(campus.tracks),
        "mission": dice.choice(campus.missions),
        "competency": dice.choice(campus.competencies),
        "n": dice.randrange(1, 100),
        "state": state,
        "state_of_item": dice.choice(("draft", *STATES[1:])),
        "status": dice.choice(("active", "active", "completed", "withdrawn")),
        "pool": dice.choice(("paid", "scholarship", "sponsored")),
    }
