"""What the student's dashboard says: each formula against numbers worked out by hand.

Each test is one transaction, so that its now() stands still and moments are met to the microsecond.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.support import dashboards, school
from tests.support.dashboards import Connection, add, noon_zone
from tests.support.servers import Cluster, Database

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class Desk:
    """A student without any fact in an organization of its own, in an open transaction, at `now`."""

    db: Connection
    org: int
    student: UUID
    now: datetime

    def add(self, table: str, **row: Any) -> Any:
        """Add a fact, of the student where it is a student's."""
        if table in OWN:
            row = {"person_id" if table == "notification" else "student_id": self.student, **row}
        return add(self.db, self.org, table, **row)

    def premium(self) -> None:
        """Let the student see everything."""
        self.add("subscription", tier="premium")

    def join(self, target: int = 80) -> tuple[UUID, UUID]:
        """Put the student into a cohort; return track and cohort."""
        track = self.add(
            "track", program_id=self.add("program", name="prep"), name="data", target_readiness=target
        )
        cohort = self.add(
            "cohort",
            track_id=track,
            name="fall",
            starts_on="2024-01-01",
            ends_on="2034-01-01",
            status="active",
        )
        self.add("cohort_member", cohort_id=cohort)
        return track, cohort

    def enroll(self) -> UUID:
        """Put the student into a course."""
        course = school.make_course(self.db, self.org)
        school.enroll(self.db, self.org, self.student, course)
        return course

    def row(self) -> dict[str, Any]:
        """Return what would be stored; numbers as text."""
        return dashboards.computed(self.db, self.org, self.student)

    def document(self) -> dict[str, Any]:
        """Return the document."""
        found: dict[str, Any] = self.row()["document"]
        return found

    def clock(self) -> tuple[date, datetime, datetime]:
        """Return the organization's today, midnight, and beginning of the week."""
        query = "select today, midnight, week_begins from board.clock(%s)"
        found = self.db.execute(query, (self.org,)).fetchone()
        assert found
        return found[0], found[1], found[2]

    def zone(self, name: str) -> None:
        """Move the organization."""
        self.db.execute("update school.organization set time_zone = %s where org_id = %s", (name, self.org))

    def utc(self, moment: datetime) -> str:
        """Write a moment as documents do."""
        found = self.db.execute("select board.utc(%s)", (moment,)).fetchone()
        assert found
        return str(found[0])


OWN = {
    "cohort_member", "competency_score", "readiness_score", "mission_attempt", "portfolio_item", "habit",
    "habit_log", "goal", "point_award", "badge", "notification", "ai_nudge", "subscription", "interaction",
}  # fmt: skip


@pytest.fixture(scope="module")
def session(cluster: Cluster, template: str) -> Iterator[Connection]:
    """A session in a database without facts: each test takes back what it wrote."""
    with cluster.database(template) as database, database.connect() as db:
        yield db


@pytest.fixture
def desk(session: Connection) -> Iterator[Desk]:
    """A desk that is gone after its test."""
    db = session
    with db.transaction(force_rollback=True):
        org = school.make_org(db, time_zone=noon_zone())
        now = db.execute("select now()").fetchone()
        assert now
        yield Desk(db, org, school.make_person(db, org, "student", name="ann"), now[0])


NOTHING = {
    "readiness": {"score": None, "time_to_ready": None, "trend_7d": None, "gaps": "upgrade_required"},
    "today": {"primary_action": None, "secondary_actions": []},
    "quick_stats": {
        "points": 0,
        "streak_days": 0,
        "badges": 0,
        "missions_completed": 0,
        "hours_this_week": 0,
    },
    "cards": {
        "coaching": {"habits_done": 0, "habits_total": 0, "active_goals": 0, "streak_days": 0},
        "missions": {
            **{
                "started": 0,
                "submitted": 0,
                "in_review": 0,
                "approved": 0,
                "rejected": 0,
                "missions_in_review": 0,
            },
        },
        "portfolio": {
            **{"draft": 0, "submitted": 0, "in_review": 0, "approved": 0, "rejected": 0, "health": None},
        },
        "cohort": {"cta": "Join cohort"},
        "subscription": {"tier": "free", "days_left": None},
        "assignments": {"due": 0, "overdue": 0, "ungraded": 0},
    },
    "notifications": {"unread": 0, "urgent": 0, "latest": []},
    "ai_nudge": "upgrade_required",
    "ai_nudge_id": None,
    "flags": {
        **{"live_session_now": False, "review_arrived": False, "nudge_new": False, "deadline_today": False},
        "enhanced_access_expiring": False,
    },
    "missions_in_review": 0,
    "sources": {},
}


