"""docs/backup.md, run as it stands there: from one server into a new one, while others write."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from db.embedded import bundled_bin
from tests.api.live import value
from tests.api.process import until
from tests.api.student import Programs
from tests.api.support import School, hear_worker, is_ready, school_of
from tests.support import feed, school
from tests.support.cli import homeroom
from tests.support.pages import block, shell
from tests.support.servers import DEBIAN_BIN, Cluster, Database
from tests.support.streams import Sse, sse

HOMEROOM = "homeroom"


def programs(version: int) -> Path:
    """PostgreSQL's own programs of a version."""
    return bundled_bin() if version == 18 else DEBIAN_BIN


@contextmanager
def new_server(version: int, **options: Any) -> Iterator[Database]:
    """A server with an operator, who is no superuser, and no database of ours."""
    with Cluster(version, **options) as cluster:
        with psycopg.connect(cluster.server.url("postgres"), autocommit=True) as db:
            db.execute("create role operator login createrole createdb")
        yield Database(cluster.server, version, HOMEROOM)


def contents(db: psycopg.Connection[Any]) -> dict[str, Any]:
    """Of each table of ours how many rows it has, and a sum over what they say.

    Not of the feed's days: a restored feed begins anew.
    """
    tables = db.execute(
        "select c.oid::regclass::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace "
        "where n.nspowner = 'homeroom_owner'::regrole and c.relkind = 'r' "
        "and not (c.relispartition and n.nspname = 'feed') order by 1"
    ).fetchall()
    return {
        name: db.execute(
            f"select count(*), sum(pg_catalog.hashtextextended(t::text, 0))::text from {name} as t".encode()
        ).fetchone()
        for (name,) in tables
    }


@contextmanager
def writing(database: Database, people: Programs) -> Iterator[list[int]]:
    """Others write for as long as the block lasts: grades, events. Yields how much they did, each."""
    done = [0, 0]
    over = threading.Event()

    def write(number: int) -> None:
        with database.connect() as db:
            course = school.make_course(db, people.org)
            student = school.make_person(db, people.org, "student")
            school.enroll(db, people.org, student, course)
            while not over.is_set():
                quiz = school.make_quiz(db, people.org, course)
                school.attempt(db, people.org, quiz, student, done[number] % 100)
                db.execute("select feed.send_to_group(%s, 'role:student', 'note', '{}')", (people.org,))
                done[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        while not all(done):
            over.wait(0.01)
        yield done
    finally:
        over.set()
        for thread in threads:
            thread.join()


def reads(api: School) -> list[tuple[int, Any]]:
    """Dashboards of several people, without what tells the time."""
    found = []
    for path, person, role in (
        ("/api/v1/student/performance", api.ada, "student"),
        ("/api/v1/student/dashboard", api.ada, "student"),
        ("/api/v1/student/dashboard", api.ben, "student"),
        ("/api/v1/parent/dashboard", api.parent, "parent"),
        ("/api/v1/teacher/dashboard", api.teacher, "teacher"),
        ("/api/v1/tutor/dashboard", api.tutor, "tutor"),
    ):
        answer = api.get(path, person, role)
        found.append((answer.status_code, without_clock(answer.json())))
    return found


def without_clock(document: Any) -> Any:
    """A document without members that say when it was made, or by which numbering."""
    if isinstance(document, dict):
        return {
            name: without_clock(member)
            for name, member in document.items()
            if name
            not in (
                "computed_at",
                "generated_at",
                "version",
                "cache",
                "meta",
                "cursor",
                "as_of",
                "last_updated",
            )
        }
    return [without_clock(member) for member in document] if isinstance(document, list) else document


def test_a_backup_made_while_others_write_is_restored_whole(cluster: Cluster, tmp_path: Path) -> None:
    version = cluster.version
    with new_server(version) as source, new_server(version) as target:
        homeroom(source.url("operator"), "migrate").check_returncode()
        with source.connect() as db:
            people = Programs(db)
            for day in (datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC)):
                school.interact(db, people.org, people.ada, people.courses[0], occurred_at=day)
            analyst = school.make_person(db, people.org, "analyst")
            api = source.connect("homeroom_api")
            cursor = feed.cursor(api)
        homeroom(source.url("operator"), "analyst", "add", "ana", "--person", str(analyst)).check_returncode()

        with school_of(source, people) as before, api:
            expected = reads(before)
            assert {status for status, _ in expected} == {200}
            with writing(source, people) as done, source.connect(autocommit=False) as still:
                still.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                snapshot = still.execute("select pg_export_snapshot()").fetchone()
                assert snapshot is not None
                begun = sum(done)
                # The documented command, told of which moment.
                command = block("backup.md", "backup").replace(
                    "pg_dump ", f"pg_dump --snapshot={snapshot[0]} "
                )
                shell(command, tmp_path, programs(version), DATABASE_URL=source.url("operator"))
                assert sum(done) > begun, "they wrote meanwhile"
                then = contents(still)
                interactions = [n for name, (n, _) in then.items() if name.startswith("school.interaction")]
                assert sum(interactions) == 2, "one in a month, one in the rest"

        restore = block("backup.md", "restore")
        first, second, rest = restore.split("\n", 2)
        for_target = {"DATABASE_URL": target.url("operator")}
        shell(f"{first}\n{second}", tmp_path, programs(version), **for_target)
        with target.connect() as db:
            assert contents(db) == then, "every row of every table"
        shell(rest, tmp_path, programs(version), **for_target)

        status = homeroom(target.url("operator"), "status")
        assert status.returncode == 0, status.stdout
        with school_of(target, people) as after:
            assert reads(after) == expected
            hear_worker(target)
            until(lambda: is_ready(after.client))
            with sse(
                after.client.base_url,
                "/dashboard/stream",
                value(after, people.ada, "student"),
                Last_Event_ID=cursor,
            ) as stream:
                assert told_to_start_anew(stream)
        # SQL access is a role, which belongs to a server; it is made again under the name that is known.
        again = homeroom(target.url("operator"), "analyst", "add", "ana", "--person", str(analyst))
        assert again.returncode == 0, again.stderr
        with target.connect("ana") as db:
            assert db.execute("select count(*) from analytics.student_performance").fetchone() != (0,)


