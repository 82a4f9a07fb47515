"""A child's history and trend by HTTP: what was known at the end of each day, whenever it was learned."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
import psycopg
import pytest

from api.documents import StudentHistory
from tests.api.support import School
from tests.support import school as build

DASHBOARD = "/api/v1/parent/dashboard"
NUMBERS = [
    "total_quizzes_completed",
    "total_assignments_completed",
    "overall_quiz_average_score",
    "overall_assignment_average_score",
    "overall_average_score",
]

# For every day on which something was graded, everything that was graded by its end.
EACH_DAY = """
with fact as (
    select (s.graded_at at time zone o.time_zone)::date as day, null::numeric as score, s.grade, s.course_id
    from school.submission as s join school.organization as o using (org_id)
    where s.student_id = %(student)s and s.grade is not null
    union all
    select (t.completed_at at time zone o.time_zone)::date, t.score, null, t.course_id
    from school.quiz_attempt as t join school.organization as o using (org_id)
    where t.student_id = %(student)s and t.completed_at is not null and t.score is not null
),
counting as (
    select f.* from fact as f where exists (
        select from school.enrollment as e
        where e.student_id = %(student)s and e.course_id = f.course_id and e.status <> 'dropped'
    )
)
select d.day, count(f.score), count(f.grade), round(avg(f.score), 2), round(avg(f.grade), 2),
    round(avg(coalesce(f.score, f.grade)), 2)
from (select distinct day from counting) as d join counting as f on f.day <= d.day
where d.day > %(today)s::date - %(days)s
group by d.day order by d.day
"""


def path(student: object) -> str:
    """Where a parent reads a child's history."""
    return f"/api/v1/parent/students/{student}/performance"


def read(answer: httpx.Response) -> Any:
    """A document whose numbers with decimals are as they were written."""
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=str)


class Child:
    """Ben, in the first of a school's courses, and what is graded for him some days ago."""

    def __init__(self, school: School, db: psycopg.Connection[Any]) -> None:
        self.school, self.db, self.id = school, db, school.ben
        self.course = school.courses[0]
        build.enroll(db, school.org, self.id, self.course)

    def move_to(self, time_zone: str) -> None:
        """Let the organization be elsewhere."""
        self.db.execute(
            "update school.organization set time_zone = %s where org_id = %s", (time_zone, self.school.org)
        )

    def day(self, ago: int) -> date:
        """The organization's day so many days ago."""
        row = self.db.execute(
            "select (now() at time zone time_zone)::date - %s from school.organization where org_id = %s",
            (ago, self.school.org),
        ).fetchone()
        assert row
        day: date = row[0]
        return day

    def instant(self, ago: int, clock: str) -> datetime:
        """When the organization's clocks showed that, so many days ago."""
        row = self.db.execute(
            "select (%s + %s::time) at time zone time_zone from school.organization where org_id = %s",
            (self.day(ago), clock, self.school.org),
        ).fetchone()
        assert row
        instant: datetime = row[0]
        return instant

    def quiz(self, ago: int, score: float, clock: str = "00:00", course: UUID | None = None) -> UUID:
        """A quiz that he completed then; its attempt's id."""
        quiz = build.make_quiz(self.db, self.school.org, course or self.course)
        at = self.instant(ago, clock)
        return build.attempt(self.db, self.school.org, quiz, self.id, score, completed_at=at)

    def assignment(self, ago: int, grade: float, clock: str = "00:00", course: UUID | None = None) -> UUID:
        """An assignment of his that was graded then; its submission's id."""
        assignment = build.make_assignment(self.db, self.school.org, course or self.course)
        at = self.instant(ago, clock)
        return build.submit(
            self.db, self.school.org, assignment, self.id, grade, submitted_at=None, graded_at=at
        )

    def document(self, **params: Any) -> Any:
        """What his parent reads; the last day says what the profile says, and the dashboard the same."""
        answer = self.school.get(path(self.id), self.school.parent, "parent", **params)
        document = read(answer)
        msgspec.json.decode(answer.content, type=StudentHistory, strict=True)
        assert list(document) == ["student", "student_profile", "trend", "history"]
        assert document["student"] == {"id": str(self.id), "name": "Ben"}
        if document["history"]:
            profile = document["student_profile"]
            assert document["history"][-1] == {
                "day": document["history"][-1]["day"],
                **{name: profile[name] for name in NUMBERS},
            }
        dashboard = read(self.school.get(DASHBOARD, self.school.parent, "parent"))
        child = next(c for c in dashboard["children"] if c["student"]["id"] == str(self.id))
        assert (child["trend"], child["student_profile"]) == (document["trend"], document["student_profile"])
        return document

    def history(self, **params: Any) -> list[list[Any]]:
        """The entries: the day, then the five numbers."""
        return [[entry["day"], *(entry[n] for n in NUMBERS)] for entry in self.document(**params)["history"]]

    def entry(self, ago: int, *numbers: Any) -> list[Any]:
        """An entry as it should be."""
        return [self.day(ago).isoformat(), *numbers]

    def trend(self) -> str:
        """Where his parent reads that he goes."""
        trend: str = self.document()["trend"]
        return trend


