"""How summaries and pages are kept ready: by marks of cohorts, a little later, and by a job."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests.support import school
from tests.support.dashboards import Connection, add
from tests.support.faculty import Faculty, looks, make_settled
from tests.support.servers import Cluster

WAITING = (
    "select count(*) from board.dashboard_update_queue where processed_at is null and dead_at is null "
    "and subject in ('director', 'director summary', 'admin summary')"
)
PAY = (
    "insert into school.payment (org_id, cohort_id, amount, due_on, status, paid_on) "
    "values (%s, %s, 5, current_date, 'paid', current_date)"
)


class Desk:
    """A school whose pages and summaries are up to date, and were read."""

    def __init__(self, faculty: Faculty, db: Connection) -> None:
        self.faculty, self.db, self.org = faculty, db, faculty.org
        self.names = faculty.names
        db.execute("update ops.setting set value = 0 where name = 'director_debounce'")
        for table in ("board.dashboard_cache", "board.director_cohort_dashboard"):
            db.execute(f"update {table} set seen_at = now()".encode())
        self.drain()
        assert self.one(WAITING) == 0

    def one(self, query: str, *parameters: Any) -> Any:
        """The one value that a query answers."""
        row = self.db.execute(query.encode(), parameters).fetchone()
        return row[0] if row else None

    def drain(self) -> int:
        """Let the queue be empty; how many were refreshed."""
        done = 0
        while step := self.one("select board.drain_queue()"):
            done += step
        return done

    def pay(self, cohort: str = "cohort") -> None:
        """Let somebody pay."""
        self.db.execute(PAY, (self.org, self.names[cohort]))

    def out(self) -> set[UUID]:
        """What is not current."""
        return {look[1] for look in looks(self.db, self.org) if not look[2]}

    def named(self, *names: str) -> set[UUID]:
        """Their ids."""
        return {self.names[name] for name in names}

    def version(self, name: str) -> Any:
        """Of a cohort's page or a person's summary."""
        return self.one(
            "select version from board.director_cohort_dashboard where cohort_id = %s union all "
            "select version from board.dashboard_cache where person_id = %s",
            self.names[name],
            self.names[name],
        )


@pytest.fixture
def desk(cluster: Cluster) -> Iterator[Desk]:
    """The school of one test."""
    with cluster.prepared(make_settled) as (database, (org, names)), database.connect() as db:
        yield Desk(Faculty(database, org, dict(names)), db)


def test_what_changed_is_refreshed(desk: Desk) -> None:
    before = {name: desk.version(name) for name in ("cohort", "winter", "dora", "dirk", "abe")}
    desk.pay()
    assert desk.out() == desk.named("cohort", "dora", "abe")
    assert desk.drain() == 3
    assert desk.out() == set()
    assert {name: desk.version(name) - was for name, was in before.items()} == {
        "cohort": 1, "winter": 0, "dora": 1, "dirk": 0, "abe": 1,
    }  # fmt: skip
    assert desk.one(WAITING) == 0


def test_under_load_one_refresh_serves_what_changes_meanwhile(desk: Desk) -> None:
    desk.db.execute("update ops.setting set value = 300 where name = 'director_debounce'")
    for _ in range(5):
        desk.pay()
        desk.pay("winter")
        assert desk.drain() == 0, "refreshed a moment ago"
    assert desk.one(WAITING) == 10
    rest = "update {} set updated_at = updated_at - interval '301 seconds' where {}"
    rested = rest.format("board.director_cohort_dashboard", "cohort_id = %s")
    desk.db.execute(rested.encode(), (desk.names["cohort"],))
    assert desk.drain() == 1
    assert desk.out() == desk.named("winter", "dora", "abe"), "winter rests, and so do summaries"
    desk.db.execute(rest.format("board.dashboard_cache", "true").encode())
    assert desk.drain() == 2
    desk.db.execute(rested.encode(), (desk.names["winter"],))
    desk.drain()
    desk.db.execute(rest.format("board.dashboard_cache", "true").encode())
    desk.drain()
    assert desk.out() == set() and desk.one(WAITING) == 0


def test_what_an_operator_asks_for_does_not_rest(desk: Desk) -> None:
    desk.db.execute("update ops.setting set value = 300 where name = 'director_debounce'")
    assert desk.one("select board.mark_directors(%s)", desk.org) == 4, "three directors, and nobody"
    desk.drain()
    assert desk.out() == set() and desk.one(WAITING) == 0


@pytest.mark.parametrize(
    ("asked", "marks", "out"),
    [
        ({"director": "dirk"}, 1, {"dirk", "other_cohort", "closed", "abe"}),
        ({"director": "cleo"}, 1, {"cleo", "abe"}),
        ({"cohort": "winter"}, 1, {"dora", "winter", "abe"}),
        ({"cohort": "lone"}, 1, {"lone", "abe"}),
        ({"director": "dirk", "cohort": "winter"}, 0, set()),
        ({"cohort": "dirk"}, 0, set()),
        ({"director": "mia"}, 0, set()),
    ],
)  # fmt: skip
def test_an_operator_has_them_computed_anew(
    desk: Desk, asked: dict[str, str], marks: int, out: set[str]
) -> None:
    director, cohort = (desk.names.get(asked.get(of, "")) for of in ("director", "cohort"))
    assert desk.one("select board.mark_directors(%s, %s, %s)", desk.org, director, cohort) == marks
    assert desk.out() == desk.named(*out)
    desk.drain()
    assert desk.out() == set()


def test_who_has_computed_since_is_not_computed_again(desk: Desk) -> None:
    desk.pay()
    desk.one("select board.current_cohort_dashboard(%s, %s)", desk.org, desk.names["cohort"])
    for name, role in (("dora", "director"), ("abe", "admin")):
        desk.one("select board.current_dashboard(%s, %s, %s)", desk.org, role, desk.names[name])
    # As if the mark had come while the page was computed, too late to be finished with it.
    desk.db.execute(
        "update board.dashboard_update_queue set processed_at = null where cohort_id = %s",
        (desk.names["cohort"],),
    )
    at = "select max(updated_at) from board.director_cohort_dashboard"
    before = desk.one(at)
    assert desk.drain() == 0
    assert desk.one(at) == before
    assert desk.one(WAITING) == 0


def test_who_does_not_look_is_left_alone_and_reads_the_truth(desk: Desk) -> None:
    for table in ("board.dashboard_cache", "board.director_cohort_dashboard"):
        desk.db.execute(f"update {table} set seen_at = now() - interval '25 hours'".encode())
    desk.pay()
    assert desk.drain() == 1, "the cohort's numbers"
    assert desk.out() == desk.named("cohort", "dora", "abe")
    document = "select document is null from board.director_cohort_dashboard where cohort_id = %s"
    assert desk.one(document, desk.names["cohort"])
    paid = "select paid_amount from board.director_cohort_dashboard where cohort_id = %s"
    kept = desk.one(paid, desk.names["cohort"])
    page = desk.one(
        "select (board.current_cohort_dashboard(%s, %s)).document", desk.org, desk.names["cohort"]
    )
    assert page["payments"]["paid"]["amount"] == float(kept)
    desk.pay()
    assert desk.drain() == 1
    assert desk.one(document, desk.names["cohort"]) is False, "it was read"


def test_who_is_connected_is_told(desk: Desk) -> None:
    desk.db.execute("update board.dashboard_cache set seen_at = now() - interval '25 hours'")
    told = [{"org": desk.org, "role": "director", "person": str(desk.names["dora"])}]
    desk.db.execute("select api.feed_present(%s)", (json.dumps(told),))
    desk.pay()
    desk.drain()
    assert desk.out() == desk.named("abe")
    event = desk.db.execute(
        "select kind, payload from feed.event where topics = %s order by txid desc limit 1",
        (["dashboard:director:" + str(desk.names["dora"])],),
    ).fetchone()
    assert event and event[0] == "update" and set(event[1]["patch"]) == {"revenue_this_month"}


@pytest.mark.parametrize(
    ("change", "out"),
    [
        ("update school.program set name = 'prepared' where id = %(program)s",
         {"cohort", "winter", "empty", "dora", "abe"}),
        ("update school.track set director_id = %(cleo)s where id = %(track)s",
         {"cohort", "winter", "empty", "dora", "cleo", "abe"}),
        ("update school.person set name = 'maud' where id = %(mia)s", {"cohort", "other_cohort"}),
        ("delete from school.cohort where id = %(winter)s", {"cohort", "empty", "lone", "dora", "abe"}),
        ("update school.organization set currency = 'EUR'",
         {"cohort", "winter", "empty", "other_cohort", "closed", "lone", "dora", "dirk", "cleo", "abe"}),
    ],
)  # fmt: skip
def test_what_is_of_no_one_cohort_reaches_all(desk: Desk, change: str, out: set[str]) -> None:
    desk.db.execute(change.encode(), desk.names)
    assert desk.out() == desk.named(*out)
    desk.drain()
    assert desk.out() == set()
    assert desk.one(WAITING) == 0


def test_one_that_cannot_be_computed_holds_nobody_up_and_ends_as_a_dead_letter(desk: Desk) -> None:
    desk.db.execute(
        "alter table board.director_cohort_dashboard add constraint poisoned "
        f"check (cohort_id <> '{desk.names['cohort']}' or paid_amount < 1) not valid".encode()
    )
    desk.pay()
    desk.pay("winter")
    for attempt in range(1, 6):
        desk.db.execute("update board.dashboard_update_queue set not_before = null")
        desk.drain()
        state = desk.db.execute(
            "select distinct attempts, dead_at is not null, last_error like '%%poisoned%%' "
            "from board.dashboard_update_queue where cohort_id = %s and processed_at is null",
            (desk.names["cohort"],),
        ).fetchall()
        assert state == [(attempt, attempt == 5, True)]
        assert desk.out() == desk.named("cohort"), "the summaries are told none the less"
    desk.db.execute("alter table board.director_cohort_dashboard drop constraint poisoned")
    desk.one("select board.current_cohort_dashboard(%s, %s)", desk.org, desk.names["cohort"])
    assert desk.out() == set(), "a read tries"
    assert desk.one("select count(*) from board.dashboard_update_queue where dead_at is not null") == 0


def test_a_summary_that_cannot_be_computed_ends_as_a_dead_letter(desk: Desk) -> None:
    desk.db.execute(
        "alter table board.dashboard_cache add constraint poisoned "
        f"check (person_id <> '{desk.names['dora']}') not valid".encode()
    )
    desk.pay()
    for attempt in range(1, 6):
        desk.db.execute("update board.dashboard_update_queue set not_before = null")
        desk.drain()
        state = desk.db.execute(
            "select attempts, dead_at is not null, last_error like '%%poisoned%%' from "
            "board.dashboard_update_queue where subject = 'director summary' and processed_at is null"
        ).fetchall()
        assert state == [(attempt, attempt == 5, True)]
        assert desk.out() == desk.named("dora")


def test_a_reader_does_not_wait_for_a_batch(desk: Desk) -> None:
    database, cohort = desk.faculty.database, desk.names["cohort"]
    desk.pay()
    with (
        database.connect(autocommit=False) as worker,
        database.connect(options="-c lock_timeout=2s") as reader,
    ):
        worker.execute("select board.drain_cohorts(%s)", (desk.org,))
        desk.pay()
        for query, key in (
            ("select (board.current_cohort_dashboard(%s, %s)).document #>> '{payments,paid,amount}'", cohort),
            (
                "select (board.current_dashboard(%s, 'director', %s)).document ->> 'revenue_this_month'",
                desk.names["dora"],
            ),
        ):
            said = reader.execute(query.encode(), (desk.org, key)).fetchone()
            summed = desk.one(
                "select sum(y.amount) from school.payment as y join school.cohort as c on c.id = y.cohort_id "
                "where y.status = 'paid' and (c.id = %s or (%s <> c.id and c.track_id = %s "
                "and date_trunc('month', y.paid_on) = date_trunc('month', current_date)))",
                key,
                key,
                desk.names["track"] if key != cohort else None,
            )
            assert said and float(said[0]) == float(summed), "computed, not stored"
        worker.rollback()
    assert desk.out() == desk.named("cohort", "dora", "abe")


def test_two_workers_share(desk: Desk) -> None:
    database = desk.faculty.database
    for cohort in ("cohort", "winter", "other_cohort"):
        desk.pay(cohort)
    with database.connect(autocommit=False) as one, database.connect(options="-c lock_timeout=2s") as two:
        one.execute("select board.refresh_cohorts(%s, %s)", (desk.org, [desk.names["cohort"]]))
        done = two.execute("select board.drain_cohorts(%s)", (desk.org,)).fetchone()
        assert done and done[0] > 0
        assert desk.out() >= desk.named("cohort")
        assert not desk.out() & desk.named("winter", "other_cohort")
        one.commit()
    desk.drain()
    assert desk.out() == set()


def test_the_job_refreshes_everything(desk: Desk) -> None:
    for table in ("board.dashboard_cache", "board.director_cohort_dashboard"):
        desk.db.execute(f"update {table} set fresh_until = now() where document is not null".encode())
    assert desk.one("select board.refresh_directors(%s)", desk.org) == 10
    assert desk.out() == set()
    (call,) = desk.db.execute(
        "select every::text, per_organization, call from ops.job where name = 'refresh director dashboards'"
    ).fetchall()
    assert call == ("00:05:00", True, "select board.refresh_directors($1)")


def test_the_job_leaves_what_cannot_be_computed_to_the_queue(desk: Desk) -> None:
    desk.db.execute(
        "alter table board.director_cohort_dashboard add constraint poisoned "
        f"check (cohort_id <> '{desk.names['cohort']}') not valid".encode()
    )
    assert desk.one("select board.refresh_directors(%s)", desk.org) == 4
    desk.drain()
    assert desk.out() == desk.named("cohort")


def test_a_row_comes_with_the_cohort_and_with_the_role(desk: Desk) -> None:
    cohort = add(
        desk.db, desk.org, "cohort", track_id=desk.names["track"], name="new",
        starts_on="2024-01-01", ends_on="2024-02-01",
    )  # fmt: skip
    assert desk.one("select version from board.director_cohort_dashboard where cohort_id = %s", cohort) == 0
    for role in ("director", "admin"):
        person = school.make_person(desk.db, desk.org, role)
        assert desk.one("select role from board.dashboard_cache where person_id = %s", person) == role
    desk.db.execute("delete from school.cohort where id = %s", (cohort,))
    assert (
        desk.one("select version from board.director_cohort_dashboard where cohort_id = %s", cohort) is None
    )


def test_alerts_are_opened_by_the_worker_and_shown(desk: Desk) -> None:
    desk.db.execute("update school.cohort set seats_paid = 0, seats_scholarship = 0, seats_sponsored = 1")
    desk.drain()
    opened = desk.one(
        "select count(*) from board.alert "
        "where cohort_id = %s and name = 'over_capacity' and status = 'open'",
        desk.names["cohort"],
    )
    page = desk.one(
        "select document from board.director_cohort_dashboard where cohort_id = %s", desk.names["cohort"]
    )
    assert opened == 1
    assert "over_capacity" in {alert["name"] for alert in page["alerts"]}
    assert "over_capacity" in page["cohort"]["flags"]
    assert desk.out() == set()
