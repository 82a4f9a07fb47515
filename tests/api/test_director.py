"""What directors and admins get by REST, what of others' they do not, and that it is of now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from api.director_documents import CohortDashboard, CohortList, DirectorSummary
from tests.api.support import School, bearer, token
from tests.support import school as facts
from tests.support.school import Connection

BASE = "/api/v1/director/dashboard"
SUMMARY, COHORTS, COHORT = f"{BASE}/summary", f"{BASE}/cohorts", f"{BASE}/cohorts/{{}}"
SORTS = (
    "name", "starts_on", "ends_on", "seats_total", "seats_used", "seat_utilization", "readiness",
    "completion_rate", "portfolio_health", "mentor_coverage", "session_completion",
)  # fmt: skip
TODAY = date(2026, 1, 15)


class Programs:
    """Two directors of a track each: one with five cohorts, of which one is closed, the other with one."""

    def __init__(self, school: School, db: Connection) -> None:
        self.school, self.db, self.org = school, db, school.org
        self.director, self.other = (facts.make_person(db, self.org, "director") for _ in range(2))
        self.program = self._row("program", name="Fellowship")
        self.track = self._row("track", program_id=self.program, name="Data", director_id=self.director)
        self.elsewhere = self._row("track", program_id=self.program, name="Web", director_id=self.other)
        self.cohorts = [self.cohort(f"Cohort {n}", mode=("online", "onsite")[n % 2]) for n in range(5)]
        self.others = self.cohort("Others'", track=self.elsewhere)
        db.execute("update school.cohort set status = 'closed' where id = %s", (self.cohorts[4],))

    def cohort(self, name: str, *, track: UUID | None = None, mode: str = "online") -> UUID:
        """Add an active cohort of ten paid seats and two sponsored ones."""
        return self._row(
            "cohort", track_id=track or self.track, name=name, starts_on=TODAY,
            ends_on=TODAY + timedelta(100), status="active", mode=mode, seats_paid=10, seats_sponsored=2,
        )  # fmt: skip

    def member(self, cohort: UUID, readiness: float | None = None, pool: str = "paid") -> UUID:
        """Add a student to a cohort."""
        student = facts.make_person(self.db, self.org, "student")
        self.db.execute(
            "insert into school.cohort_member (org_id, cohort_id, student_id, seat_pool) "
            "values (%s, %s, %s, %s)",
            (self.org, cohort, student, pool),
        )
        if readiness is not None:
            self.score(student, readiness)
        return student

    def score(self, student: UUID, readiness: float) -> None:
        """Measure how ready a student is."""
        self.db.execute(
            "insert into school.readiness_score (org_id, student_id, scored_at, score) "
            "values (%s, %s, clock_timestamp(), %s)",
            (self.org, student, readiness),
        )

    def pay(self, cohort: UUID, amount: float) -> UUID:
        """A member of the cohort pays today."""
        return self._row(
            "payment",
            cohort_id=cohort,
            amount=amount,
            status="paid",
            due_on=self.today(),
            paid_on=self.today(),
        )

    def refund(self, payment: UUID, cohort: UUID, amount: float) -> None:
        """Some of it is paid back today."""
        self._row("refund", payment_id=payment, cohort_id=cohort, amount=amount, refunded_on=self.today())

    def today(self) -> date:
        """The organization's."""
        row = self.db.execute(
            "select (now() at time zone time_zone)::date from school.organization where org_id = %s",
            (self.org,),
        ).fetchone()
        assert row
        day: date = row[0]
        return day

    def _row(self, table: str, **values: Any) -> UUID:
        columns, places = ", ".join(["org_id", *values]), ", ".join(["%s"] * (1 + len(values)))
        query = f"insert into school.{table} ({columns}) values ({places}) returning id"
        row = self.db.execute(query.encode(), [self.org, *values.values()]).fetchone()
        assert row
        found: UUID = row[0]
        return found

    def get(
        self, path: str, person: UUID | None = None, role: str = "director", **params: Any
    ) -> httpx.Response:
        """What the director, or somebody else, is answered."""
        return self.school.get(path, person or self.director, role, **params)

    def post(self, path: str, person: UUID | None = None, role: str = "director") -> httpx.Response:
        """What is answered to a POST without a body."""
        headers = bearer(token(person or self.director, self.org, role))
        return self.school.client.post(path, headers=headers)

    def summary(self, person: UUID | None = None, role: str = "director") -> Any:
        """The summary of the director, or somebody else."""
        return self.get(SUMMARY, person, role).json()

    def names(self, person: UUID | None = None, role: str = "director", **params: Any) -> list[str]:
        """The names of a list's first page."""
        return [item["name"] for item in self.get(COHORTS, person, role, **params).json()["items"]]


