"""After an hour of changes, every number that a director reads is what plain SQL counts from the facts."""

import threading
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support import cohort_life, school
from tests.support.servers import Cluster, Database

Session = psycopg.Connection[Any]

# A change a second would be an hour: by three sessions that meet all the time, in a school of 60.
SESSIONS, CHANGES = 3, 1200
# What a session may end in: it met another, or a key that was there, or what was deleted meanwhile.
HARMLESS = {"40P01", "23505", "23503", "23502"}


@pytest.fixture(scope="module")
def life(cluster: Cluster) -> Any:
    """A synthetic school of four directors after an hour, and the sum of what happened."""
    with cluster.database(cluster.template) as database, database.connect() as db:
        row = db.execute("select ops.seed_school('Life', 60, current_date)").fetchone()
        assert row
        org = row[0]
        for _ in range(3):
            school.make_person(db, org, "director")
        _more_cohorts(db, org)
        cohort_life.prepare(db)
        _live(database, org)
        yield database, org


def _more_cohorts(db: Session, org: int) -> None:
    """Small cohorts besides those of the synthetic school: of each track three."""
    db.execute(
        "insert into school.cohort (org_id, track_id, name, starts_on, ends_on, status, seats_paid) "
        "select t.org_id, t.id, 'Extra ' || n, current_date - 30, current_date + 60, 'active', 6 "
        "from school.track as t, generate_series(1, 3) as n where t.org_id = %s",
        (org,),
    )


def _live(database: Database, org: int) -> None:
    """Let the hour pass, while a worker refreshes, a job folds and directors read."""
    errors: list[BaseException] = []
    over = threading.Event()

    def change(number: int) -> None:
        try:
            cohort_life.live(database.url(), org, CHANGES, number)
        except BaseException as error:
            errors.append(error)

    def attend() -> None:
        try:
            with database.connect() as db, database.connect("homeroom_api") as api:
                people = cohort_life.directors(db, org)
                turn = 0
                while not over.is_set():
                    turn += 1
                    db.execute("select board.drain_queue(50)")
                    db.execute("select board.fold(%s)", (org,))
                    cohort_life.asked(api, "director_summary", org, people[turn % len(people)], "director")
                    over.wait(0.05)
        except BaseException as error:
            errors.append(error)

    attendant = threading.Thread(target=attend)
    changers = [threading.Thread(target=change, args=(number,)) for number in range(SESSIONS)]
    for thread in (attendant, *changers):
        thread.start()
    for thread in changers:
        thread.join()
    over.set()
    attendant.join()
    if errors:
        raise errors[0]


def test_all_kinds_of_change_happened(life: tuple[Database, int]) -> None:
    database, _org = life
    with database.connect() as db:
        done, kinds = cohort_life.happened(db), cohort_life.kinds(db)
    assert kinds <= done.keys() <= kinds | HARMLESS
    assert sum(n for kind, n in done.items() if kind not in HARMLESS) > 0.9 * SESSIONS * CHANGES


def test_the_totals_are_exact(life: tuple[Database, int]) -> None:
    database, _org = life
    with database.connect() as db:
        assert (
            db.execute("select aggregate, drift from ops.verify() where drifting_rows > 0").fetchall() == []
        )


@pytest.mark.parametrize("who", ["admin", 0, 1, 2, 3])
def test_the_list_and_the_summary_are_what_the_facts_say(life: tuple[Database, int], who: Any) -> None:
    database, org = life
    with database.connect() as db, database.connect("homeroom_api") as api:
        person, role, director = _reader(db, org, who)
        expected = cohort_life.items(db, org, director)
        found = cohort_life.listed(api, org, person, role)
        assert {key: _part(found[key], item) for key, item in expected.items()} == expected
        assert found.keys() == expected.keys()
        numbers = cohort_life.summary(db, org, director)
        answer = cohort_life.asked(api, "director_summary", org, person, role)
        assert _part(answer, numbers) == numbers


def test_each_page_is_what_the_facts_say(life: tuple[Database, int]) -> None:
    database, org = life
    with database.connect() as db, database.connect("homeroom_api") as api:
        admin, role, _everything = _reader(db, org, "admin")
        heads, pages = cohort_life.items(db, org), cohort_life.pages(db, org)
        assert len(heads) > 8
        for cohort, head in heads.items():
            page = cohort_life.asked(api, "director_cohort", org, admin, role, UUID(cohort))
            assert _part(page["cohort"], head) == head
            assert _part(page, pages[cohort]) == _near(pages[cohort])


def _reader(db: Session, org: int, who: Any) -> tuple[UUID, str, UUID | None]:
    """Who reads, in which role, and whose cohorts those are (None: everybody's)."""
    if who == "admin":
        query = "select person_id from school.person_role where org_id = %s and role = 'admin' limit 1"
        row = db.execute(query, (org,)).fetchone()
        assert row
        return row[0], "admin", None
    person = cohort_life.directors(db, org)[who]
    return person, "director", person


def _near(document: Any, key: str = "") -> Any:
    """The same, where PostgreSQL interpolates in binary fractions to a hundredth."""
    if isinstance(document, dict):
        return {key: _near(value, key) for key, value in document.items()}
    if document is not None and ("median" in key or "quartile" in key):
        return pytest.approx(document, abs=0.011)
    return document


def _part(document: Any, like: Any) -> Any:
    """Of a document what another has as well."""
    if isinstance(like, dict):
        return {key: _part(document.get(key), value) for key, value in like.items()}
    return document
