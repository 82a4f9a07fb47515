"""When time alone changes the student's dashboard.

Each test is one transaction, so that its now() stands still and moments are met to the microsecond.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support import school
from tests.support.desk import DAY, HOUR, MINUTE, Desk

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
    desk.let_it_be(23 * 60 + 50)
    _, midnight, _ = desk.clock()
    assert desk.now < midnight <= desk.now + 10 * MINUTE
    assert datetime.fromisoformat(desk.row()["fresh_until"]) == midnight