@pytest.fixture
def child(own_school: School) -> Iterator[Child]:
    """Ben of an own school."""
    with own_school.database.connect() as db:
        yield Child(own_school, db)


def test_one_entry_per_day_cumulative_and_to_the_second_decimal(child: Child) -> None:
    assert child.history() == []
    child.quiz(6, 80)
    child.quiz(6, 81, "23:59:59.999999")
    child.assignment(4, 66.666666, "12:00")
    child.quiz(4, 70.005)
    child.assignment(1, 100)
    assert child.history() == [
        child.entry(6, 2, 0, "80.50", None, "80.50"),
        child.entry(4, 3, 1, "77.00", "66.67", "74.42"),  # 231.005 / 3; 297.671666 / 4
        child.entry(1, 3, 2, "77.00", "83.33", "79.53"),
    ]


def test_what_is_not_graded_is_no_history(child: Child) -> None:
    child.assignment(2, 50)
    org, db = child.school.org, child.db
    build.submit(db, org, build.make_assignment(db, org, child.course), child.id)
    build.attempt(db, org, build.make_quiz(db, org, child.course), child.id, None)
    build.attempt(db, org, build.make_quiz(db, org, child.course), child.id, 90, completed_at=None)
    assert child.history() == [child.entry(2, 0, 1, None, "50.00", "50.00")]


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Asia/Kathmandu", "UTC"])
def test_a_day_ends_where_the_organization_is(child: Child, zone: str) -> None:
    child.move_to(zone)
    child.quiz(3, 40, "23:59:59")
    child.quiz(2, 60, "00:00:00")
    child.quiz(2, 80, "23:59:59")
    assert child.history() == [
        child.entry(3, 1, 0, "40.00", None, "40.00"),
        child.entry(2, 3, 0, "60.00", None, "60.00"),
    ]
    utc_days = {child.instant(2, clock).astimezone(None).date() for clock in ("00:00:00", "23:59:59")}
    assert len(utc_days) == (1 if zone == "UTC" else 2), "in UTC these are two days"


def test_the_same_facts_fall_on_other_days_elsewhere(child: Child) -> None:
    child.quiz(5, 40, "13:00")
    child.quiz(5, 60, "01:00")
    assert [entry[1:3] for entry in child.history()] == [[2, 0]]
    days = [child.history()[0][0]]
    child.move_to("Pacific/Auckland")  # 13:00 UTC is tomorrow there
    assert [entry[1:3] for entry in child.history()] == [[1, 0], [2, 0]]
    assert [entry[0] for entry in child.history()] == [
        days[0],
        (date.fromisoformat(days[0]) + timedelta(1)).isoformat(),
    ]


def test_what_comes_late_is_at_its_day_and_changes_those_after(child: Child) -> None:
    child.quiz(8, 50)
    child.quiz(2, 70)
    child.quiz(5, 90)  # learned last
    assert child.history() == [
        child.entry(8, 1, 0, "50.00", None, "50.00"),
        child.entry(5, 2, 0, "70.00", None, "70.00"),
        child.entry(2, 3, 0, "70.00", None, "70.00"),
    ]