def told_to_start_anew(stream: Sse) -> bool:
    """Whether the stream says `reset` before anything else that happened."""
    while (message := stream.message()) is not None:
        if message["type"] == "reset":
            return True
        assert message["type"] == "snapshot", message
    return False


def test_another_role_dumps_nothing_unnoticed(cluster: Cluster, tmp_path: Path) -> None:
    """The control of the options: without them it fails, rather than leaving rows out."""
    with new_server(cluster.version) as source:
        homeroom(source.url("operator"), "migrate").check_returncode()
        for dropped in ("--enable-row-security ", "--role=homeroom_owner --enable-row-security "):
            command = block("backup.md", "backup")
            assert dropped in command
            with pytest.raises(AssertionError, match="row-level security"):
                shell(
                    command.replace(dropped, ""),
                    tmp_path,
                    programs(cluster.version),
                    DATABASE_URL=source.url("operator"),
                )


@pytest.mark.pg15
def test_pg_cron_is_left_out_and_its_schedule_made_anew(tmp_path: Path) -> None:
    jobs = "select jobname, username from cron.job"
    with (
        new_server(15, cron_database=HOMEROOM) as source,
        new_server(15, cron_database=HOMEROOM) as target,
    ):
        for database in (source, target):
            homeroom(database.url("operator"), "migrate", "--roles-only").check_returncode()
            with database.connect() as db:
                db.execute("create extension pg_cron; grant usage on schema cron to operator")
        homeroom(source.url("operator"), "migrate").check_returncode()
        with source.connect() as db:
            assert db.execute(jobs).fetchall() == [("homeroom jobs", "operator")]
        for name, database in (("backup", source), ("restore", target)):
            shell(block("backup.md", name), tmp_path, programs(15), DATABASE_URL=database.url("operator"))
        with target.connect() as db:
            assert db.execute(jobs).fetchall() == [("homeroom jobs", "operator")]
