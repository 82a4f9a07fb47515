"""Alerts: they open once and say why, close once, and follow rules and cohorts that change."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from db import apply, tree
from tests.support import feed, school
from tests.support.alerts import Watched
from tests.support.feed import Connection, value
from tests.support.servers import Cluster, Database

WAITS = (
    "select count(*) > 0 from pg_stat_activity "
    "where wait_event_type = 'Lock' and datname = current_database()"
)
MARKED = (
    "select count(*) from board.dashboard_update_queue "
    "where org_id = %s and cohort_id = %s and reason = %s and txid = pg_current_xact_id()"
)
SUMS = {"readiness_sum", "portfolio_health_sum", "approval_seconds"}
"""What nobody is alerted to: it is shown as a mean, or grows with everybody's work."""


@pytest.fixture
def cohort(database: Database) -> Iterator[Watched]:
    """A cohort with which all is well, judged by its readiness alone."""
    with database.connect() as db:
        value(db, "select feed.current_epoch()")
        yield Watched(db, rules=("below_readiness",))


@pytest.fixture
def judged(database: Database) -> Iterator[Watched]:
    """A cohort with which all is well, judged by all rules."""
    with database.connect() as db:
        value(db, "select feed.current_epoch()")
        found = Watched(db)
        assert found.evaluate() == 0
        yield found


@contextmanager
def two_sessions(database: Database) -> Iterator[tuple[Connection, Connection]]:
    """Two sessions, of which the first is in a transaction."""
    with database.connect(autocommit=False) as first, database.connect() as second:
        yield first, second


# --- Opening and closing


def test_a_number_that_comes_and_goes_is_one_alert(cohort: Watched) -> None:
    cohort.db.execute("update ops.setting set value = 0 where name = 'director_debounce'")
    for _ in range(20):
        for score in (40, 90):
            cohort.ready(score)
            while value(cohort.db, "select board.drain_queue()"):
                pass
            assert cohort.alerts("last_value") == [score], "the worker has looked"
    assert cohort.alerts("status", "opened_value", "last_value") == [("open", 40, 90)]
    assert cohort.history() == ["opened"]
    cohort.let_pass(9)
    assert cohort.evaluate() == 0
    cohort.let_pass(1)
    assert cohort.evaluate() == 1
    assert cohort.alerts("status", "closed_value", "closed_because") == [("closed", 90, "cleared")]
    assert cohort.history("change", "c.value") == [("opened", 40), ("closed", 90)]
    assert cohort.evaluate() == 0
    cohort.ready(40)
    cohort.evaluate()
    assert cohort.alerts("status") == ["closed", "open"], "and the next is another"


def test_time_that_is_good_has_to_be_in_one_piece(cohort: Watched) -> None:
    cohort.ready(40)
    cohort.evaluate()
    cohort.ready(90)
    cohort.evaluate()
    cohort.let_pass(9)
    cohort.ready(40)
    cohort.evaluate()
    assert cohort.alerts("clear_since") == [None]
    cohort.ready(90)
    cohort.evaluate()
    cohort.let_pass(9)
    assert cohort.evaluate() == 0
    assert cohort.alerts("status") == ["open"]


@pytest.mark.parametrize(
    ("rule", "steps"),
    [
        # The threshold is good enough not to open, and not for closing.
        ({}, [(50, None), (49.99, "open"), (51.99, "open"), (52, "closed")]),
        (
            {"comparison": "above", "threshold": 60, "margin": 5},
            [(60, None), (60.01, "open"), (55.01, "open"), (55, "closed")],
        ),
        ({"margin": 0}, [(49.99, "open"), (50, "closed")]),
    ],
)
def test_threshold_and_margin(cohort: Watched, rule: dict[str, Any], steps: list[Any]) -> None:
    cohort.rule(clear_for=timedelta(0), **rule)
    for score, status in steps:
        cohort.ready(score)
        cohort.evaluate()
        assert cohort.alerts("status") == ([status] if status else []), score


def test_what_is_not_known_opens_nothing_and_closes_nothing(cohort: Watched) -> None:
    cohort.ready(40)
    cohort.evaluate()
    cohort.ready(90)
    cohort.evaluate()
    cohort.let_pass(60)
    cohort.db.execute("delete from school.readiness_score where org_id = %s", (cohort.org,))
    assert cohort.evaluate() == 0
    assert cohort.alerts("status", "last_value", "clear_since") == [("open", None, None)]
    cohort.ready(90)
    cohort.evaluate()
    assert cohort.alerts("status") == ["open"], "the time begins anew"
    cohort.let_pass(10)
    cohort.evaluate()
    cohort.db.execute("delete from school.readiness_score where org_id = %s", (cohort.org,))
    assert cohort.evaluate() == 0
    assert cohort.alerts("status") == ["closed"]


