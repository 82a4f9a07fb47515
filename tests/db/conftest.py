"""Fixtures of the tests that look into the database."""

from collections.abc import Iterator

import pytest

from tests.support import school
from tests.support.dashboards import Connection, Rich, noon_zone, rich_school
from tests.support.desk import Desk
from tests.support.feed import World, value
from tests.support.seed import seed
from tests.support.servers import Cluster, Database


@pytest.fixture
def rich(cluster: Cluster) -> Iterator[Rich]:
    """A rich school in a database of this test alone."""
    with cluster.prepared(rich_school) as (database, (org, names)):
        yield Rich(database, org, dict(names))


@pytest.fixture
def db(database: Database) -> Iterator[Connection]:
    """A superuser's session, in an epoch that has begun."""
    with database.connect() as connection:
        value(connection, "select feed.current_epoch()")
        yield connection


@pytest.fixture
def api(database: Database) -> Iterator[Connection]:
    """A session of the API's login."""
    with database.connect("homeroom_api") as connection:
        yield connection


@pytest.fixture
def world(db: Connection) -> World:
    """People of several roles, and what they have to do with each other."""
    return World(db)


@pytest.fixture(scope="module")
def synthetic(cluster: Cluster, template: str) -> Iterator[Database]:
    """A synthetic school that tests only look at."""
    with cluster.database(template) as database:
        seed(database)
        yield database


@pytest.fixture(scope="module")
def session(cluster: Cluster, template: str) -> Iterator[Connection]:
    """A session in a database without facts: each test takes back what it wrote."""
    with cluster.database(template) as database, database.connect() as db:
        yield db


@pytest.fixture
def desk(session: Connection) -> Iterator[Desk]:
    """A desk that is gone after its test."""
    db = session
    with db.transaction(force_rollback=True):
        org = school.make_org(db, time_zone=noon_zone())
        now = db.execute("select now()").fetchone()
        assert now
        yield Desk(db, org, school.make_person(db, org, "student", name="ann"), now[0])
