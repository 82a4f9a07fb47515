"""A summary or page that differs from one computed now is never answered, whoever changes what."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.errors import LockNotAvailable

from tests.support.changes import REFUSED, random_change, savepoint
from tests.support.columns import columns_of
from tests.support.dashboards import Connection, add
from tests.support.faculty import (
    SHOWN_TO_DIRECTORS,
    Faculty,
    looks,
    make_faculty,
    make_settled,
    refresh,
    settle,
)
from tests.support.servers import Cluster

WAITS = "select wait_event_type = 'Lock' from pg_stat_activity where pid = %s"

# What a transaction may change that somebody else moves or looks at meanwhile.
FACTS = {
    "a payment": "insert into school.payment (org_id, cohort_id, amount, due_on, status, paid_on) "
    "values (%(org)s, %(cohort)s, 5, current_date, 'paid', current_date)",
    "a refund": "update school.refund set amount = amount - 1 where id = %(refund)s",
    "a session": "update school.mentor_session set status = 'missed' where title = 'first'",
    "a milestone": "delete from school.milestone where title = 'pitch'",
    "a mentor": "insert into school.cohort_mentor values (%(org)s, %(cohort)s, %(moe)s)",
    "a member": "insert into school.cohort_member (org_id, cohort_id, student_id) "
    "values (%(org)s, %(cohort)s, %(new)s)",
    "a score": "insert into school.readiness_score (org_id, student_id, scored_at, score) "
    "values (%(org)s, %(ann)s, now(), 100)",
    "a level": "update school.competency_score set level = 3 where student_id = %(ann)s",
    "an attempt": "delete from school.mission_attempt where id = %(attempt)s",
    "an item": "delete from school.portfolio_item where id = %(item)s",
    "a mission": "update school.mission set status = 'published' where id = %(draft)s",
    "a competency": "insert into school.competency (org_id, track_id, name, required_level) "
    "values (%(org)s, %(track)s, 'new', 5)",
    "a cohort comes": "insert into school.cohort "
    "(org_id, track_id, name, starts_on, ends_on, status, seats_paid) "
    "values (%(org)s, %(track)s, 'new', current_date, current_date, 'active', 9)",
    "a mentor is renamed": "update school.person set name = 'maud' where id = %(mia)s",
    "a setting": "update ops.setting set value = 1 where name = 'mentor_capacity'",
    "the currency": "update school.organization set currency = 'EUR' where org_id = %(org)s",
    "a track comes": "with t as (insert into school.track (org_id, program_id, name, director_id) "
    "values (%(org)s, %(other_program)s, 'more', %(dora)s)) select 1",
    "an alert": "with a as (select board.evaluate_alerts("
    "%(org)s, array(select c.id from school.cohort as c))) "
    "update board.alert set acknowledged_at = now() where (select count(*) from a) = -1",
    "a program": "update school.program set is_active = false, name = 'over' where id = %(program)s",
    "a cohort is moved here": "update school.cohort set track_id = %(track)s where id = %(lone)s",
    "a student goes": "delete from school.person where id = %(ann)s",
    "a cohort is closed": "update school.cohort set status = 'closed' where id = %(cohort)s",
    "a cohort is moved away": "update school.cohort set track_id = %(lone_track)s where id = %(cohort)s",
    "a cohort goes": "delete from school.cohort where id = %(cohort)s",
}


@pytest.fixture
def faculty(cluster: Cluster) -> Iterator[Faculty]:
    """A school of one test."""
    with cluster.prepared(make_settled) as (database, (org, names)):
        yield Faculty(database, org, dict(names))


READS = {
    "cohort": (
        "select (board.current_cohort_dashboard(%(org)s, %(key)s)).document",
        "select document from board.cohort_documents(%(org)s, array[%(key)s])",
    ),
    "person": (
        "select (board.current_dashboard(%(org)s, %(role)s, %(key)s)).document",
        "select document from board.director_documents(%(org)s, %(role)s, array[%(key)s])",
    ),
}


def stale(db: Connection, org: int) -> list[tuple[str, UUID]]:
    """Who would be answered what is out of date."""
    return [look[:2] for look in looks(db, org) if look[2] and look[3]]


def read_all(db: Connection, org: int) -> None:
    """Everybody reads, and gets what would be computed now."""
    for whose, key, *_ in looks(db, org):
        read, computed = READS["cohort" if whose == "cohort" else "person"]
        # Two statements: the second sees what the first did.
        said = db.execute(read.encode(), {"org": org, "role": whose, "key": key}).fetchone()
        assert said == db.execute(computed.encode(), {"org": org, "role": whose, "key": key}).fetchone()


@contextmanager
def moving(faculty: Faculty, director: UUID) -> Iterator[None]:
    """Give both tracks another director; who has named the present one in a mark is waited for."""
    tracks = [faculty.names["track"], faculty.names["lone_track"]]
    query = "update school.track set director_id = %s where id = any (%s)"
    with waiting(faculty, query, (director, tracks)):
        yield


@contextmanager
def waiting(faculty: Faculty, query: str, arguments: Any) -> Iterator[None]:
    """Have a session execute this, in its own transaction: before the block, or after where it waits."""
    with faculty.database.connect() as other, ThreadPoolExecutor(1) as thread:
        done = thread.submit(other.execute, query.encode(), arguments)
        with faculty.database.connect() as db:
            while not done.done():
                (waits,) = db.execute(WAITS, (other.info.backend_pid,)).fetchone() or (False,)
                if waits:
                    break
                time.sleep(0.01)
        yield
        done.result(60)


@pytest.mark.long
@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
@pytest.mark.parametrize("moved", [False, True])
def test_what_was_under_way_is_seen_once_it_is_committed(faculty: Faculty, moved: bool, level: str) -> None:
    """A transaction changes a fact; a director moves, everybody looks; only then is the fact committed."""
    org, names = faculty.org, {**faculty.names, "org": faculty.org}
    unmarked, refused = [], set()
    with faculty.database.connect() as db, faculty.database.connect(autocommit=False) as writer:
        writer.isolation_level = (
            psycopg.IsolationLevel.REPEATABLE_READ if level == "repeatable read"
            else psycopg.IsolationLevel.READ_COMMITTED
        )  # fmt: skip
        # From one director to the next: of the cohorts here and of those that move here.
        for name, director in zip(FACTS, cycle(["cleo", "dora"]), strict=False):
            writer.execute("select 1 from school.track")
            try:
                writer.execute(FACTS[name].encode(), names)
            except psycopg.DatabaseError as error:
                # What moves many is read committed, or not at all.
                assert level == "repeatable read" and "read committed" in str(error)
                refused.add(name)
                writer.rollback()
                continue
            with moving(faculty, names[director]) if moved else nullcontext():
                refresh(db, org)
                assert {look[2:] for look in looks(db, org) if look[0] != "cohort"} == {(True, False)}, name
                writer.commit()
            found = looks(db, org)
            assert [look for look in found if look[2] and look[3]] == [], name
            if not any(look[3] for look in found):
                unmarked.append(name)
            read_all(db, org)
    assert unmarked in ([], ["an alert"]), "the control: each shows somewhere"
    moves = {"a mission", "a cohort is moved here", "a cohort is moved away"}
    assert refused == (moves if level == "repeatable read" else set())


@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
def test_a_transaction_that_knows_an_old_director(faculty: Faculty, level: str) -> None:
    """It begins before the director moves, and writes after: repeatable read cannot know the new one."""
    org, names = faculty.org, {**faculty.names, "org": faculty.org}
    with faculty.database.connect() as db, faculty.database.connect(autocommit=False) as writer:
        writer.isolation_level = (
            psycopg.IsolationLevel.REPEATABLE_READ if level == "repeatable read"
            else psycopg.IsolationLevel.READ_COMMITTED
        )  # fmt: skip
        writer.execute("select 1 from school.track")
        db.execute("update school.track set director_id = %(cleo)s where id = %(track)s", names)
        settle(db, org)
        writer.execute(FACTS["a payment"].encode(), names)
        settle(db, org)
        writer.commit()
        found = {look[1]: look[2:] for look in looks(db, org)}
        assert stale(db, org) == []
        assert found[names["cleo"]] == found[names["cohort"]] == found[names["abe"]] == (False, True)
        assert found[names["dirk"]] == (level == "read committed", False), (
            "not everybody's, if it can be helped"
        )
        read_all(db, org)


@pytest.mark.long
@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
def test_a_director_moves_while_facts_come(faculty: Faculty, level: str) -> None:
    """The move begins first, and is committed while facts that have named the old director are not."""
    org, names = faculty.org, {**faculty.names, "org": faculty.org}
    with faculty.database.connect() as db:
        for name, fact in FACTS.items():
            with (
                faculty.database.connect(autocommit=False) as mover,
                faculty.database.connect(autocommit=False, options="-c lock_timeout=20ms") as writer,
            ):
                if level == "repeatable read":
                    writer.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                tracks = [names["track"], names["lone_track"]]
                directors = [names["cleo"], names["dora"]]
                mover.execute(
                    "update school.track set director_id = "
                    "case director_id when %s then %s else %s end::uuid where id = any (%s)",
                    (*directors, directors[0], tracks),
                )
                try:
                    writer.execute(fact.encode(), names)
                except psycopg.DatabaseError as error:
                    # What writes the track itself waits for the move; what moves many is read committed.
                    assert isinstance(error, LockNotAvailable) or "read committed" in str(error), name
                    continue
                mover.commit()
                refresh(db, org)
                writer.commit()
            assert stale(db, org) == [], name
            read_all(db, org)


@pytest.mark.parametrize(
    ("comes", "changes"),
    [
        (
            "insert into school.track (org_id, program_id, name, director_id) "
            "values (%(org)s, %(empty)s, 'new', %(cleo)s)",
            "update school.program set is_active = false where id = %(empty)s",
        ),
        (
            "insert into school.cohort (org_id, track_id, name, starts_on, ends_on, status) "
            "values (%(org)s, %(track)s, 'new', current_date, current_date, 'active')",
            "insert into board.alert_rule (org_id, track_id, name, metric, comparison, threshold) "
            "values (%(org)s, %(track)s, 'tiny', 'members_active', 'below', 5)",
        ),
    ],
    ids=["a track comes while the program changes", "a cohort comes while a rule does"],
)
@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
def test_what_comes_meanwhile_is_concerned(faculty: Faculty, comes: str, changes: str, level: str) -> None:
    org, names = faculty.org, {**faculty.names, "org": faculty.org}
    with faculty.database.connect() as db, faculty.database.connect(autocommit=False) as writer:
        names["empty"] = add(db, org, "program", name="without tracks")
        if level == "repeatable read":
            writer.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            writer.execute("select 1 from school.track")
            db.execute(comes.encode(), names)
            writer.execute(changes.encode(), names)
            settle(db, org)
            writer.commit()
        else:
            writer.execute(changes.encode(), names)
            with waiting(faculty, comes, names):
                settle(db, org)
                writer.commit()
        assert stale(db, org) == []
        read_all(db, org)


def test_who_acknowledged_is_told_no_more_once_deleted(faculty: Faculty) -> None:
    org, names = faculty.org, {**faculty.names, "org": faculty.org}
    with faculty.database.connect() as db:
        admin = add(db, org, "person", name="Ada")
        db.execute("update board.alert_rule set threshold = 99 where name = 'below_readiness'")
        settle(db, org)
        db.execute(
            "update board.alert set acknowledged_at = now(), acknowledged_by = %s where cohort_id = %s",
            (admin, names["cohort"]),
        )
        refresh(db, org)
        read_all(db, org)
        db.execute("delete from school.person where id = %s", (admin,))
        out = {look[1] for look in looks(db, org) if look[3]}
        assert {names["cohort"], names["dora"], names["abe"]} <= out, "the control: it shows"
        assert stale(db, org) == []


@pytest.mark.parametrize("fact", [name for name in FACTS if name != "an alert"])
def test_what_is_committed_is_seen(faculty: Faculty, fact: str) -> None:
    org, names = faculty.org, {**faculty.names, "org": faculty.org}
    with faculty.database.connect() as db:
        db.execute(FACTS[fact].encode(), names)
        found = looks(db, org)
        assert (False, True) in {look[2:] for look in found}
        assert stale(db, org) == []
        read_all(db, org)


def test_a_fact_of_one_cohort_leaves_the_others(faculty: Faculty) -> None:
    org, names = faculty.org, {**faculty.names, "org": faculty.org}
    with faculty.database.connect() as db:
        db.execute(FACTS["a payment"].encode(), names)
        out = {look[1] for look in looks(db, org) if not look[2]}
        assert out == {names["cohort"], names["dora"], names["abe"]}


def test_every_column_that_shows_marks(faculty: Faculty) -> None:
    org, names = faculty.org, faculty.names
    with faculty.database.connect() as db:
        wrong = []
        for table, changes in SHOWN_TO_DIRECTORS.items():
            for column, (change, where) in changes.items():
                with db.transaction(force_rollback=True):
                    statement = f"update school.{table} set {change} where org_id = {org} and {where}"
                    changed = db.execute(statement.encode(), names).rowcount
                    found = {look[2:] for look in looks(db, org)}
                    if changed != 1 or (False, True) not in found or (True, True) in found:
                        wrong.append((table, column, changed, found))
        assert wrong == []
        assert {look[2:] for look in looks(db, org)} == {(True, False)}, "the control: all was taken back"


def _change_tables(faculty: Faculty) -> dict[str, list[str]]:
    tables: dict[str, list[str]] = {table: [] for table in SHOWN_TO_DIRECTORS}
    for table, column, _ in columns_of(faculty.database):
        if table in tables:
            tables[table].append(column)
    return tables


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
def test_random_changes_of_two_sessions(faculty: Faculty, seed: int) -> None:
    """One driver moves two sessions and a worker step by step: which overlap is drawn, not left to chance."""
    database, org, names = faculty.database, faculty.org, faculty.names
    dice = random.Random(seed)
    tables = _change_tables(faculty)
    deck: list[str] = []
    at_hand: dict[psycopg.Connection[Any], str] = {}
    changes: Counter[str] = Counter()
    found: Counter[tuple[bool, bool]] = Counter()
    options = "-c lock_timeout=20ms"
    with database.connect() as db:
        db.execute("update ops.setting set value = 0 where name = 'director_debounce'")
        db.execute("update board.dashboard_cache set seen_at = now()")
        db.execute("update board.director_cohort_dashboard set seen_at = now()")
        with (
            database.connect(autocommit=False, options=options) as one,
            database.connect(autocommit=False, options=options) as two,
            database.connect(options=options) as worker,
        ):
            while changes.total() < (250 if database.version == 18 else 100):
                session = dice.choice([one, two])
                idle = session.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
                step = dice.choices(
                    ["change", "commit", "rollback", "refresh", "drain", "refresh mid-way"],
                    [35, 25, 2, 10, 15, 8],
                )[0]
                try:
                    if step == "change":
                        if not deck:
                            deck = dice.sample(list(tables), len(tables))
                        if idle:
                            session.isolation_level = dice.choice(
                                [psycopg.IsolationLevel.READ_COMMITTED] * 3
                                + [psycopg.IsolationLevel.REPEATABLE_READ]
                            )
                        if idle or session not in at_hand or dice.random() < 0.2:
                            at_hand[session] = deck.pop()
                        table = at_hand[session]
                        changes[table] += random_change(
                            session, dice, table, tables[table], names, SHOWN_TO_DIRECTORS
                        )
                    elif step == "commit":
                        if dice.random() < 0.5:
                            refresh(worker, org)
                        session.commit()
                    elif step == "rollback":
                        session.rollback()
                    elif step == "refresh":
                        refresh(worker, org)
                    elif step == "drain":
                        worker.execute("select board.drain_cohorts(%s)", (org,))
                    else:
                        with savepoint(session):
                            refresh(session, org)
                except psycopg.DatabaseError as error:
                    # What the facts themselves refuse is another test's business.
                    if not isinstance(error, (*REFUSED, psycopg.errors.SerializationFailure)):
                        assert str(error.sqlstate).startswith("HR") or "read committed" in str(error), error
                    if session.isolation_level == psycopg.IsolationLevel.REPEATABLE_READ:
                        session.rollback()
                    continue
                if step in ("change", "rollback"):
                    continue  # nobody else sees it
                now = looks(db, org)
                assert [look for look in now if look[2] and look[3]] == [], (seed, step, changes)
                found.update(look[2:] for look in now)
        one_more = db.execute("select sum(drift) from ops.verify()").fetchone()
        assert one_more == (0,)
    assert found[True, False] > 20 and found[False, True] > 20
    assert len(changes) > 8


# --- Time


@pytest.fixture(scope="module")
def still(cluster: Cluster) -> Iterator[Connection]:
    """A session whose now() stands still within each test."""
    with cluster.prepared(make_faculty) as (database, _), database.connect() as db:
        yield db


def fresh_until(db: Connection, cohort: UUID) -> tuple[datetime, datetime]:
    """Until when the cohort's page and the admin's summary are fresh; less now()."""
    row = db.execute(
        "select d.fresh_until, s.fresh_until from school.cohort as c "
        "cross join lateral board.cohort_documents(c.org_id, array[c.id]) as d "
        "cross join lateral board.director_documents(c.org_id, 'admin', array(select r.person_id "
        "from school.person_role as r where r.role = 'admin')) as s where c.id = %s",
        (cohort,),
    ).fetchone()
    assert row
    page, summary = row
    return page, summary


@pytest.mark.parametrize(
    ("fact", "minutes"), [("nothing", 15), ("a milestone", 5), ("a review", 7), ("a review of a draft", 15)]
)
def test_fresh_until(still: Connection, fact: str, minutes: int) -> None:
    with still.transaction(force_rollback=True):
        now, org = still.execute("select now(), org_id from school.organization").fetchone() or (None, 0)
        assert now
        cohort, track = still.execute(
            "select id, track_id from school.cohort where name = 'fall'"
        ).fetchone() or (None, None)
        assert cohort
        ann = still.execute(
            "select student_id from school.cohort_member where cohort_id = %s and status = 'active'",
            (cohort,),
        ).fetchone()
        assert ann
        still.execute("delete from school.mission_attempt")
        still.execute("delete from school.milestone")
        if fact == "a milestone":
            due = now + timedelta(minutes=5)
            add(still, org, "milestone", cohort_id=cohort, title="soon", due_at=due)
        elif fact != "nothing":
            status = "draft" if fact == "a review of a draft" else "published"
            mission = add(still, org, "mission", track_id=track, title="m", status=status)
            begun = now - timedelta(days=7) + timedelta(minutes=7)
            add(
                still, org, "mission_attempt", mission_id=mission, student_id=ann[0], state="submitted",
                started_at=begun, submitted_at=begun,
            )  # fmt: skip
        page, summary = fresh_until(still, cohort)
        assert page - now == timedelta(minutes=minutes)
        assert summary - now == timedelta(minutes=15)


def test_fresh_until_midnight_in_the_organization(still: Connection) -> None:
    with still.transaction(force_rollback=True):
        # A zone in which it is ten to midnight; its sign is POSIX's.
        left = 24 * 60 - 10 - (datetime.now(UTC).hour * 60 + datetime.now(UTC).minute)
        hours, minutes = divmod(left, 60)
        still.execute(f"update school.organization set time_zone = 'X-{hours}:{minutes:02}'".encode())
        now, midnight, cohort = still.execute(
            "select now(), k.midnight, c.id from school.cohort as c, board.clock(c.org_id) as k "
            "where c.name = 'fall'"
        ).fetchone() or (None, None, None)
        assert now and midnight and cohort
        assert now < midnight <= now + timedelta(minutes=11)
        assert fresh_until(still, cohort) == (midnight, midnight)


def test_past_its_time_it_is_computed_anew(faculty: Faculty) -> None:
    org = faculty.org
    with faculty.database.connect() as db:
        for table in ("board.dashboard_cache", "board.director_cohort_dashboard"):
            db.execute(f"update {table} set fresh_until = now() where document is not null".encode())
        assert {look[2:] for look in looks(db, org)} == {(False, False)}
        read_all(db, org)
        assert {look[2:] for look in looks(db, org)} == {(True, False)}


def test_a_restored_database_computes_anew(faculty: Faculty) -> None:
    org = faculty.org
    with faculty.database.connect() as db:
        for table in ("board.dashboard_cache", "board.director_cohort_dashboard"):
            db.execute(
                f"update {table} set computed_in = '999999999:999999999:' where document is not null".encode()
            )
        assert {look[2] for look in looks(db, org)} == {False}


# --- The price of a read


@pytest.mark.long
def test_a_read_touches_as_many_pages_of_two_thousand_cohorts_as_of_ten(faculty: Faculty) -> None:
    org, names = faculty.org, faculty.names
    with faculty.database.connect() as db:
        # Dora has ten, dirk two thousand, in twenty tracks.
        db.execute(
            "with t as (insert into school.track (org_id, program_id, name, director_id) "
            "select %(org)s, %(program)s, 'track', case when n <= 20 then %(dirk)s else %(dora)s end "
            "from generate_series(1, 21) as n returning id, director_id) "
            "insert into school.cohort (org_id, track_id, name, starts_on, ends_on, status, seats_paid) "
            "select %(org)s, t.id, 'cohort', current_date, current_date, 'active', 10 from t, "
            "generate_series(1, case when t.director_id = %(dirk)s then 100 else 8 end)",
            {**names, "org": org},
        )
        settle(db, org)
        db.execute("update board.dashboard_cache set seen_at = now()")
        db.execute("update board.director_cohort_dashboard set seen_at = now()")
        db.execute("vacuum analyze board.dashboard_cache, board.director_cohort_dashboard")
        db.execute("vacuum analyze board.dashboard_update_queue")
        counts = {}
        for name in ("dora", "dirk"):
            query = (
                "explain (analyze, buffers, format json) "
                "select (board.current_dashboard(%s, 'director', %s)).version"
            )
            for _ in range(8):  # what the first ones of a session look up in the catalogs is no part of it
                row = db.execute(query.encode(), (org, names[name])).fetchone()
            assert row
            plan = row[0][0]["Plan"]
            counts[name] = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
            said = db.execute(
                "select (document ->> 'active_cohorts_count')::integer from board.dashboard_cache "
                "where person_id = %s",
                (names[name],),
            ).fetchone()
            assert said == ((10,) if name == "dora" else (2001,))
        assert abs(counts["dora"] - counts["dirk"]) <= 2, counts
        assert counts["dirk"] < 40