@pytest.fixture
def programs(own_school: School) -> Iterator[Programs]:
    with own_school.database.connect() as db:
        yield Programs(own_school, db)


def test_shapes(programs: Programs) -> None:
    for n, cohort in enumerate(programs.cohorts):
        programs.member(cohort, 20 * n)
    payment = programs.pay(programs.cohorts[0], 100)
    programs.refund(payment, programs.cohorts[0], 20)
    for person, role in ((programs.director, "director"), (programs.school.admin, "admin")):
        for path in (SUMMARY, SUMMARY + "/"):
            msgspec.json.decode(programs.get(path, person, role).content, type=DirectorSummary)
        for path in (COHORTS, COHORTS + "/"):
            msgspec.json.decode(programs.get(path, person, role).content, type=CohortList)
        for path in (COHORT.format(programs.cohorts[0]), COHORT.format(programs.cohorts[0]) + "/"):
            msgspec.json.decode(programs.get(path, person, role).content, type=CohortDashboard)


def test_the_summary(programs: Programs) -> None:
    first, second, *_rest, closed = programs.cohorts
    programs.member(first, 50)
    programs.member(first, 70)
    programs.member(second, 30, "sponsored")
    programs.member(second)
    programs.member(closed, 100)
    programs.pay(closed, 80.5)
    summary = programs.summary()
    assert (summary["active_programs_count"], summary["active_cohorts_count"]) == (1, 4)
    assert (summary["total_seats"], summary["seats_used"]) == (48, 4)
    assert (summary["avg_readiness"], summary["seat_utilization"]) == (50, 8.33)
    assert (summary["revenue_this_month"], summary["refunds_this_month"], summary["currency"]) == (
        80.5,
        0,
        "USD",
    )
    assert summary["avg_portfolio_health"] is None
    assert summary["cache_updated_at"].endswith("Z")
    whole = programs.summary(programs.school.admin, "admin")
    assert (whole["active_cohorts_count"], whole["total_seats"]) == (5, 60)


def test_who_may(programs: Programs) -> None:
    paths = (SUMMARY, COHORTS, COHORT.format(programs.cohorts[0]))
    for path in paths:
        assert programs.school.client.get(path).status_code == 401
        for role in ("student", "parent", "teacher", "tutor", "mentor", "analyst"):
            person = facts.make_person(programs.db, programs.org, role)
            assert programs.get(path, person, role).status_code == 403
        # A director's token without the role.
        assert (
            programs.get(path, facts.make_person(programs.db, programs.org, "mentor"), "director").status_code
            == 403
        )


def test_others_cohorts_are_not_there(programs: Programs) -> None:
    foreign = facts.make_org(programs.db)
    stranger = facts.make_person(programs.db, foreign, "director")
    admin = facts.make_person(programs.db, foreign, "admin")
    for cohort in (programs.others, uuid4()):
        assert programs.get(COHORT.format(cohort)).status_code == 404
        answer = programs.post(f"{COHORT.format(cohort)}/refresh")
        assert answer.status_code == 404
        assert answer.json()["code"] == "HR404"
    for person, role in ((stranger, "director"), (admin, "admin")):
        asked = programs.school.get(COHORT.format(programs.cohorts[0]), person, role, foreign)
        assert asked.status_code == 404
        assert programs.school.get(COHORTS, person, role, foreign).json() == {
            "items": [], "next_cursor": None, "total": 0,
        }  # fmt: skip
    assert programs.names() == [f"Cohort {n}" for n in range(5)]
    assert programs.names(programs.other) == ["Others'"]
    assert len(programs.names(programs.school.admin, "admin")) == 6


