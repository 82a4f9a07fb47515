"""What a student is to do next, and how ready the student is, against numbers worked out by hand.

Each test is one transaction, so that its now() stands still and moments are met to the microsecond.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.support import school
from tests.support.desk import DAY, HOUR, Desk


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
    desk.let_it_be(23 * 60 + 30)
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
    desk.let_it_be(23 * 60 + 30)
    assert desk.document()["flags"]["deadline_today"] is False