def test_a_person_without_any_fact(desk: Desk) -> None:
    assert desk.document() == NOTHING


def test_a_cold_start_computes_and_stores(desk: Desk) -> None:
    stored = (
        "select c.version, c.document is null, c.seen_at is null, board.is_fresh(c) "
        "from board.student_dashboard_cache as c"
    )
    assert desk.db.execute(stored).fetchone() == (0, True, True, None)
    for _ in range(2):
        read = "select (board.current_student_dashboard(%s, %s)).document::text"
        answer = desk.db.execute(read, (desk.org, desk.student)).fetchone()
        assert answer and json.loads(answer[0]) == NOTHING
    assert desk.db.execute(stored).fetchone() == (1, False, False, True)


def test_who_is_no_student_gets_a_document_that_is_not_stored(desk: Desk) -> None:
    stranger = school.make_person(desk.db, desk.org)
    read = "select (board.current_student_dashboard(%s, %s)).document::text"
    answer = desk.db.execute(read, (desk.org, stranger)).fetchone()
    assert answer and json.loads(answer[0]) == NOTHING
    count = "select count(*) from board.student_dashboard_cache where student_id = %s"
    assert desk.db.execute(count, (stranger,)).fetchone() == (0,)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], (None, None, None)),
        # Slope: 213.5 / 245 points a day; the 22 that are missing take 25.2 days.
        ([(21, 40), (14, 45), (7, 52), (0, 58)], ("58.00", "+6.0", 26)),
        ([(0, 85)], ("85.00", None, 0)),
        ([(0, 80)], ("80.00", None, 0)),
        # The oldest is a week ago and more, but none of the 28 days that make the slope.
        ([(40, 10), (5, 60), (0, 50)], ("50.00", "+40.0", None)),
        ([(28, 10), (0, 50)], ("50.00", "+40.0", None)),
        # 27 days: 40 / 27 points a day, 30 are missing: 20.25 days.
        ([(27, 10), (0, 50)], ("50.00", "+40.0", 21)),
        ([(6, 50), (0, 50)], ("50.00", None, None)),
        ([(7, 50.04), (0, 50)], ("50.00", "0.0", None)),
        ([(8, 52.3), (0, 50)], ("50.00", "-2.3", None)),
    ],
)
def test_readiness(desk: Desk, scores: list[tuple[int, float]], expected: tuple[Any, ...]) -> None:
    desk.premium()
    desk.join(target=80)
    for days, score in scores:
        desk.add("readiness_score", scored_at=desk.now - days * DAY, score=score)
    readiness = desk.document()["readiness"]
    assert (readiness["score"], readiness["trend_7d"], readiness["time_to_ready"]) == expected


def test_a_day_of_readiness_is_the_organizations(desk: Desk) -> None:
    """Six days and twenty hours ago is seven days ago at noon, and six an hour before midnight."""
    desk.premium()
    for ago, score in ((6 * DAY + 20 * HOUR, 40), (0 * DAY, 50)):
        desk.add("readiness_score", scored_at=desk.now - ago, score=score)
    assert desk.document()["readiness"]["trend_7d"] == "+10.0"
    desk.zone(_zone_at(desk, 23 * 60 + 30))
    assert desk.document()["readiness"]["trend_7d"] is None


def test_gaps_are_the_three_widest(desk: Desk) -> None:
    desk.premium()
    track, _ = desk.join()
    for name, required, level in (
        ("Git", 70, 60), ("SQL", 70, 40), ("Rust", 50, None), ("Vim", 30, None), ("CSS", 40, 40),
        ("Awk", 40, 10),
    ):  # fmt: skip
        competency = desk.add("competency", track_id=track, name=name, required_level=required)
        if level is not None:
            desk.add("competency_score", competency_id=competency, level=level)
    # 50, then three times 30: by name.
    assert desk.document()["readiness"]["gaps"] == ["Rust", "Awk", "SQL"]
    desk.db.execute("delete from school.cohort_member")
    assert desk.document()["readiness"]["gaps"] == []