def test_two_at_once_open_one(cohort: Watched, database: Database) -> None:
    cohort.ready(40)
    with (
        database.connect(autocommit=False) as first,
        database.connect() as second,
        ThreadPoolExecutor(1) as pool,
    ):
        assert cohort.evaluate(db=first) == 1
        other = pool.submit(cohort.evaluate, db=second)
        feed.wait_for(cohort.db, WAITS)
        first.commit()
        assert other.result() == 0
    assert cohort.alerts("status") == ["open"]
    assert cohort.history() == ["opened"]


def test_the_later_of_two_at_once_sees_the_later_numbers(cohort: Watched, database: Database) -> None:
    """It does not open what the first would have closed, had it come second."""
    cohort.rule(clear_for=timedelta(0))
    cohort.ready(40)
    cohort.evaluate()
    with (
        database.connect(autocommit=False) as first,
        database.connect() as second,
        ThreadPoolExecutor(1) as pool,
    ):
        assert cohort.evaluate(db=first) == 0
        other = pool.submit(cohort.evaluate, db=second)
        feed.wait_for(cohort.db, WAITS)
        cohort.ready(90)
        first.commit()
        assert other.result() == 1
    assert cohort.alerts("status", "closed_value") == [("closed", 90)]


# --- What it says


def test_the_evidence_is_what_a_recount_says(judged: Watched) -> None:
    db, org = judged.db, judged.org
    judged.score(judged.students[0], 33.335)
    judged.score(judged.students[1], 41)
    db.execute("update school.cohort set seats_paid = 1 where org_id = %s", (org,))
    db.execute("delete from school.cohort_mentor where org_id = %s", (org,))
    for amount, days in ((10, 3), (20.5, 1), (99, 0)):
        db.execute(
            "insert into school.payment (org_id, cohort_id, student_id, amount, status, due_on) "
            "select %s, %s, %s, %s, 'due', k.today - %s from board.clock(%s) as k",
            (org, judged.cohort, judged.students[0], amount, days, org),
        )
    mission = judged.add("mission", track_id=judged.track, title="query", status="published")
    judged.add(
        "mission_attempt", mission_id=mission, student_id=judged.students[0], state="submitted",
        started_at="2024-01-01", submitted_at="2024-01-02",
    )  # fmt: skip
    assert judged.evaluate() == 5

    (readiness, scored) = db.execute(
        "select sum(s.score), count(*) from school.cohort_member as m cross join lateral ("
        "select r.score from school.readiness_score as r where r.org_id = m.org_id "
        "and r.student_id = m.student_id order by r.scored_at desc limit 1) as s where m.cohort_id = %s",
        (judged.cohort,),
    ).fetchone() or (0, 0)
    overdue = value(
        db,
        "select sum(p.amount) from school.payment as p cross join board.clock(%s) as k "
        "where p.cohort_id = %s and p.due_on < k.today",
        org, judged.cohort,
    )  # fmt: skip
    found = dict(judged.alerts("name", "evidence"))
    parts = {
        name: (said["value"], said["comparison"], said["threshold"], said["numerator"], said["denominator"])
        for name, said in found.items()
    }
    assert parts == {
        "below_readiness": (float(round(readiness / scored, 2)), "below", 50, float(readiness), scored),
        "low_coverage": (0, "below", 80, 0, 2),
        "over_capacity": (200, "above", 100, 2, 1),
        "payments_overdue": (2, "above", 0, None, None),
        "stalled_reviews": (1, "above", 0, None, None),
    }
    assert (parts["below_readiness"][0], float(overdue)) == (37.17, 30.5), "rounded half up"
    numbers = {name: {one["name"]: one["value"] for one in said["numbers"]} for name, said in found.items()}
    assert numbers["payments_overdue"] == {
        "payments_overdue": 2, "overdue_amount": 30.5, "payments_due": 3, "due_amount": 129.5,
    }  # fmt: skip
    assert numbers["low_coverage"] == {
        "mentor_coverage": 0, "students_covered": 0, "members_active": 2, "mentors": 0,
    }  # fmt: skip
    assert numbers["stalled_reviews"] == {
        "stalled_reviews": 1, "missions_submitted": 1, "missions_in_review": 0,
    }  # fmt: skip
    for name, opened, as_of in judged.alerts("name", "board.utc(opened_at)", "evidence ->> 'as_of'"):
        assert opened == as_of, name
    severities = dict(judged.alerts("name", "severity"))
    assert severities.pop("stalled_reviews") == "critical"
    assert set(severities.values()) == {"warning"}


