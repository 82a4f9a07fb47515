"""What was restored or copied begins a new epoch: old cursors answer reset, new events flow."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest

from db.apply import migrate
from db.embedded import bundled_bin
from tests.support import feed, school
from tests.support.feed import Connection, value
from tests.support.servers import DEBIAN_BIN, Cluster, Database

SEND = "select feed.send_to_group(%s, 'role:student', %s, '{}')"


def flows(database: Database, org: int, old: str, student: str) -> None:
    """Writers come first, then readers with cursors of before; then everything is as ever."""
    with database.connect() as db, database.connect("homeroom_api") as api:
        db.execute(SEND, (org, "unseen"))
        assert feed.read(api, old)["reset"] is True
        answer = feed.replay(api, student, old)
        assert (answer["reset"], answer["events"]) == (True, [])
        since = feed.cursor(api)
        assert since.split(".")[0] != old.split(".")[0]
        assert feed.replay(api, student, None)["cursor"] == since == feed.cursor(api)
        db.execute(SEND, (org, "new"))
        assert feed.kinds(api, since) == ["new"]
        assert [event["kind"] for event in feed.replay(api, student, since)["events"]] == ["new"]
        assert value(db, "select count(*) from feed.event where kind <> 'new'") == 0


def begin(db: Connection, api: Connection) -> tuple[int, str, list[str]]:
    """Write some events, in transactions far ahead of a new cluster's; return cursors of all along."""
    for _ in range(50):
        db.execute("select pg_current_xact_id()")
    org = school.make_org(db)
    student = feed.claims(org, school.make_person(db, org, "student"), "student")
    cursors = [feed.cursor(api)]
    for number in range(3):
        db.execute(SEND, (org, f"n{number}"))
        cursors.append(feed.cursor(api))
    return org, student, cursors


def run_program(database: Database, name: str, *arguments: str) -> None:
    """Run a program of the server's version."""
    folder = bundled_bin() if database.version == 18 else DEBIAN_BIN
    subprocess.run([str(folder / name), *arguments], check=True, capture_output=True)


def restore(database: Database, dump: Path, target: Database) -> None:
    """pg_dump and pg_restore, as an operator does."""
    run_program(database, "pg_dump", "-Fc", "-f", str(dump), database.url())
    run_program(database, "pg_restore", "-d", target.url(), str(dump))


@pytest.mark.parametrize("is_migrated", [False, True])
def test_a_dump_restored_in_the_same_cluster(
    cluster: Cluster, database: Database, tmp_path: Path, is_migrated: bool
) -> None:
    with database.connect() as db, database.connect("homeroom_api") as api:
        org, student, cursors = begin(db, api)
        with cluster.database("template0") as other:
            restore(database, tmp_path / "dump", other)
            if is_migrated:
                migrate(other.url())
            else:
                flows(other, org, cursors[0], student)
            with other.connect("homeroom_api") as reader:
                assert [feed.read(reader, old)["reset"] for old in cursors] == [True] * 4
                assert [feed.replay(reader, student, old)["events"] for old in cursors] == [[]] * 4
                since = feed.cursor(reader)
                with other.connect() as writer:
                    writer.execute(SEND, (org, "newer"))
                assert feed.kinds(reader, since) == ["newer"]
        # Where it came from nothing has changed.
        assert feed.kinds(api, cursors[0]) == ["n0", "n1", "n2"]


def test_a_dump_restored_over_the_database_itself(database: Database, tmp_path: Path) -> None:
    with database.connect() as db, database.connect("homeroom_api") as api:
        org, student, cursors = begin(db, api)
        run_program(database, "pg_dump", "-Fc", "-f", str(tmp_path / "dump"), database.url())
        schemas = db.execute(
            "select string_agg(nspname, ', ') from pg_namespace where nspowner = 'homeroom_owner'::regrole"
        ).fetchone()
        assert schemas
        db.execute(f"drop schema {schemas[0]} cascade".encode())
        run_program(database, "pg_restore", "-d", database.url(), str(tmp_path / "dump"))
    flows(database, org, cursors[0], student)


def test_a_dump_restored_in_another_cluster(database: Database, tmp_path: Path) -> None:
    with database.connect() as db, database.connect("homeroom_api") as api:
        org, student, cursors = begin(db, api)
    with Cluster(database.version) as elsewhere:
        assert elsewhere.template  # brings the roles
        with elsewhere.database("template0") as other:
            restore(database, tmp_path / "dump", other)
            flows(other, org, cursors[-1], student)


def test_a_copied_database(cluster: Cluster, database: Database) -> None:
    with database.connect() as db, database.connect("homeroom_api") as api:
        org, student, cursors = begin(db, api)
    with cluster.database(database.name) as other:
        flows(other, org, cursors[0], student)


def test_a_restart_and_what_rewrites_the_table_change_nothing(database: Database) -> None:
    with database.connect() as db, database.connect("homeroom_api") as api:
        _, student, cursors = begin(db, api)
        db.execute("vacuum (full, freeze) feed.epoch")
        db.execute("vacuum (full, freeze) feed.event")
        db.execute("reindex table feed.event")
        assert migrate(database.url()).changed is False
        assert feed.kinds(api, cursors[0]) == ["n0", "n1", "n2"]
        assert feed.replay(api, student, cursors[1])["reset"] is False


def test_an_epoch_that_begins_in_a_savepoint_is_one(database: Database) -> None:
    with database.connect() as db, database.connect("homeroom_api", autocommit=False) as api:
        former = feed.cursor(db)
        db.execute("update feed.epoch set made_in = '0'")
        with api.transaction():
            api.execute("select pg_current_xact_id()")
            api.execute("savepoint s")
            begun = feed.cursor(api)
        api.commit()
        assert feed.cursor(api) == begun != former


def test_of_those_who_notice_at_once_one_begins_it(database: Database) -> None:
    with database.connect() as db:
        db.execute("update feed.epoch set made_in = '0'")
        found: list[str] = []

        def ask() -> None:
            with database.connect("homeroom_api") as api:
                barrier.wait()
                found.append(feed.cursor(api))

        barrier = threading.Barrier(8)
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8 and len(set(found)) == 1


def test_dashboards_of_another_epoch_are_computed_anew(database: Database) -> None:
    with database.connect() as db, database.connect("homeroom_api") as api:
        org = school.make_org(db)
        student, teacher = (school.make_person(db, org, role) for role in ("student", "teacher"))
        feed.cursor(api)
        db.execute("select board.current_student_dashboard(%s, %s)", (org, student))
        db.execute("select board.current_dashboard(%s, 'teacher', %s)", (org, teacher))
        fresh = (
            "select (select board.is_fresh(c) from board.student_dashboard_cache as c), "
            "(select board.is_current(c) from board.dashboard_cache as c)"
        )
        feed.cursor(api)
        assert db.execute(fresh).fetchone() == (True, True)
        db.execute("update feed.epoch set made_in = '3'")
        feed.cursor(api)
        assert db.execute(fresh).fetchone() == (False, False)
