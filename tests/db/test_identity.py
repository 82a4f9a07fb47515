"""Who is asking: what a SQL login may not become, whatever it sets, and what a token may not claim.

Each denial stands beside a privileged proof that there was something to see.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support import school
from tests.support.servers import Cluster, Database


@dataclass
class World:
    """Two organizations with a student each, and an analyst's login for the first."""

    database: Database
    home: int
    other: int
    student: UUID
    stranger: UUID
    admin: UUID
    analyst: UUID
    login: str


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    """A world of one test."""
    with _world(database) as world:
        yield world


@pytest.fixture(scope="module")
def fortress(cluster: Cluster, template: str) -> Iterator[World]:
    """A world that withstands all that is tried in it."""
    with cluster.database(template) as database, _world(database) as world:
        yield world


@contextmanager
def _world(database: Database) -> Iterator[World]:
    with database.connect() as db:
        home, other = school.make_org(db), school.make_org(db)
        student, stranger = school.make_person(db, home, "student"), school.make_person(db, other, "student")
        admin, analyst = school.make_person(db, home, "admin"), school.make_person(db, home, "analyst")
        school.make_person(db, other, "admin")
        login = f"analyst_{database.name}"
        db.execute(f"create role {login} login in role homeroom_analyst")
        db.execute("insert into auth.db_login values (%s, %s, %s, 'analyst')", (login, home, analyst))
        yield World(database, home, other, student, stranger, admin, analyst, login)
    with database.connect() as db:
        db.execute(
            "select pg_terminate_backend(pid, 1000) from pg_stat_activity where usename = %s", (login,)
        )
        db.execute(f"drop role {login}")


FORGERIES = [
    """set request.jwt.claims = '{"sub": "%(admin)s", "org": %(other)s, "role": "admin"}'""",
    """set session request.jwt.claims to '{"sub": "%(stranger)s", "org": %(other)s, "role": "student"}'""",
    "set request.jwt.claim.org = '%(other)s'",
    "set homeroom.org_id = '%(other)s'",
    'select set_config(\'request.jwt.claims\', \'{"org": %(other)s, "role": "service"}\', false)',
    "set search_path = pg_temp, school, auth",
    "set application_name = 'homeroom_api'",
    "set row_security = off",
    "set role homeroom_analyst",
    "set session characteristics as transaction read write",
]

FORBIDDEN = [
    "set role homeroom_admin",
    "set role homeroom_service",
    "set role homeroom_owner",
    "set role homeroom_api",
    "set role postgres",
    "select set_config('role', 'homeroom_admin', false)",
    "set session authorization homeroom_api",
    "set session authorization postgres",
    "set local session authorization default; set session_replication_role = replica",
    "insert into auth.db_login values ('postgres', %(other)s, '%(stranger)s', 'admin')",
    "update auth.db_login set org_id = %(other)s",
    "select * from auth.db_login",
    "create function auth.claims() returns jsonb language sql return '{}'::jsonb",
    "create or replace function auth.org_id() returns bigint language sql return %(other)s",
    "create schema mine",
    "create temporary table person (org_id bigint)",
    "alter table school.person disable row level security",
    "create policy mine on school.person using (true)",
    "update school.person set org_id = %(home)s",
    "delete from school.person",
    "truncate school.person",
    'select api.admin_student_performance(\'{"org": %(other)s, "role": "admin"}\')',
    'select auth.enter(\'{"org": %(other)s, "role": "admin", "sub": "%(admin)s"}\', \'admin\')',
    "select auth.admit(%(other)s, '%(stranger)s', 'student')",
    "select * from auth.suitable_people('admin')",
    "select ops.seed_school('x', 2, current_date)",
    "select board.add_performance('{}')",
    "select board.add_performances('{}')",
    "copy school.person to '/tmp/person'",
    "copy (select 1) to program 'id'",
]


def _orgs(session: psycopg.Connection[Any]) -> set[int]:
    return {org for (org,) in session.execute("select org_id from school.person").fetchall()}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_no_setting_moves_an_analyst(fortress: World, forgery: str) -> None:
    with fortress.database.connect() as db:
        assert _orgs(db) == {fortress.home, fortress.other}
    with fortress.database.connect(fortress.login) as session:
        assert _orgs(session) == {fortress.home}
        try:
            session.execute(forgery % vars(fortress))
            seen = _orgs(session)
        except psycopg.errors.InsufficientPrivilege:
            seen = {fortress.home}  # row_security = off: refused rather than answered
        assert seen == {fortress.home}
        session.execute("reset row_security")
        assert session.execute(
            "select auth.org_id(), auth.person_id(), auth.has_role('admin')"
        ).fetchone() == (
            fortress.home,
            fortress.analyst,
            False,
        )


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_what_an_analyst_may_not_do(fortress: World, statement: str) -> None:
    with fortress.database.connect(fortress.login) as session:
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue)):
            session.execute(statement % vars(fortress))
        session.execute("rollback")
        assert _orgs(session) == {fortress.home}


def test_an_analyst_ends_with_the_role_and_with_the_person(world: World) -> None:
    with world.database.connect() as db, world.database.connect(world.login) as session:
        assert _orgs(session) == {world.home}
        db.execute("update school.person set is_active = false where id = %s", (world.analyst,))
        assert _orgs(session) == set()
        db.execute("update school.person set is_active = true where id = %s", (world.analyst,))
        assert _orgs(session) == {world.home}
        db.execute("delete from school.person_role where person_id = %s", (world.analyst,))
        assert _orgs(session) == set()