def test_what_opened_it_stays_as_it_was(cohort: Watched) -> None:
    cohort.ready(40)
    cohort.evaluate()
    before = cohort.alerts("opened_value", "threshold", "evidence::text")
    cohort.ready(20)
    cohort.rule(threshold=60)
    assert cohort.evaluate() == 0
    assert cohort.alerts("opened_value", "threshold", "evidence::text") == before
    assert cohort.alerts("last_value") == [20]


def test_ratios_name_what_they_are_of(judged: Watched) -> None:
    """Numerator of denominator is the value, of every metric that has them."""
    ratios = 0
    for metric in _state(judged):
        said = value(
            judged.db,
            "select board.alert_evidence(%s, 'below', 1, to_jsonb(s), now()) "
            "from board.cohort_states(%s, %s) as s",
            metric, judged.org, [judged.cohort],
        )  # fmt: skip
        if said["denominator"]:
            ratios += 1
            shown = said["numerator"] / said["denominator"]
            assert said["value"] in (round(shown, 2), round(100 * shown, 2)), metric
    assert ratios == 3, "readiness, seats and mentors; there is nothing else here to have a share of"


def _state(cohort: Watched) -> dict[str, Any]:
    query = "select to_jsonb(s) from board.cohort_states(%s, %s) as s"
    found: dict[str, Any] = value(cohort.db, query, cohort.org, [cohort.cohort])
    return found


def test_rules_may_be_about_every_number_of_a_cohort(judged: Watched) -> None:
    rows = judged.db.execute(
        "select u.name, u.type::regtype::text from pg_proc as f "
        "cross join lateral unnest(f.proargnames, f.proallargtypes, f.proargmodes) as u (name, type, mode) "
        "where f.proname = 'cohort_states' and u.mode = 't'"
    )
    columns = {name for name, type in rows if type in ("integer", "bigint", "numeric")}
    written = value(
        judged.db,
        "select pg_get_constraintdef(oid) from pg_constraint where conname = 'alert_rule_metric_is_known'",
    )
    assert set(written.split("'")[1::2]) == columns - SUMS


# --- Cohorts that change


@pytest.mark.parametrize("status", ["closed", "planned"])
def test_a_cohort_that_is_not_active_has_no_alerts(cohort: Watched, status: str) -> None:
    cohort.ready(40)
    cohort.evaluate()
    cohort.db.execute("update school.cohort set status = %s where id = %s", (status, cohort.cohort))
    assert cohort.evaluate() == 1
    assert cohort.alerts("status", "closed_because") == [("closed", f"cohort_{status}")]
    assert cohort.evaluate() == 0
    cohort.db.execute("update school.cohort set status = 'active' where id = %s", (cohort.cohort,))
    cohort.evaluate()
    assert cohort.alerts("status") == ["closed", "open"]


def test_a_cohort_that_is_deleted_takes_its_alerts_along_and_tells(cohort: Watched) -> None:
    cohort.ready(40)
    cohort.evaluate()
    (alert,) = cohort.alerts("id")
    cohort.db.execute("delete from school.cohort where id = %s", (cohort.cohort,))
    assert cohort.alerts("id") == cohort.history() == []
    event = cohort.db.execute(
        "select topics, payload from feed.event where kind = 'alerts' order by id desc limit 1"
    ).fetchone()
    assert event
    topics, told = event
    assert topics == ["admin", f"track-staff:{cohort.track}"]
    assert (told["what"], told["because"], told["alert_id"]) == ("closed", "cohort_deleted", str(alert))
    assert cohort.evaluate() == 0