def test_filters(programs: Programs) -> None:
    assert programs.names(status="closed") == ["Cohort 4"]
    assert programs.names(mode="onsite") == ["Cohort 1", "Cohort 3"]
    assert programs.names(status="active", mode="online") == ["Cohort 0", "Cohort 2"]
    assert programs.names(track=str(programs.elsewhere)) == []
    assert len(programs.names(program=str(programs.program))) == 5
    assert programs.names(programs.school.admin, "admin", track=str(programs.elsewhere)) == ["Others'"]
    for params in (
        {"status": "open"},
        {"mode": "x"},
        {"track": "1"},
        {"sort": "id"},
        {"limit": 501},
        {"cursor": "x"},
    ):
        answer = programs.get(COHORTS, **params)
        assert answer.status_code in (400, 422)
        assert next(iter(params)) in answer.text


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", SORTS)
def test_pages_in_every_order(programs: Programs, sort: str, order: str) -> None:
    for n, cohort in enumerate(programs.cohorts[:3]):
        for _ in range(n + 1):
            programs.member(cohort, 90 - 20 * n)
    whole = programs.get(COHORTS, sort=sort, order=order).json()["items"]
    keys = [
        item.get(sort, item["seats"].get(sort.removeprefix("seats_").removeprefix("seat_"))) for item in whole
    ]
    known = [key for key in keys if key is not None]
    assert known == sorted(known, reverse=order == "desc")
    assert keys[len(known) :] == [None] * (len(keys) - len(known))
    found, further = [], dict[str, str]()
    while True:
        page = programs.get(COHORTS, sort=sort, order=order, limit=2, **further).json()
        found += page["items"]
        assert page["total"] == 5
        if page["next_cursor"] is None:
            break
        further = {"cursor": page["next_cursor"]}
    assert [item["id"] for item in found] == [item["id"] for item in whole]


def test_paging_while_numbers_change(programs: Programs) -> None:
    students = [programs.member(cohort, 10 * n) for n, cohort in enumerate(programs.cohorts)]
    first = programs.get(COHORTS, sort="readiness", limit=2).json()
    assert [item["readiness"] for item in first["items"]] == [0, 10]
    programs.score(students[0], 95)  # was on the first page, and is now behind
    programs.score(students[4], 5)  # was behind, and is before
    rest = programs.get(COHORTS, sort="readiness", limit=5, cursor=first["next_cursor"]).json()["items"]
    assert [item["readiness"] for item in rest] == [20, 30, 95]


def test_at_the_next_read(programs: Programs) -> None:
    """A moved director, a transferred student, a closed cohort, a refund after closing."""
    first, second = programs.cohorts[:2]
    student = programs.member(first, 40)
    payment = programs.pay(first, 100)
    page = COHORT.format(first)
    assert (programs.summary()["seats_used"], programs.get(page).json()["cohort"]["seats"]["used"]) == (1, 1)

    programs.db.execute(
        "update school.cohort_member set cohort_id = %s where student_id = %s", (programs.others, student)
    )
    assert (programs.summary()["seats_used"], programs.summary(programs.other)["seats_used"]) == (0, 1)
    assert programs.get(page).json()["cohort"]["seats"]["used"] == 0
    assert programs.get(COHORT.format(programs.others), programs.other).json()["cohort"]["readiness"] == 40

    programs.db.execute("update school.cohort set status = 'closed' where id = %s", (first,))
    assert programs.summary()["active_cohorts_count"] == 3
    assert programs.get(page).json()["cohort"]["status"] == "closed"

    assert programs.summary()["refunds_this_month"] == 0
    programs.refund(payment, first, 30)
    assert (programs.summary()["revenue_this_month"], programs.summary()["refunds_this_month"]) == (100, 30)

    programs.db.execute(
        "update school.track set director_id = %s where id = %s", (programs.other, programs.track)
    )
    assert programs.get(page).status_code == 404
    assert programs.get(page, programs.other).status_code == 200
    assert (programs.summary()["total_seats"], programs.summary(programs.other)["active_cohorts_count"]) == (
        0,
        4,
    )
    assert programs.names() == []
    programs.member(second, 60)
    assert programs.summary(programs.other)["avg_readiness"] == 50


def test_refresh(programs: Programs) -> None:
    before = programs.summary()
    for path, document in (
        (f"{BASE}/refresh", SUMMARY),
        (f"{COHORT.format(programs.cohorts[0])}/refresh", COHORT),
    ):
        answer = programs.post(path)
        assert answer.status_code == 200, answer.text
        read = programs.get(document.format(programs.cohorts[0]))
        assert read.json() == answer.json()
        assert answer.json()["cache_updated_at"] > before["cache_updated_at"]
    assert programs.post(f"{BASE}/refresh", programs.school.admin, "admin").status_code == 200