def test_todays_ranking(desk: Desk) -> None:
    track, cohort = desk.join()
    course = desk.enroll()
    # Of equals the title decides, before the id does.
    for number, (title, due) in enumerate(
        (("late", -HOUR), ("b", 25 * HOUR), ("a", 25 * HOUR), ("quiet", None))
    ):
        due_at = None if due is None else desk.now + due
        desk.add("assignment", id=UUID(int=number), course_id=course, title=title, due_at=due_at)
    school.make_assignment(desk.db, desk.org, course, title="draft", status="draft", due_at=desk.now)
    handed_in = school.make_assignment(desk.db, desk.org, course, title="done", due_at=desk.now + HOUR)
    school.submit(desk.db, desk.org, handed_in, desk.student)
    school.make_quiz(desk.db, desk.org, course, title="quiz", due_at=desk.now + 23 * HOUR)
    desk.add(
        "mentor_session",
        cohort_id=cohort,
        title="talk",
        starts_at=desk.now + HOUR,
        ends_at=desk.now + 2 * HOUR,
    )
    begun = desk.add("mission", track_id=track, title="begun", est_hours=2.5, due_at=desk.now + 10 * DAY)
    desk.add("mission_attempt", mission_id=begun, estimated_completion=desk.now + 71 * HOUR)
    desk.add("milestone", cohort_id=cohort, title="pitch", due_at=desk.now + 73 * HOUR)
    habit = desk.add("habit", title="reading")
    desk.add("mission", title="everybody's")

    document = desk.document()
    actions = [document["today"]["primary_action"], *document["today"]["secondary_actions"]]
    assert [(a["type"], a["title"], a["priority"]) for a in actions] == [
        ("assignment", "late", "urgent"),
        ("session", "talk", "urgent"),
        ("quiz", "quiz", "urgent"),
        ("assignment", "a", "high"),
        ("assignment", "b", "high"),
        ("mission", "begun", "high"),
    ]
    assert actions[5] == {
        **{"type": "mission", "id": str(begun), "title": "begun", "priority": "high", "est_hours": "2.50"},
        **{"deadline": desk.utc(desk.now + 71 * HOUR), "cta": f"/missions/{begun}/continue"},
    }
    assert document["cards"]["assignments"] == {"due": 2, "overdue": 1, "ungraded": 1}
    assert document["flags"]["deadline_today"] is False, "neither what is over nor a session"

    # What was in the way is done: the rest, of which what has no deadline comes last.
    desk.db.execute("delete from school.enrollment")
    document = desk.document()
    actions = [document["today"]["primary_action"], *document["today"]["secondary_actions"]]
    assert [(a["title"], a["priority"]) for a in actions] == [
        ("talk", "urgent"), ("begun", "high"), ("pitch", "normal"), ("reading", "normal"),
        ("everybody's", "low"),
    ]  # fmt: skip
    assert actions[3]["cta"] == f"/habits/{habit}/log"


def test_priorities_change_at_24_and_72_hours(desk: Desk) -> None:
    course = desk.enroll()
    instant = timedelta(microseconds=1)
    for title, due in (
        ("a", 24 * HOUR - instant),
        ("b", 24 * HOUR),
        ("c", 72 * HOUR - instant),
        ("d", 72 * HOUR),
    ):
        school.make_assignment(desk.db, desk.org, course, title=title, due_at=desk.now + due)
    today = desk.document()["today"]
    actions = [today["primary_action"], *today["secondary_actions"]]
    assert [a["priority"] for a in actions] == ["urgent", "high", "high", "normal"]


def test_a_deadline_today_ends_with_the_day_of_the_organization(desk: Desk) -> None:
    course = desk.enroll()
    _, midnight, _ = desk.clock()
    assignment = school.make_assignment(desk.db, desk.org, course, due_at=midnight)
    assert desk.document()["flags"]["deadline_today"] is False
    desk.db.execute(
        "update school.assignment set due_at = due_at - interval '1 microsecond' where id = %s", (assignment,)
    )
    assert desk.document()["flags"]["deadline_today"] is True
    desk.zone(_zone_at(desk, 23 * 60 + 30))
    assert desk.document()["flags"]["deadline_today"] is False