def test_a_regrade_a_postponement_and_a_deletion_are_in_their_places(child: Child) -> None:
    first = child.assignment(8, 50)
    child.assignment(5, 70)
    last = child.assignment(2, 90)
    child.db.execute("update school.submission set grade = 80 where id = %s", (first,))
    assert child.history() == [
        child.entry(8, 0, 1, None, "80.00", "80.00"),
        child.entry(5, 0, 2, None, "75.00", "75.00"),
        child.entry(2, 0, 3, None, "80.00", "80.00"),
    ]
    child.db.execute(
        "update school.submission set graded_at = %s where id = %s", (child.instant(1, "10:00"), first)
    )
    assert child.history() == [
        child.entry(5, 0, 1, None, "70.00", "70.00"),
        child.entry(2, 0, 2, None, "80.00", "80.00"),
        child.entry(1, 0, 3, None, "80.00", "80.00"),
    ]
    child.db.execute("delete from school.submission where id = %s", (last,))
    assert child.history() == [
        child.entry(5, 0, 1, None, "70.00", "70.00"),
        child.entry(1, 0, 2, None, "75.00", "75.00"),
    ]
    child.db.execute("update school.submission set grade = null, graded_at = null")
    assert child.history() == []


def test_a_dropped_course_leaves_history_and_comes_back(child: Child) -> None:
    other = child.school.courses[1]
    build.enroll(child.db, child.school.org, child.id, other)
    child.quiz(6, 40)
    child.quiz(4, 90, course=other)
    child.quiz(2, 50)
    both = child.history()
    assert both == [
        child.entry(6, 1, 0, "40.00", None, "40.00"),
        child.entry(4, 2, 0, "65.00", None, "65.00"),
        child.entry(2, 3, 0, "60.00", None, "60.00"),
    ]
    change = "update school.enrollment set status = %s where student_id = %s and course_id = %s"
    child.db.execute(change, ("dropped", child.id, other))
    assert child.history() == [
        child.entry(6, 1, 0, "40.00", None, "40.00"),
        child.entry(2, 2, 0, "45.00", None, "45.00"),
    ]
    child.db.execute(change, ("completed", child.id, other))
    assert child.history() == both
    child.db.execute("delete from school.enrollment where student_id = %s", (child.id,))
    assert child.history() == []
    build.enroll(child.db, child.school.org, child.id, child.course)
    build.enroll(child.db, child.school.org, child.id, other)
    assert child.history() == both


def test_work_that_moves_to_a_dropped_course_leaves_history(child: Child) -> None:
    other = child.school.courses[1]
    build.enroll(child.db, child.school.org, child.id, other, "dropped")
    child.quiz(3, 40)
    moved = child.quiz(2, 80)
    child.db.execute(
        "update school.quiz as q set course_id = %s "
        "from school.quiz_attempt as t where t.id = %s and q.id = t.quiz_id",
        (other, moved),
    )
    assert child.history() == [child.entry(3, 1, 0, "40.00", None, "40.00")]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_what_is_dated_ahead_counts_today(child: Child, zone: str) -> None:
    child.move_to(zone)
    child.quiz(2, 60)
    attempt = child.quiz(1, 80)
    for at in ("infinity", "294276-12-31 23:59:59+00", "9999-01-01 00:00:00+00"):
        update = "update school.quiz_attempt set completed_at = %s where id = %s"
        if at == "infinity":
            with pytest.raises(psycopg.errors.CheckViolation):
                child.db.execute(update, (at, attempt))
            continue
        child.db.execute(update, (at, attempt))
        assert child.history() == [
            child.entry(2, 1, 0, "60.00", None, "60.00"),
            child.entry(0, 2, 0, "70.00", None, "70.00"),
        ]
        assert child.trend() == "improving"


def test_the_window_ends_today_and_days_before_it_count_all_the_same(child: Child) -> None:
    child.move_to("Pacific/Auckland")
    for ago, score in ((366, 10), (365, 20), (30, 30), (29, 40), (0, 50)):
        child.quiz(ago, score)
    entries = [
        child.entry(365, 2, 0, "15.00", None, "15.00"),
        child.entry(30, 3, 0, "20.00", None, "20.00"),
        child.entry(29, 4, 0, "25.00", None, "25.00"),
        child.entry(0, 5, 0, "30.00", None, "30.00"),
    ]
    assert child.history() == child.history(history_days=30) == entries[2:]
    assert child.history(history_days=31) == entries[1:]
    assert child.history(history_days=29) == entries[3:]
    assert child.history(history_days=1) == entries[3:]
    assert child.history(history_days=366) == entries