def test_a_login_without_a_person_sees_nothing(world: World) -> None:
    with world.database.connect() as db:
        db.execute("delete from auth.db_login")
    with world.database.connect(world.login) as session:
        session.execute("select set_config('request.jwt.claims', %s, false)", (f'{{"org": {world.home}}}',))
        assert _orgs(session) == set()


def test_the_api_login_alone_sees_nothing(fortress: World) -> None:
    with fortress.database.connect("homeroom_api") as session:
        for table in ("school.person", "board.student_performance", "auth.db_login", "ops.release"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(f"select * from {table}")


def test_entering_lasts_one_transaction(fortress: World) -> None:
    claims = {"sub": str(fortress.admin), "org": fortress.home, "role": "admin"}
    with fortress.database.connect("homeroom_api") as session:
        with session.transaction():
            session.execute("select auth.enter(%s, 'admin')", (Jsonb(claims),))
            assert _orgs(session) == {fortress.home}
        assert session.execute("select current_user, auth.org_id()").fetchone() == ("homeroom_api", None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"role": "student"}, "HR403"),
        ({"role": "owner"}, "HR403"),
        ({"role": "admin; drop table school.person"}, "HR403"),
        ({"role": None}, "HR403"),
        ({"org": "other"}, "HR401"),
        ({"sub": "stranger"}, "HR401"),
        ({"sub": "student"}, "HR403"),
        ({"org": None}, "HR401"),
        ({"sub": None}, "HR401"),
    ],
)
def test_the_database_decides_who_enters(
    fortress: World, change: dict[str, str | None], code: str | None
) -> None:
    claims: dict[str, object] = {"sub": str(fortress.admin), "org": fortress.home, "role": "admin"}
    for name, value in change.items():
        claims[name] = str(getattr(fortress, value)) if value and name != "role" else value
    with fortress.database.connect("homeroom_api") as session:
        if code is None:
            session.execute("select auth.enter(%s, 'admin')", (Jsonb(claims),))
            return
        with pytest.raises(psycopg.Error) as refused:
            session.execute("select auth.enter(%s, 'admin')", (Jsonb(claims),))
        assert refused.value.sqlstate == code


def test_who_comes_by_sql_begins_no_session(world: World) -> None:
    """It would be good by HTTP, without a token, and for longer than the login is."""
    begin = "select auth.begin_session(repeat('ab', 32), %s, null)"
    soon = time.time() + 60
    with world.database.connect(world.login) as session:
        for statement in ("select 1", *FORGERIES):
            with suppress(psycopg.errors.InsufficientPrivilege):
                session.execute(statement % vars(world))
            with pytest.raises(psycopg.Error) as refused:
                session.execute(begin, (soon,))
            assert refused.value.sqlstate in ("HR401", "42501")
    with world.database.connect() as db:
        assert db.execute("select count(*) from auth.session").fetchone() == (0,)


@pytest.mark.parametrize("expires", ["9e12", "1e300", "infinity", "nan"])
def test_no_session_is_for_ever(world: World, expires: str) -> None:
    claims = {"sub": str(world.analyst), "org": world.home, "role": "analyst"}
    with world.database.connect("homeroom_api") as session, world.database.connect() as db:
        row = session.execute(
            "select api.session_begin(%s, repeat('ab', 32), %s::double precision, null) ->> 'expires_at'",
            (Jsonb(claims), expires),
        ).fetchone()
        assert row
        told = db.execute(
            "select expires_at - created_at, abs(extract(epoch from expires_at - %s::timestamptz)) < 1 "
            "from auth.session",
            row,
        ).fetchone()
        assert told is not None and told[0].days in (399, 400) and told[1]


def test_sessions_that_begin_at_once_are_counted_together(world: World) -> None:
    claims = Jsonb({"sub": str(world.analyst), "org": world.home, "role": "analyst"})
    begin = "select api.session_begin(%s, encode(sha256(%s::text::bytea), 'hex'), 9e12, null)"
    api = world.database.connect
    with world.database.connect() as db, api("homeroom_api") as one, api("homeroom_api") as other:
        for number in range(19):
            one.execute(begin, (claims, number))
        other.execute("set lock_timeout = '50ms'")
        with one.transaction():
            one.execute(begin, (claims, 19))
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute(begin, (claims, 20))
        other.execute(begin, (claims, 20))
        assert db.execute("select count(*) from auth.session").fetchone() == (20,)


def test_a_parent_sees_own_children_by_set_role(world: World) -> None:
    with world.database.connect() as db:
        parent = school.make_person(db, world.home, "parent")
        child = school.make_person(db, world.home, "student")
        course = school.make_course(db, world.home)
        for student in (child, world.student):
            school.enroll(db, world.home, student, course)
            school.submit(db, world.home, school.make_assignment(db, world.home, course), student, 90)
        school.make_guardian(db, world.home, parent, child)
        assert db.execute("select count(*) from board.student_performance").fetchone() == (2,)

        db.execute("set session authorization homeroom_api; set role homeroom_parent")
        claims = {"sub": str(parent), "org": world.home, "role": "parent"}
        db.execute("select set_config('request.jwt.claims', %s, false)", (json.dumps(claims),))
        for table in (
            "board.student_performance",
            "board.student_course_performance",
            "school.submission",
            "school.enrollment",
        ):
            assert db.execute(f"select distinct student_id from {table}").fetchall() == [(child,)]
        assert {row[0] for row in db.execute("select id from school.person")} == {parent, child}