def test_quick_stats(desk: Desk) -> None:
    for points in (10, -3):
        desk.add("point_award", points=points, reason="x", awarded_at=desk.now - 900 * DAY)
    for name in ("star", "star"):
        desk.add("badge", name=name)
    _, _, week_begins = desk.clock()
    for at, hours in (
        (week_begins, 1),
        (week_begins + 7 * DAY - MINUTE, 0.25),
        (week_begins - timedelta(microseconds=1), 9),
        (week_begins + 7 * DAY, 9),
    ):
        desk.add("interaction", agent_type="forum", occurred_at=at, duration_ms=int(hours * 3_600_000))
    desk.add("interaction", agent_type="forum", occurred_at=desk.now)
    for state, review in (("approved", {"reviewed_at": desk.now}), ("started", {})):
        times = {"started_at": desk.now, **({"submitted_at": desk.now} if review else {}), **review}
        desk.add("mission_attempt", mission_id=desk.add("mission", title=state), state=state, **times)
    assert desk.document()["quick_stats"] == {
        **{"points": 7, "badges": 2, "hours_this_week": "1.3", "missions_completed": 1, "streak_days": 0},
    }


@pytest.mark.parametrize(
    ("days", "streak"),
    [([0, 1, 2, 4], 3), ([1, 2], 2), ([2, 3], 0), ([0], 1), ([-1, 0], 1), ([-1], 0), ([], 0)],
)
def test_streak(desk: Desk, days: list[int], streak: int) -> None:
    today, _, _ = desk.clock()
    # Two habits in turn, one of them given up: a day counts once, and for whatever habit.
    habits = [desk.add("habit", title="reading"), desk.add("habit", title="old", is_active=False)]
    for number, ago in enumerate(days):
        desk.add("habit_log", habit_id=habits[number % 2], day=today - ago * DAY)
    if days:
        desk.db.execute(
            "insert into school.habit_log (org_id, habit_id, student_id, day) "
            "select org_id, %s, student_id, day from school.habit_log on conflict do nothing",
            (habits[1],),
        )
    document = desk.document()
    assert document["quick_stats"]["streak_days"] == streak
    assert document["cards"]["coaching"]["streak_days"] == streak


def test_coaching_when_the_day_ends_in_the_organization(desk: Desk) -> None:
    # Eleven hours behind Greenwich and thirteen before it, it is the same hour of two days.
    desk.zone("Etc/GMT+11")
    today, _, _ = desk.clock()
    reading = desk.add("habit", title="reading")
    desk.add("habit", title="walking")
    desk.add("habit", title="old", is_active=False)
    for ago in (0, 1):
        desk.add("habit_log", habit_id=reading, day=today - ago * DAY)
    desk.add("goal", title="degree")
    desk.add("goal", title="reached", completed_at=desk.now)
    coaching = {"habits_done": 1, "habits_total": 2, "active_goals": 1, "streak_days": 2}
    assert desk.document()["cards"]["coaching"] == coaching
    desk.zone("Etc/GMT-13")
    assert desk.clock()[0] == today + DAY
    assert desk.document()["cards"]["coaching"] == {**coaching, "habits_done": 0}
    assert desk.document()["today"]["primary_action"]["title"] == "reading"


def test_missions_and_portfolio(desk: Desk) -> None:
    desk.premium()
    day = {"started_at": desk.now - 9 * DAY}
    handed_in = {**day, "submitted_at": desk.now - 8 * DAY}
    taken = {**handed_in, "review_started_at": desk.now - 7 * DAY}
    done = {**taken, "reviewed_at": desk.now - 6 * DAY}
    for state, times, how_many in (
        ("started", day, 1), ("submitted", handed_in, 2), ("in_review", taken, 3), ("approved", done, 4),
        ("rejected", done, 5),
    ):  # fmt: skip
        for _ in range(how_many):
            desk.add("mission_attempt", mission_id=desk.add("mission", title="m"), state=state, **times)
    reviewed = desk.now - 6 * DAY
    for state, quality, at in (
        ("approved", 80, reviewed), ("approved", 90, reviewed), ("submitted", None, None),
        ("draft", None, None),
    ):  # fmt: skip
        desk.add("portfolio_item", title="t", state=state, quality=quality, reviewed_at=at)
    document = desk.document()
    assert document["cards"]["missions"] == {
        **{
            "started": 1,
            "submitted": 2,
            "in_review": 3,
            "approved": 4,
            "rejected": 5,
            "missions_in_review": 5,
        },
    }
    assert document["missions_in_review"] == 5
    # 0.7 * 85 + 0.3 * 50
    assert document["cards"]["portfolio"] == {
        **{"draft": 1, "submitted": 1, "in_review": 0, "approved": 2, "rejected": 0, "health": "74.50"},
    }
    desk.db.execute("delete from school.portfolio_item where state <> 'draft'")
    assert desk.document()["cards"]["portfolio"]["health"] == "0.00"