def test_a_cohort_that_is_deleted_meanwhile_opens_nothing_and_waits_for_nobody(
    cohort: Watched, database: Database
) -> None:
    other = cohort.make_cohort(cohort.track, "spring")
    cohort.ready(40)
    with database.connect(autocommit=False) as deleting:
        deleting.execute("select from school.cohort where id = %s for update", (cohort.cohort,))
        assert cohort.evaluate(cohort.cohort, other) == 1
        assert cohort.alerts("id") == []
        deleting.execute("delete from school.cohort where id = %s", (cohort.cohort,))
        deleting.commit()
    assert cohort.alerts("status", cohort=other) == ["open"]


def test_with_a_track_and_its_program_go_cohorts_rules_and_alerts(cohort: Watched) -> None:
    cohort.db.execute(
        "insert into board.alert_rule (org_id, track_id, name, metric, comparison, threshold) "
        "values (%s, %s, 'few', 'members_active', 'below', 10)",
        (cohort.org, cohort.track),
    )
    cohort.ready(40)
    assert cohort.evaluate() == 2
    cohort.db.execute("delete from school.program where id = %s", (cohort.program,))
    left = value(
        cohort.db,
        "select count(*) from board.alert_rule as r full join board.alert as a using (org_id) "
        "where a.id is not null or r.track_id is not null",
    )
    assert left == 0


def test_a_cohort_that_moves_keeps_what_is_about_all_tracks(cohort: Watched) -> None:
    other = cohort.make_track()
    cohort.db.execute(
        "insert into board.alert_rule (org_id, track_id, name, metric, comparison, threshold) "
        "values (%s, %s, 'few', 'members_active', 'below', 10), "
        "(%s, %s, 'below_readiness', 'readiness', 'below', 45)",
        (cohort.org, cohort.track, cohort.org, other),
    )
    third = cohort.make_track()
    cohort.ready(40)
    assert cohort.evaluate() == 2
    cohort.db.execute("update school.cohort set track_id = %s where id = %s", (third, cohort.cohort))
    cohort.evaluate()
    assert cohort.alerts("name", "status", "closed_because") == [
        ("below_readiness", "open", None), ("few", "closed", "cohort_moved"),
    ]  # fmt: skip
    cohort.db.execute("update school.cohort set track_id = %s where id = %s", (other, cohort.cohort))
    cohort.evaluate()
    assert cohort.alerts("name", "threshold", "status", "closed_because") == [
        ("below_readiness", 50, "closed", "rule_replaced"),
        ("few", 10, "closed", "cohort_moved"),
        ("below_readiness", 45, "open", None),
    ]


# --- Rules that change


def test_a_threshold_that_moves_is_that_of_the_open_alert(cohort: Watched) -> None:
    cohort.ready(45)
    cohort.evaluate()
    cohort.rule(threshold=40)
    assert cohort.evaluate() == 0
    cohort.let_pass(10)
    assert cohort.evaluate() == 1
    assert cohort.history("change", "c.threshold", "because") == [
        ("opened", 50, None), ("closed", 40, "cleared"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ("update board.alert_rule set is_active = false where id = %s", "rule_inactive"),
        ("delete from board.alert_rule where id = %s", "rule_deleted"),
    ],
)
def test_a_rule_that_ends_closes_what_it_opened(cohort: Watched, change: str, because: str) -> None:
    cohort.ready(40)
    cohort.evaluate()
    cohort.db.execute(change.encode(), (cohort.alerts("rule_id")[0],))
    assert cohort.evaluate() == 1
    assert cohort.alerts("status", "closed_because") == [("closed", because)]
    assert cohort.evaluate() == 0


def test_a_rule_about_another_number_closes_its_alert_and_opens_one(cohort: Watched) -> None:
    cohort.ready(40)
    cohort.evaluate()
    cohort.rule(metric="mentor_coverage", comparison="above", threshold=90)
    assert cohort.evaluate() == 2
    assert cohort.alerts("metric", "status", "closed_because", "opened_value") == [
        ("readiness", "closed", "rule_changed", 40), ("mentor_coverage", "open", None, 100),
    ]  # fmt: skip


def test_another_severity_or_name_is_the_open_alerts(cohort: Watched) -> None:
    cohort.ready(40)
    cohort.evaluate()
    cohort.rule(severity="critical", name="unready")
    assert cohort.evaluate() == 1
    assert cohort.alerts("name", "severity", "status") == [("unready", "critical", "open")]
    assert cohort.history("change", "c.severity") == [("opened", "warning"), ("changed", "critical")]
    assert cohort.evaluate() == 0


