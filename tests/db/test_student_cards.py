"""The cards of the student's dashboard: each formula against numbers worked out by hand.

Each test is one transaction, so that its now() stands still and moments are met to the microsecond.
"""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support import school
from tests.support.desk import DAY, HOUR, MINUTE, Desk


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
    query = "select board.student_leaderboard(%s, %s, %s, 'premium')"
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