def test_cohort_card(desk: Desk) -> None:
    track, cohort = desk.join()
    card: dict[str, Any] = {
        "id": str(cohort),
        "name": "fall",
        "next_event": None,
        "mentor": None,
        "completion": None,
    }
    assert desk.document()["cards"]["cohort"] == card
    zoe, mia = (school.make_person(desk.db, desk.org, "mentor", name=name) for name in ("zoe", "mia"))
    for mentor in (zoe, mia):
        desk.add("cohort_mentor", cohort_id=cohort, mentor_id=mentor)
    done = {"started_at": desk.now, "submitted_at": desk.now, "reviewed_at": desk.now}
    for title, status in (("a", "published"), ("b", "closed"), ("c", "published"), ("d", "draft")):
        mission = desk.add("mission", track_id=track, title=title, status=status)
        if title in "bd":
            desk.add("mission_attempt", mission_id=mission, state="approved", **done)
    # Of everybody's and other tracks' missions none counts.
    desk.add("mission_attempt", mission_id=desk.add("mission", title="e"), state="approved", **done)
    event = desk.add("calendar_event", title="feast", starts_at=desk.now + 2 * HOUR)
    card |= {"mentor": {"id": str(mia), "name": "mia"}, "completion": "33.33"}
    card["next_event"] = {
        "kind": "event",
        "id": str(event),
        "title": "feast",
        "starts_at": desk.utc(desk.now + 2 * HOUR),
    }
    assert desk.document()["cards"]["cohort"] == card
    other = school.make_person(desk.db, desk.org, "student")
    for title, student, begins, status in (
        ("another's", other, 1, "scheduled"), ("off", None, 1, "cancelled"),
        ("mine", desk.student, 2, "scheduled"),
    ):  # fmt: skip
        begin = desk.now + begins * HOUR
        desk.add(
            "mentor_session", cohort_id=cohort, title=title, student_id=student, starts_at=begin,
            ends_at=begin + HOUR, status=status,
        )  # fmt: skip
    found = desk.document()
    assert found["cards"]["cohort"]["next_event"]["title"] == "feast", "of two at a time the kind decides"
    desk.add("milestone", cohort_id=cohort, title="pitch", due_at=desk.now + HOUR)
    assert desk.document()["cards"]["cohort"]["next_event"]["title"] == "pitch"
    assert found["flags"]["live_session_now"] is False
    desk.db.execute("update school.mentor_session set starts_at = now() where title = 'mine'")
    assert desk.document()["flags"]["live_session_now"] is True


def test_the_cohort_is_the_active_membership_that_began_last(desk: Desk) -> None:
    track, first = desk.join()
    again = {"track_id": track, "starts_on": "2024-01-01", "ends_on": "2034-01-01"}
    for name, status, joined in (("later", "active", HOUR), ("left", "withdrawn", 2 * HOUR)):
        cohort = desk.add("cohort", name=name, **again)
        desk.add("cohort_member", cohort_id=cohort, status=status, joined_at=desk.now + joined)
    assert desk.document()["cards"]["cohort"]["name"] == "later"
    desk.db.execute("update school.cohort_member set status = 'completed' where cohort_id <> %s", (first,))
    assert desk.document()["cards"]["cohort"]["name"] == "fall"