@pytest.mark.parametrize(
    "days", ["0", "367", "-1", "abc", "", "1.5", "9" * 30, "0x1", "1;select 1", "null", "%00"]
)
def test_a_wrong_window_is_refused_by_name(school: School, days: str) -> None:
    answer = school.get(path(school.ada), school.parent, "parent", history_days=days)
    assert answer.status_code == 422
    assert answer.json()["code"] == "HR422"
    assert [error["field"] for error in answer.json()["errors"]] == ["history_days"]


@pytest.mark.parametrize(
    "whose",
    [
        "cleo",  # a student here, but no child of this parent
        "parent",
        "admin",
        "other_student",
        "00000000-0000-0000-0000-000000000000",
        "6f9619ff-8b86-4d11-b42d-00c04fc964ff",
        "nobody",
        "1",
        "';drop table school.person;--",
        "%00",
        "{ada}%20or%201=1",
    ],
)
def test_nobody_elses_child_is_found(school: School, whose: str) -> None:
    student = getattr(school, whose, whose.format(ada=school.ada))
    answer = school.get(path(student), school.parent, "parent")
    assert (answer.status_code, answer.json()["code"]) == (404, "HR404")
    assert "Cleo" not in answer.text
    assert "Zoe" not in answer.text
    assert read(school.get(path(school.ada), school.parent, "parent"))["student"]["name"] == "Ada"


def test_another_parent_or_organization_finds_no_child_of_this_one(own_school: School) -> None:
    with own_school.database.connect() as db:
        neighbour = build.make_person(db, own_school.org, "parent")
        build.make_guardian(db, own_school.org, neighbour, own_school.cleo)
        stranger = build.make_person(db, own_school.other_org, "parent")
        build.make_guardian(db, own_school.other_org, stranger, own_school.other_student)
    for who, org, own in (
        (neighbour, own_school.org, own_school.cleo),
        (stranger, own_school.other_org, own_school.other_student),
    ):
        assert own_school.get(path(own), who, "parent", org).status_code == 200
        answer = own_school.get(path(own_school.ada), who, "parent", org)
        assert (answer.status_code, answer.json()["code"]) == (404, "HR404")
    forged = own_school.get(path(own_school.ada), own_school.parent, "parent", own_school.other_org)
    assert forged.status_code == 401


def test_a_lost_child_is_lost_at_once(own_school: School) -> None:
    with own_school.database.connect() as db:
        assert own_school.get(path(own_school.ada), own_school.parent, "parent").status_code == 200
        db.execute("delete from school.guardian where student_id = %s", (own_school.ada,))
        assert own_school.get(path(own_school.ada), own_school.parent, "parent").status_code == 404


@pytest.mark.parametrize(("who", "role"), [("ada", "student"), ("admin", "admin"), ("cleo", "parent")])
def test_it_is_for_parents(school: School, who: str, role: str) -> None:
    answer = school.get(path(school.ada), getattr(school, who), role)
    assert (answer.status_code, answer.json()["code"]) == (403, "HR403")


@pytest.mark.parametrize(
    ("facts", "slope"),
    [
        # (days ago, score): the line goes through the average over all at the end of each day.
        ([(10, 80), (0, 81.2)], 0.06),
        ([(10, 80), (0, 80.8)], 0.04),
        ([(10, 80), (0, 79.2)], -0.04),
        ([(10, 80), (0, 78.8)], -0.06),
        ([(20, 70), (10, 74), (0, 66)], 0),  # 70, 72, 70
        ([(20, 70), (10, 74), (0, 72)], 0.1),  # 70, 72, 72
        # 80, 60, 77.5 at 0, 1, 20: rises by 87.5 / 254 a day, although it ends lower than it began.
        ([(20, 80), (19, 40), (0, 100), (0, 90)], 87.5 / 254),
        # 20, 40, 22.5: falls by as much, although it ends higher.
        ([(20, 20), (19, 60), (0, 10), (0, 0)], -87.5 / 254),
    ],
)
def test_the_trend_is_the_slope_against_the_setting(
    child: Child, facts: list[tuple[int, float]], slope: float
) -> None:
    for number, (ago, score) in enumerate(facts):
        (child.quiz if number % 2 else child.assignment)(ago, score)
    assert child.trend() == ("improving" if slope > 0.05 else "declining" if slope < -0.05 else "steady")
    if not slope:
        return
    change = "update ops.setting set value = %s where name = 'trend_threshold'"
    child.db.execute(change, (abs(slope) + 0.001,))
    assert child.trend() == "steady"
    child.db.execute(change, (abs(slope) - 0.001,))
    assert child.trend() == ("improving" if slope > 0 else "declining")


