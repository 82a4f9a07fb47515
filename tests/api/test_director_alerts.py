"""Alerts by REST: who reads which, in which pages, and who says that they are known."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from api.alert_documents import Alert, AlertList
from tests.api.support import School
from tests.support import school as facts
from tests.support.alerts import Watched
from tests.support.feed import Connection

ALERTS = "/api/v1/director/dashboard/alerts"


@pytest.fixture
def db(live_school: School) -> Iterator[Connection]:
    with live_school.database.connect() as connection:
        yield connection


@pytest.fixture
def cohort(live_school: School, db: Connection) -> Watched:
    """A cohort of this test, about which no alert is open yet."""
    return Watched(db, live_school.org)


@pytest.fixture
def troubled(cohort: Watched) -> Watched:
    """The same with two alerts that are open, and one that is closed."""
    db = cohort.db
    db.execute("update school.cohort set seats_paid = 1 where id = %s", (cohort.cohort,))
    cohort.evaluate()
    cohort.ready(40)
    cohort.evaluate()
    db.execute("delete from school.cohort_mentor where cohort_id = %s", (cohort.cohort,))
    cohort.evaluate()
    db.execute("update school.cohort set seats_paid = 2 where id = %s", (cohort.cohort,))
    cohort.evaluate()
    cohort.let_pass(10)
    cohort.evaluate()
    assert cohort.alerts("status") == ["closed", "open", "open"]
    return cohort


def listed(
    school: School, person: UUID, role: str = "director", org: int | None = None, **params: Any
) -> dict[str, Any]:
    """A page of alerts, strictly as described."""
    answer = school.get(ALERTS, person, role, org, **params)
    assert answer.status_code == 200, answer.text
    msgspec.json.decode(answer.content, type=AlertList, strict=True)
    found: dict[str, Any] = answer.json()
    return found


def acknowledge(
    school: School, alert: Any, person: UUID, role: str = "director", org: int | None = None, **body: Any
) -> httpx.Response:
    return school.post(f"{ALERTS}/{alert}/acknowledge", person, role, body, org)


# --- Reading


def test_a_director_reads_what_is_open_the_latest_first(live_school: School, troubled: Watched) -> None:
    page = listed(live_school, troubled.director)
    assert [item["name"] for item in page["items"]] == ["low_coverage", "below_readiness"]
    assert (page["total"], page["next_cursor"]) == (2, None)
    item = page["items"][1]
    assert (item["cohort_id"], item["cohort_name"]) == (str(troubled.cohort), "fall")
    assert (item["opened_value"], item["comparison"], item["threshold"]) == (40, "below", 50)
    assert item["evidence"]["numbers"] == [
        {"name": "readiness", "value": 40},
        {"name": "readiness_students", "value": 2},
        {"name": "readiness_sum", "value": 80},
    ]
    (opened,) = item["history"]
    assert (opened["change"], opened["at"], opened["by"]) == ("opened", item["opened_at"], None)


def test_what_is_closed_says_why(live_school: School, troubled: Watched) -> None:
    (item,) = listed(live_school, troubled.director, status="closed")["items"]
    assert (item["name"], item["closed_because"], item["closed_value"]) == ("over_capacity", "cleared", 100)
    assert [(one["change"], one["value"], one["because"]) for one in item["history"]] == [
        ("opened", 200, None),
        ("closed", 100, "cleared"),
    ]
    assert item["history"][1]["at"] == item["closed_at"]


def test_some_of_them(live_school: School, troubled: Watched) -> None:
    other = troubled.make_cohort(troubled.track, "spring")
    troubled.db.execute("delete from school.cohort_mentor where cohort_id = %s", (other,))
    troubled.evaluate(other)

    def names(**params: Any) -> list[str]:
        page = listed(live_school, troubled.director, **params)
        assert page["total"] == len(page["items"])
        return [f"{item['cohort_name']} {item['name']}" for item in page["items"]]

    assert names(status="all", cohort_id=troubled.cohort) == [
        "fall low_coverage", "fall below_readiness", "fall over_capacity",
    ]  # fmt: skip
    assert sorted(names(cohort_id=other)) == ["spring below_readiness", "spring low_coverage"]
    assert names(severity="critical") == []
    assert len(names(severity="warning", status="all")) == 5
    assert names(cohort_id=uuid4()) == []


def test_in_pages(live_school: School, troubled: Watched) -> None:
    other = troubled.make_cohort(troubled.track, "spring")
    troubled.db.execute("delete from school.cohort_mentor where cohort_id = %s", (other,))
    troubled.evaluate(other)  # two alerts at the same moment
    whole = listed(live_school, troubled.director, status="all")["items"]
    found: list[Any] = []
    cursor = None
    while not found or cursor:
        page = listed(
            live_school, troubled.director, status="all", limit=1, **({"cursor": cursor} if cursor else {})
        )
        assert page["total"] == 5
        found, cursor = found + page["items"], page["next_cursor"]
        if len(found) == 1:  # what opens meanwhile comes before them
            third = troubled.make_cohort(troubled.make_track(), "elsewhere")
            troubled.evaluate(third)
    assert found == whole
    cursor = listed(live_school, troubled.director, status="all", limit=1)["next_cursor"]
    refused = live_school.get(ALERTS, troubled.director, "director", cursor=cursor)
    assert (refused.status_code, refused.json()["code"]) == (422, "HR422"), "of another list"


@pytest.mark.parametrize(
    "params",
    [{"status": "new"}, {"severity": "bad"}, {"cohort_id": "fall"}, {"limit": "0"}, {"cursor": "AAAA"}],
    ids=str,
)
def test_what_cannot_be_asked(live_school: School, params: dict[str, str]) -> None:
    answer = live_school.get(ALERTS, live_school.admin, "admin", **params)
    assert (answer.status_code, answer.json()["code"]) == (422, "HR422")


def test_nobody_reads_others(live_school: School, troubled: Watched) -> None:
    org = live_school.org
    stranger = facts.make_person(troubled.db, org, "director")
    assert listed(live_school, stranger, status="all")["total"] == 0
    ours = listed(live_school, live_school.admin, "admin", status="all", cohort_id=troubled.cohort)
    assert ours["total"] == 3
    abroad = listed(
        live_school, live_school.other_admin, "admin", live_school.other_org, cohort_id=troubled.cohort
    )
    assert abroad["total"] == 0
    for person, role in [
        (troubled.mentor, "mentor"),
        (troubled.students[0], "student"),
        (live_school.teacher, "teacher"),
        (live_school.parent, "parent"),
    ]:
        assert live_school.get(ALERTS, person, role).status_code == 403


def test_who_directs_now_reads_them(live_school: School, troubled: Watched) -> None:
    new = facts.make_person(troubled.db, live_school.org, "director")
    assert listed(live_school, troubled.director, status="all")["total"] == 3
    troubled.db.execute("update school.track set director_id = %s where id = %s", (new, troubled.track))
    assert listed(live_school, troubled.director, status="all")["total"] == 0
    assert listed(live_school, new, status="all")["total"] == 3


# --- Acknowledging


def test_an_alert_is_acknowledged_once(live_school: School, troubled: Watched) -> None:
    alert, other = (item["id"] for item in listed(live_school, troubled.director)["items"])
    first = acknowledge(live_school, alert, troubled.director, note="Two mentors begin on Monday.")
    assert first.status_code == 200
    msgspec.json.decode(first.content, type=Alert, strict=True)
    said = first.json()
    assert said["acknowledged_by"] == str(troubled.director)
    assert said["note"] == "Two mentors begin on Monday."
    for person, role in [(troubled.director, "director"), (live_school.admin, "admin")]:
        again = acknowledge(live_school, alert, person, role, note="Late.")
        assert again.status_code == 200
        assert again.content == first.content
    shown, untouched = listed(live_school, troubled.director)["items"]
    history = shown.pop("history")
    assert shown == said
    assert [(one["change"], one["by"]) for one in history] == [
        ("opened", None), ("acknowledged", str(troubled.director)),
    ]  # fmt: skip
    assert history[1]["at"] == said["acknowledged_at"]
    assert untouched["id"] == other and untouched["acknowledged_at"] is None
    assert troubled.evaluate() == 0, "and it stays open"


def test_two_at_once_acknowledge_it_once(live_school: School, troubled: Watched) -> None:
    (alert, _) = (item["id"] for item in listed(live_school, troubled.director)["items"])
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda n: acknowledge(live_school, alert, live_school.admin, "admin", note=f"{n}"), range(8)
            )
        )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert troubled.history().count("acknowledged") == 1


def test_without_a_note_and_after_it_was_closed(live_school: School, troubled: Watched) -> None:
    (item,) = listed(live_school, troubled.director, status="closed")["items"]
    answer = acknowledge(live_school, item["id"], live_school.admin, "admin", note="  ")
    assert answer.status_code == 200
    said = answer.json()
    assert (said["status"], said["note"], said["acknowledged_by"]) == ("closed", None, str(live_school.admin))


def test_nobody_acknowledges_others(live_school: School, troubled: Watched) -> None:
    org = live_school.org
    stranger = facts.make_person(troubled.db, org, "director")
    alert = listed(live_school, troubled.director)["items"][0]["id"]
    refusals = [
        (404, stranger, "director", org),
        (404, live_school.other_admin, "admin", live_school.other_org),
        (403, troubled.mentor, "mentor", org),
        (403, troubled.students[0], "student", org),
    ]
    for status, person, role, whose in refusals:
        assert acknowledge(live_school, alert, person, role, whose).status_code == status, role
    assert troubled.alerts("acknowledged_at") == [None, None, None]
    assert acknowledge(live_school, uuid4(), troubled.director).status_code == 404
    troubled.db.execute("update school.track set director_id = %s where id = %s", (stranger, troubled.track))
    assert acknowledge(live_school, alert, troubled.director).status_code == 404, "not any more"
    assert acknowledge(live_school, alert, stranger).status_code == 200


@pytest.mark.parametrize(
    "body",
    [{"note": "x" * 2001}, {"note": "\0"}, {"note": 1}, {"text": "x"}],
    ids=lambda body: str(body)[:20],
)
def test_what_is_no_acknowledgement(live_school: School, troubled: Watched, body: dict[str, Any]) -> None:
    alert = listed(live_school, troubled.director)["items"][0]["id"]
    answer = acknowledge(live_school, alert, troubled.director, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, "HR422")
    assert troubled.history().count("acknowledged") == 0