@pytest.mark.parametrize(
    ("tier", "ends", "enhanced", "expected", "changes"),
    [
        ("free", None, None, ("free", None, False), None),
        ("premium", None, None, ("premium", None, False), None),
        ("premium", 20 * DAY, None, ("premium", 20, False), DAY),
        ("premium", 20 * DAY + MINUTE, None, ("premium", 21, False), MINUTE),
        ("premium", MINUTE, None, ("premium", 1, False), MINUTE),
        ("premium", 0 * DAY, None, ("free", None, False), None),
        ("free", None, 3 * DAY, ("premium", None, True), None),
        ("free", None, 7 * DAY, ("premium", None, True), None),
        ("free", None, 7 * DAY + MINUTE, ("premium", None, False), MINUTE),
        ("free", None, MINUTE, ("premium", None, True), MINUTE),
        ("free", None, 0 * DAY, ("free", None, False), None),
        ("premium", -DAY, 3 * DAY, ("premium", None, True), None),
    ],
)
def test_subscription(
    desk: Desk,
    tier: str,
    ends: timedelta | None,
    enhanced: timedelta | None,
    expected: tuple[Any, ...],
    changes: timedelta | None,
) -> None:
    moments = {
        name: None if ahead is None else desk.now + ahead
        for name, ahead in (("ends_at", ends), ("enhanced_until", enhanced))
    }
    desk.add("subscription", tier=tier, **moments)
    row = desk.row()
    card = row["document"]["cards"]["subscription"]
    expires = row["document"]["flags"]["enhanced_access_expiring"]
    assert (card["tier"], card["days_left"], expires) == expected
    assert ("warning" in card) == expires
    assert row["tier"] == card["tier"]
    # Nothing is shown of what the tier does not see.
    assert (row["document"]["readiness"]["gaps"] == "upgrade_required") == (card["tier"] == "free")
    until = desk.now + min(15 * MINUTE, changes or DAY)
    assert datetime.fromisoformat(row["fresh_until"]) == until


def test_a_free_tiers_numbers_are_kept_unmasked_and_shown_masked(desk: Desk) -> None:
    desk.join()
    for days, score in ((7, 60), (0, 70)):
        desk.add("readiness_score", scored_at=desk.now - days * DAY, score=score)
    desk.add("portfolio_item", title="t", state="approved", quality=80, reviewed_at=desk.now)
    desk.add("ai_nudge", message="Read.")
    row = desk.row()
    assert (row["time_to_ready"], row["portfolio_health"]) == (7, "86.00")
    document = row["document"]
    assert document["readiness"] == {
        **{"score": "70.00", "trend_7d": "+10.0", "time_to_ready": None, "gaps": "upgrade_required"},
    }
    assert document["cards"]["portfolio"]["health"] is None
    assert (document["ai_nudge"], document["ai_nudge_id"]) == ("upgrade_required", None)


def test_messages(desk: Desk) -> None:
    desk.premium()
    for number in range(7):
        desk.add(
            "notification", title=f"n{number}", is_urgent=number % 3 == 0,
            created_at=desk.now - number * HOUR, read_at=desk.now if number in (0, 5) else None,
        )  # fmt: skip
    nudges = [
        desk.add(
            "ai_nudge", message=message, created_at=desk.now - ago, expires_at=expires, dismissed_at=dismissed
        )
        for message, ago, expires, dismissed in (
            ("expired", HOUR, desk.now, None),
            ("dismissed", 2 * HOUR, None, desk.now),
            ("shown", 24 * HOUR, desk.now + HOUR, None),
            ("older", 25 * HOUR, None, None),
        )
    ]
    document = desk.document()
    notifications = document["notifications"]
    # Unread: 1, 2, 3, 4, 6; urgent of these: 3, 6.
    assert (notifications["unread"], notifications["urgent"]) == (5, 2)
    assert [n["title"] for n in notifications["latest"]] == ["n0", "n1", "n2", "n3", "n4"]
    assert (notifications["latest"][0]["read_at"], notifications["latest"][1]["read_at"]) == (
        desk.utc(desk.now),
        None,
    )
    assert (document["ai_nudge"], document["ai_nudge_id"]) == ("shown", str(nudges[2]))
    assert document["flags"]["nudge_new"] is False
    desk.db.execute("update school.ai_nudge set created_at = created_at + interval '1 second'")
    assert desk.document()["flags"]["nudge_new"] is True