@pytest.mark.parametrize("active", [True, False])
def test_a_tracks_rule_replaces_that_of_the_organization(cohort: Watched, active: bool) -> None:
    other = cohort.make_cohort(cohort.make_track(), "elsewhere")
    cohort.ready(40)
    assert cohort.evaluate(cohort.cohort, other) == 2
    cohort.db.execute(
        "insert into board.alert_rule (org_id, track_id, name, metric, comparison, threshold, is_active) "
        "values (%s, %s, 'below_readiness', 'readiness', 'below', 60, %s)",
        (cohort.org, cohort.track, active),
    )
    assert cohort.evaluate(cohort.cohort, other) == 1 + active
    assert cohort.alerts("threshold", "status", "closed_because") == [
        (50, "closed", "rule_replaced"), *([(60, "open", None)] if active else []),
    ]  # fmt: skip
    assert cohort.alerts("status", cohort=other) == ["open"]


@pytest.mark.parametrize(
    ("change", "everywhere"),
    [
        (
            "update board.alert_rule set threshold = 1 where org_id = %(org)s and name = 'below_readiness'",
            True,
        ),
        ("delete from board.alert_rule where org_id = %(org)s and name = 'low_coverage'", True),
        (
            "insert into board.alert_rule (org_id, track_id, name, metric, comparison, threshold) "
            "values (%(org)s, %(track)s, 'few', 'members_active', 'below', 10)",
            False,
        ),
        (
            "insert into board.alert_rule (org_id, name, metric, comparison, threshold) "
            "values (%(org)s, 'few', 'members_active', 'below', 10)",
            True,
        ),
    ],
)
def test_a_rule_that_changes_marks_whom_it_judges(cohort: Watched, change: str, everywhere: bool) -> None:
    other = cohort.make_cohort(cohort.make_track(), "elsewhere")
    foreign = Watched(cohort.db)
    with cohort.db.transaction():
        cohort.db.execute(change.encode(), {"org": cohort.org, "track": cohort.track})
        assert value(cohort.db, MARKED, cohort.org, cohort.cohort, "alert rule") == 1
        assert value(cohort.db, MARKED, cohort.org, other, "alert rule") == everywhere
        assert value(cohort.db, MARKED, foreign.org, foreign.cohort, "alert rule") == 0


def test_a_change_of_an_alert_marks_its_cohort_and_nothing_else_does(cohort: Watched) -> None:
    cohort.ready(40)
    for marks in (1, 0):
        with cohort.db.transaction():
            cohort.evaluate()
            assert value(cohort.db, MARKED, cohort.org, cohort.cohort, "alert") == marks


@pytest.mark.parametrize(
    "column",
    [
        "metric = 'name'",
        "metric = 'status'",
        "comparison = 'near'",
        "threshold = 'NaN'",
        "severity = 'bad'",
        "margin = -1",
        "clear_for = '-1 second'",
        "clear_for = '1 year'",
        "name = 'Below'",
    ],
)
def test_what_is_no_rule_is_refused(cohort: Watched, column: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        cohort.db.execute(f"update board.alert_rule set {column} where org_id = {cohort.org}".encode())


def test_of_a_name_there_is_one_rule_for_all_tracks(cohort: Watched) -> None:
    insert = (
        b"insert into board.alert_rule (org_id, track_id, name, metric, comparison, threshold) "
        b"values (%s, %s, 'below_readiness', 'readiness', 'below', 60)"
    )
    with pytest.raises(psycopg.errors.UniqueViolation):
        cohort.db.execute(insert, (cohort.org, None))
    cohort.db.execute(insert, (cohort.org, cohort.track))
    with pytest.raises(psycopg.errors.UniqueViolation):
        cohort.db.execute(insert, (cohort.org, cohort.track))


def test_organizations_that_were_there_have_the_rules_that_new_ones_get(cluster: Cluster) -> None:
    rules = (
        "select name, metric, comparison, threshold, margin, clear_for, track_id, severity, is_active "
        "from board.alert_rule where org_id = %s order by name"
    )
    with cluster.database(cluster.template) as database, database.connect() as db:
        newer = [m.name for m in tree.migrations() if m.name >= "0024"]
        apply.rollback(database.url(), len(newer))
        old = school.make_org(db)
        apply.migrate(database.url())
        new = school.make_org(db)
        assert db.execute(rules, (old,)).fetchall() == db.execute(rules, (new,)).fetchall()
        assert len(db.execute(rules, (new,)).fetchall()) == 5