def test_fewer_than_two_days_have_no_trend(child: Child) -> None:
    child.db.execute("update ops.setting set value = 0 where name = 'trend_threshold'")
    assert child.trend() == "steady"
    child.quiz(3, 10)
    child.quiz(3, 90, "23:00")
    assert child.trend() == "steady"
    child.quiz(2, 100)
    assert child.trend() == "improving"


def test_the_trend_looks_back_thirty_days_whatever_the_window(child: Child) -> None:
    old = child.quiz(30, 10)
    child.quiz(0, 90)
    assert child.document(history_days=366)["trend"] == "steady", "one day of the last thirty"
    child.db.execute(
        "update school.quiz_attempt set completed_at = %s where id = %s", (child.instant(29, "00:00"), old)
    )
    assert child.document(history_days=1)["trend"] == "improving"


def test_the_trend_forgets_a_dropped_course(child: Child) -> None:
    other = child.school.courses[1]
    build.enroll(child.db, child.school.org, child.id, other)
    child.quiz(9, 60)
    child.quiz(3, 70)
    child.quiz(2, 0, course=other)
    child.quiz(1, 0, course=other)
    assert child.trend() == "declining"
    child.db.execute("update school.enrollment set status = 'dropped' where course_id = %s", (other,))
    assert child.trend() == "improving"


@pytest.mark.parametrize("seed", range(4))
def test_it_agrees_with_a_plain_recount_of_random_facts(child: Child, seed: int) -> None:
    chance = random.Random(seed)
    child.move_to(chance.choice(["Pacific/Auckland", "America/St_Johns", "Asia/Kathmandu", "UTC"]))
    org, db, courses = child.school.org, child.db, child.school.courses
    for course in courses[1:]:
        build.enroll(db, org, child.id, course)
    attempts = [child.quiz(40, 50)]
    submissions = [child.assignment(41, 50)]

    def at() -> datetime:
        clock = chance.choice(["00:00", "23:59:59.999", f"{chance.randrange(24)}:30"])
        return child.instant(chance.randrange(1, 50), clock)

    def graded() -> float:
        return round(chance.uniform(0, 100), chance.choice([0, 2, 6]))

    def work() -> None:
        make, made = chance.choice([(child.quiz, attempts), (child.assignment, submissions)])
        made.append(make(chance.randrange(1, 50), graded(), "08:00", chance.choice(courses)))

    def regrade() -> None:
        if chance.random() < 0.5:
            db.execute(
                "update school.submission set grade = %s, graded_at = %s where id = %s",
                (graded(), at(), chance.choice(submissions)),
            )
        else:
            score = chance.choice([None, graded()])
            db.execute(
                "update school.quiz_attempt set score = %s, completed_at = %s where id = %s",
                (score, at(), chance.choice(attempts)),
            )

    def delete() -> None:
        db.execute("delete from school.submission where id = %s", (chance.choice(submissions),))
        db.execute("delete from school.quiz_attempt where id = %s", (chance.choice(attempts),))

    def status() -> None:
        db.execute(
            "update school.enrollment set status = %s where student_id = %s and course_id = %s",
            (chance.choice(["active", "completed", "dropped"]), child.id, chance.choice(courses)),
        )

    def move() -> None:
        db.execute(
            "update school.quiz set course_id = %s where id in "
            "(select quiz_id from school.quiz_attempt where id = %s)",
            (chance.choice(courses), chance.choice(attempts)),
        )

    entries = 0
    for step in range(80):
        chance.choice([work, work, work, work, work, regrade, regrade, delete, status, move])()
        if step % 4 == 3:
            days = chance.choice([7, 30, 366, 366])
            plain = db.execute(
                EACH_DAY, {"student": child.id, "today": child.day(0), "days": days}
            ).fetchall()
            expected = [
                [
                    day.isoformat(),
                    *(None if n is None else n if isinstance(n, int) else str(n) for n in numbers),
                ]
                for day, *numbers in plain
            ]
            assert child.history(history_days=days) == expected
            entries += len(expected)
    assert entries > 50