def test_leaderboard(desk: Desk) -> None:
    _, cohort = desk.join()
    others = [school.make_person(desk.db, desk.org, "student", name=name) for name in "bcdef"]
    for student in others[:4]:
        desk.add("cohort_member", cohort_id=cohort, student_id=student)
    desk.add("cohort_member", cohort_id=cohort, student_id=others[4], status="completed")
    for student, points in zip([desk.student, *others], (20, 40, 30, 20, 10, 99), strict=True):
        desk.add("point_award", student_id=student, points=points, reason="x")
    desk.db.execute("select board.refresh_leaderboard(%s)", (desk.org,))
    query = "select board.student_leaderboard(%s, %s, %s)::text"
    found = desk.db.execute(query, (desk.org, desk.student, cohort)).fetchone()
    assert found
    board = json.loads(found[0], parse_float=str)
    # One of four has less. Before: c and, of equals, whose id is lower.
    equal_is_before = others[2] < desk.student
    around = {(n["rank"], n["name"], n["points"], n["is_me"]) for n in board.pop("around_me")}
    assert around == {(2, "c", 30, False), (3, "ann", 20, True), (3, "d", 20, False), (5, "e", 10, False)} | (
        set() if equal_is_before else {(1, "b", 40, False)}
    )
    assert board == {"rank": 3, "percentile": "25.00", "points": 20, "as_of": desk.utc(desk.now)}
    unranked = desk.db.execute(query, (desk.org, others[4], cohort)).fetchone()
    assert unranked == (None,)


