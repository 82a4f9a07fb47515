"""Random changes from eight sessions at once, while deltas are folded and all is compared all the time."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.support import churn, school
from tests.support.recount import drift
from tests.support.servers import Database

OPERATIONS = 1000  # of each session
# In whose organization each session works: most of them meet in one, and no number may cross over.
WHO = (0, 0, 0, 0, 0, 0, 1, 1)


@contextmanager
def background(*tasks: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run the tasks beside the block, each until its event is set; raise what went wrong in one."""
    over = threading.Event()
    errors: list[BaseException] = []

    def run(task: Callable[[threading.Event], None]) -> None:
        try:
            task(over)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]


@pytest.mark.long
@pytest.mark.parametrize("killed", [False, True], ids=["folded", "the fold is killed"])
def test_no_drift_at_any_moment(database: Database, killed: bool) -> None:
    """Whoever compares kept numbers and facts in one snapshot finds no difference, mid-way as at the end."""
    dice = random.Random(3)
    folding: list[int] = []  # the backend that folds
    folded = kills = looks = 0
    found: list[Any] = []
    filled: set[str] = set()  # the aggregates that had rows when they were compared

    def fold(over: threading.Event) -> None:
        nonlocal folded
        while not over.is_set():
            try:
                with database.connect() as db:
                    folding[:] = [db.info.backend_pid]
                    while not over.wait(0.01):
                        for org in orgs:
                            row = db.execute("select board.fold(%s)", (org,)).fetchone()
                            folded += row[0] if row else 0
            except psycopg.OperationalError:
                assert killed, "nobody killed the session that folds"

    def kill(over: threading.Event) -> None:
        nonlocal kills
        with database.connect() as db:
            while not over.wait(dice.uniform(0.01, 0.1)):
                if folding:
                    db.execute("select pg_terminate_backend(%s)", (folding.pop(),))
                    kills += 1

    def compare(over: threading.Event) -> None:
        nonlocal looks
        with database.connect() as db:
            while not over.is_set():
                found.extend(db.execute("select * from ops.drift()").fetchall())
                found.extend(drift(db))
                filled.update(_filled(db))
                looks += 1

    with database.connect() as db:
        orgs = [school.make_org(db) for _ in range(2)]
        churn.prepare(db, orgs)
        tasks = [fold, compare, *([kill] if killed else [])]
        with background(*tasks), churn.churning(database.url(), [orgs[n] for n in WHO], OPERATIONS, killed):
            pass
        assert found == []
        assert drift(db) == [] and db.execute("select * from ops.drift()").fetchall() == []
        assert looks > 3 and folded > OPERATIONS and (kills > 5 or not killed)
        for org in orgs:
            db.execute("select board.fold(%s)", (org,))
        for deltas in ("work_delta", "cohort_delta"):
            assert db.execute(f"select count(*) from board.{deltas}".encode()).fetchone() == (0,)
        assert drift(db) == [] and db.execute("select * from ops.drift()").fetchall() == []
        _was_worth_it(db, filled)


def _filled(db: churn.Session) -> list[str]:
    kept = db.execute("select kept::text from ops.aggregate").fetchall()
    return [name for (name,) in kept if db.execute(f"select 1 from {name} limit 1".encode()).fetchone()]


def _was_worth_it(db: churn.Session, filled: set[str]) -> None:
    """Every kind of change happened, some transactions failed, and there was something to compare.

    Not at the end: the last changes may have been to delete every course.
    """
    done = churn.counts(db)
    assert min(done.values()) >= OPERATIONS // 50, done
    assert done["deadlock"] and done["rolled back"], done
    kept = {name for (name,) in db.execute("select kept::text from ops.aggregate")}
    assert len(kept) >= 3
    assert filled == kept


@pytest.mark.parametrize(
    "broken",
    [
        "alter table school.enrollment disable trigger tg_enrollment__performance_update",
        "alter table school.submission disable trigger tg_submission__performance_delete",
        "alter table school.person_role disable trigger tg_person_role__totals_delete",
    ],
)
def test_a_lost_trigger_is_noticed(database: Database, broken: str) -> None:
    with database.connect() as db:
        org = school.make_org(db)
        churn.prepare(db, [org])
        db.execute(broken.encode())
        for _ in range(10):  # by chance, a short run may leave every flag as it was
            with churn.churning(database.url(), [org], 300):
                pass
            if drift(db):
                break
        assert db.execute("select * from ops.drift()").fetchall() != []
        assert drift(db) != []


@pytest.mark.parametrize(
    "broken",
    [
        "alter table school.cohort_member disable trigger tg_cohort_member__cohorts_update",
        "alter table school.readiness_score disable trigger tg_readiness_score__cohorts_insert",
        "alter table school.payment disable trigger tg_payment__cohorts_update",
        "alter table school.cohort disable trigger tg_cohort__cohorts_update",
    ],
)
def test_a_lost_trigger_of_cohorts_is_noticed(database: Database, broken: str) -> None:
    with database.connect() as db:
        org = school.make_org(db)
        churn.prepare(db, [org])
        db.execute(broken.encode())
        for seed in range(20):  # a student who is counted later is counted anew: what was lost is found again
            with churn.churning(database.url(), [org], 100, seed):
                pass
            if _wrong(db):
                break
        assert {name[:13] for name in _wrong(db)} == {"board.cohort_"}


def _wrong(db: churn.Session) -> set[str]:
    return {name for (name,) in db.execute("select aggregate::text from ops.drift()")}