# What changes by itself five minutes from now, or at once.
SOON = 5 * MINUTE
MOMENTS: dict[str, tuple[str, dict[str, timedelta]]] = {
    "a deadline": ("assignment", {"due_at": SOON}),
    "becomes urgent": ("assignment", {"due_at": SOON + 24 * HOUR}),
    "becomes high": ("assignment", {"due_at": SOON + 72 * HOUR}),
    "a session begins": ("mentor_session", {"starts_at": SOON, "ends_at": HOUR}),
    "a session ends": ("mentor_session", {"starts_at": -HOUR, "ends_at": SOON}),
    "a milestone": ("milestone", {"due_at": SOON}),
    "an event": ("calendar_event", {"starts_at": SOON}),
    "a nudge expires": ("ai_nudge", {"created_at": -3 * DAY, "expires_at": SOON}),
    "a nudge is no news": ("ai_nudge", {"created_at": SOON - DAY}),
    "a review is no news": ("portfolio_item", {"reviewed_at": SOON - DAY}),
    "premium ends": ("subscription", {"ends_at": SOON}),
    "a day less": ("subscription", {"ends_at": SOON + 9 * DAY}),
    "enhanced access ends": ("subscription", {"enhanced_until": SOON}),
    "enhanced access ends within a week": ("subscription", {"enhanced_until": SOON + 7 * DAY}),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_fresh_until(desk: Desk, moment: str) -> None:
    table, times = MOMENTS[moment]
    _, cohort = desk.join()
    course = desk.enroll()
    rows: dict[str, dict[str, Any]] = {
        "assignment": {"course_id": course, "title": "t"},
        "mentor_session": {"cohort_id": cohort, "title": "t"},
        "milestone": {"cohort_id": cohort, "title": "t"},
        "calendar_event": {"title": "t"},
        "ai_nudge": {"message": "m"},
        "portfolio_item": {"title": "t", "state": "approved"},
        "subscription": {"tier": "premium"},
    }
    assert datetime.fromisoformat(desk.row()["fresh_until"]) == desk.now + 15 * MINUTE
    desk.add(table, **rows[table], **{name: desk.now + ahead for name, ahead in times.items()})
    assert datetime.fromisoformat(desk.row()["fresh_until"]) == desk.now + SOON


def test_what_is_due_this_very_instant_is_stale_at_once(desk: Desk) -> None:
    school.make_assignment(desk.db, desk.org, desk.enroll(), due_at=desk.now)
    row = desk.row()
    assert row["assignments_due"] == 1, "overdue a microsecond later"
    assert datetime.fromisoformat(row["fresh_until"]) == desk.now


def test_fresh_until_midnight_in_the_organization(desk: Desk) -> None:
    desk.zone(_zone_at(desk, 23 * 60 + 50))
    _, midnight, _ = desk.clock()
    assert desk.now < midnight <= desk.now + 10 * MINUTE
    assert datetime.fromisoformat(desk.row()["fresh_until"]) == midnight


def _zone_at(desk: Desk, minutes: int) -> str:
    """Return a zone in which it is so many minutes past midnight, and some seconds."""
    utc = desk.db.execute("select now() at time zone 'UTC'").fetchone()
    assert utc
    ahead = minutes - (utc[0].hour * 60 + utc[0].minute)
    return f"<home>{'-' if ahead >= 0 else '+'}{abs(ahead) // 60:02d}:{abs(ahead) % 60:02d}"


def test_ten_thousand_facts_of_each_kind(desk: Desk) -> None:
    desk.premium()
    habit = desk.add("habit", title="reading")
    today, _, week_begins = desk.clock()
    names = {"org": desk.org, "student": desk.student, "habit": habit, "today": today, "week": week_begins}
    for statement in (
        "insert into school.point_award (org_id, student_id, points, reason) select {}, n %% 10, 'x' from {}",
        "insert into school.badge (org_id, student_id, name) select {}, 'x' from {}",
        "insert into school.goal (org_id, student_id, title) select {}, 'x' from {}",
        "insert into school.habit_log (org_id, student_id, habit_id, day) "
        "select {}, %(habit)s, %(today)s - n + 1 from {}",
        "insert into school.interaction (org_id, student_id, agent_type, occurred_at, duration_ms) "
        "select {}, 'forum', %(week)s + interval '1 second' * n, 36000 from {}",
        "insert into school.readiness_score (org_id, student_id, scored_at, score) "
        "select {}, now() - interval '1 hour' * n, 50 + n / 1000.0 from {}",
        "insert into school.notification (org_id, person_id, title, is_urgent, created_at) "
        "select {}, 'n' || n, n %% 4 = 0, now() - interval '1 minute' * n from {}",
        "insert into school.portfolio_item (org_id, student_id, title, state, quality, reviewed_at) "
        "select {}, 'x', 'approved', n %% 101, now() - interval '2 days' from {}",
        "insert into school.ai_nudge (org_id, student_id, message, created_at) "
        "select {}, 'm' || n, now() - interval '1 day' * n from {}",
        "with m as (insert into school.mission (org_id, title) "
        "select %(org)s, 'm' || n from {1} returning id) "
        "insert into school.mission_attempt (org_id, student_id, mission_id) select {0}, m.id from m",
    ):
        statement = statement.format("%(org)s, %(student)s", "generate_series(1, 10000) as n")
        desk.db.execute(statement.encode(), names)
    document = desk.document()
    # A score an hour. At noon and some minutes the seventh day ago ended 157 scores ago: 50.001 - 50.157.
    assert document["readiness"]["score"] == "50.00"
    assert document["readiness"]["trend_7d"] == "-0.2"
    assert document["quick_stats"] == {
        **{"points": 45000, "streak_days": 10000, "badges": 10000, "missions_completed": 0},
        "hours_this_week": "100.0",
    }
    assert document["cards"]["coaching"] == {
        **{"habits_done": 1, "habits_total": 1, "active_goals": 10000, "streak_days": 10000},
    }
    assert document["cards"]["missions"]["started"] == 10000
    # Quality: 99 times 0 to 100, and 1 once: 0.7 * (99 * 5050 + 1) / 10000 + 0.3 * 100.
    assert document["cards"]["portfolio"]["approved"] == 10000
    assert document["cards"]["portfolio"]["health"] == "65.00"
    assert (document["notifications"]["unread"], document["notifications"]["urgent"]) == (10000, 2500)
    assert [n["title"] for n in document["notifications"]["latest"]] == ["n1", "n2", "n3", "n4", "n5"]
    assert document["ai_nudge"] == "m1"
    assert document["today"]["primary_action"]["title"] == "m1"
    assert [a["title"] for a in document["today"]["secondary_actions"]] == [
        "m10",
        "m100",
        "m1000",
        "m10000",
        "m1001",
    ]


def test_set_wise_is_one_by_one(database: Database) -> None:
    with database.connect() as db, db.transaction():
        org = db.execute("select ops.seed_school('Many', 200, current_date)").fetchone()
        assert org
        db.execute("analyze")
        rows = (
            "select (to_jsonb(d) - '{computed_in,scopes}'::text[])::text, "
            "(select array_agg(s order by s) from unnest(d.scopes) as s)"
        )
        students = (
            "(select array_agg(c.student_id order by c.student_id) from board.student_dashboard_cache as c)"
        )
        together = db.execute(
            f"{rows} from board.student_documents(%s, {students}) as d order by d.student_id".encode(), org
        ).fetchall()
        alone = db.execute(
            f"{rows} from unnest({students}) as s (id) "
            "cross join lateral board.student_documents(%s, array[s.id]) as d order by d.student_id".encode(),
            org,
        ).fetchall()
        assert len(together) == 200
        assert together == alone
        assert len({row[0] for row in together}) == 200
