"""`homeroom migrate`: once, again, twice at once, killed, edited, back, and without a superuser."""

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from db import apply, patience, tree
from tests.support.catalog import schema_of
from tests.support.servers import Cluster, Database


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[Database]:
    """A database that has never been migrated."""
    with cluster.database("template1") as database:
        yield database


@pytest.fixture
def own_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the tree's migrations and code, for tests that edit them."""
    here = tmp_path / "db"
    shutil.copytree(tree.HERE, here, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(tree, "HERE", here)
    for name in ("MIGRATIONS", "MANIFEST", "ROLES", "RESET"):
        monkeypatch.setattr(tree, name, here / getattr(tree, name).name)
    tree.release_digest.cache_clear()
    yield here
    monkeypatch.undo()
    tree.release_digest.cache_clear()


def test_a_second_run_changes_nothing(database: Database) -> None:
    before = schema_of(database)
    outcome = apply.migrate(database.url())
    assert (outcome.migrations, outcome.changed) == ([], False)
    assert schema_of(database) == before
    assert apply.pending(database.url()) == []


def test_check_and_dry_run_change_nothing(empty: Database) -> None:
    expected = [*(f"migration {m.name}" for m in tree.migrations()), "code of another release"]
    assert apply.pending(empty.url()) == expected
    assert apply.dry_run(empty.url()) == expected
    with empty.connect() as db:
        schemas = db.execute(
            "select count(*) from pg_namespace where nspowner = to_regrole('homeroom_owner')"
        )
        assert schemas.fetchone() == (0,)


@pytest.mark.long
def test_step_by_step_and_there_and_back_end_like_a_fresh_install(
    empty: Database, database: Database
) -> None:
    names = [m.name for m in tree.migrations()]
    apply.migrate(empty.url())
    fresh = schema_of(database)
    for steps in range(1, len(names) + 1):
        assert apply.rollback(empty.url(), steps).migrations == names[: -steps - 1 : -1]
        assert apply.pending(empty.url())[:-1] == [f"migration {name}" for name in names[-steps:]]
        apply.migrate(empty.url())
        assert schema_of(empty) == fresh


def test_rolled_back_to_nothing_leaves_no_room(empty: Database) -> None:
    apply.migrate(empty.url())
    apply.rollback(empty.url(), len(tree.migrations()))
    with empty.connect() as db:
        rooms = db.execute("select nspname from pg_namespace where nspowner = to_regrole('homeroom_owner')")
        assert rooms.fetchall() == [("_yoyo",)]


def test_more_steps_than_applied_undo_nothing(database: Database) -> None:
    before = schema_of(database)
    steps = len(tree.migrations()) + 1
    with pytest.raises(
        apply.MigrateError, match=f"{steps - 1} migrations are applied: {steps} cannot be undone"
    ):
        apply.rollback(database.url(), steps)
    assert schema_of(database) == before


def test_another_encoding_is_refused_before_anything_happens(cluster: Cluster) -> None:
    with cluster.database("template1") as odd, cluster.database("template1") as other:
        with other.connect() as db:
            db.execute(f"drop database {odd.name}")
            db.execute(f"create database {odd.name} encoding 'SQL_ASCII' locale 'C' template template0")
        for call in (apply.migrate, apply.pending, apply.dry_run):
            with pytest.raises(
                apply.MigrateError, match=r"is SQL_ASCII; .* UTF8\.\n.* encoding 'UTF8' template"
            ):
                call(odd.url())
        with odd.connect() as db:
            assert db.execute("select count(*) from pg_namespace where nspname = 'ops'").fetchone() == (0,)


def test_two_at_once_are_safe(empty: Database, database: Database) -> None:
    said: list[str] = []
    outcomes: list[apply.Outcome] = []
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        outcomes.append(apply.migrate(empty.url(), say=said.append))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(outcome.migrations) for outcome in outcomes) == [0, 0, 0, len(tree.migrations())]
    assert any(line.startswith("another migration is running (login postgres, process ") for line in said)
    assert schema_of(empty) == schema_of(database)


@pytest.mark.long
@pytest.mark.parametrize("moment", ["migration 0001", "migration 0003", "migration 0006", "code"])
def test_a_killed_run_is_recovered_by_the_next(empty: Database, database: Database, moment: str) -> None:
    script = (
        "import sys; from db import apply\n"
        "apply.migrate(sys.argv[1], say=lambda line: (print(line, flush=True), sys.stdin.readline()))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, empty.url()],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout
    with process:
        while not process.stdout.readline().startswith(moment):
            process.stdin.write("\n")
            process.stdin.flush()
        process.stdin.write("\n")  # and killed while at it
        process.stdin.flush()
        time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    apply.migrate(empty.url())
    assert schema_of(empty) == schema_of(database)


def test_a_lock_row_that_a_killed_run_left_is_broken(empty: Database) -> None:
    apply.migrate(empty.url())
    apply.rollback(empty.url(), 1)
    with empty.connect() as db:
        db.execute("insert into _yoyo.yoyo_lock (locked, ctime, pid) values (1, now(), 1)")
    assert len(apply.migrate(empty.url()).migrations) == 1


def test_an_edited_migration_is_refused(database: Database, own_tree: Path) -> None:
    edited = own_tree / "migrations" / "0003_courses.sql"
    edited.write_text(edited.read_text() + "-- changed my mind\n")
    for call in (apply.migrate, apply.pending, apply.dry_run, apply.rollback):
        with pytest.raises(apply.MigrateError, match="0003_courses was edited"):
            call(database.url())


def test_a_newer_database_is_refused(database: Database, own_tree: Path) -> None:
    for path in own_tree.glob("migrations/0007*"):
        path.unlink()
    with pytest.raises(apply.MigrateError, match="does not know"):
        apply.migrate(database.url())


def test_a_migration_in_the_middle_is_refused(database: Database, own_tree: Path) -> None:
    for suffix in (".sql", ".rollback.sql"):
        late = own_tree / "migrations" / f"0004_a_late_idea{suffix}"
        late.write_text("-- depends: 0003_courses\nselect 1;\n")
    with pytest.raises(apply.MigrateError, match="comes before"):
        apply.migrate(database.url())


def test_a_release_that_fails_leaves_the_one_before(database: Database, own_tree: Path) -> None:
    before = schema_of(database)
    average = own_tree / "functions" / "board" / "average.sql"
    average.write_text(average.read_text().replace("round(total", "rounded(total"))
    with pytest.raises(apply.MigrateError, match=r"functions/board/average\.sql.*rounded"):
        apply.migrate(database.url())
    assert schema_of(database) == before


def test_a_release_that_breaks_a_rule_is_taken_back(database: Database, own_tree: Path) -> None:
    before = schema_of(database)
    policies = own_tree / "policies" / "school.person.sql"
    policies.write_text(policies.read_text() + "\ngrant select on school.person to public;\n")
    with pytest.raises(apply.MigrateError, match=r"table open to public.*: school\.person"):
        apply.migrate(database.url())
    assert schema_of(database) == before


def test_what_left_the_tree_leaves_the_database(database: Database) -> None:
    before = schema_of(database)
    with database.connect() as db:
        db.execute(
            "create policy leftover on school.person for select to homeroom_student using (true);"
            "create trigger leftover before truncate on school.guardian execute function ops.refuse('no');"
            "grant select on school.guardian to homeroom_mentor;"
            "grant update (name) on school.person to homeroom_student;"
            "grant execute on function auth.admit(bigint, uuid, text) to homeroom_student;"
            "create or replace function board.average(total numeric, n bigint) returns numeric "
            "language sql return 1;"
        )
    assert schema_of(database) != before
    apply.migrate(database.url())
    assert schema_of(database) == before


def test_a_function_that_is_not_in_the_tree_is_named(database: Database) -> None:
    with database.connect() as db:
        db.execute("create function school.stray() returns integer language sql return 1")
        db.execute("alter function school.stray() owner to homeroom_owner")
        db.execute(
            "comment on function school.stray() is 'x'; revoke all on function school.stray() from public"
        )
    with pytest.raises(apply.MigrateError, match=r"drop it by name in a migration\): school\.stray"):
        apply.migrate(database.url())


def test_a_login_that_is_no_superuser_migrates(cluster: Cluster, database: Database) -> None:
    """As on a managed service: a server new to Homeroom, a CREATEROLE login, a database of its own."""
    with Cluster(cluster.version) as fresh:
        empty = Database(fresh.server, fresh.version, "school")
        with psycopg.connect(fresh.server.url("postgres"), autocommit=True) as db:
            db.execute("create role operator login createrole")
            db.execute("create database school owner operator")
        outcome = apply.migrate(empty.url("operator"))
        assert outcome.migrations == [m.name for m in tree.migrations()]
        assert apply.migrate(empty.url("operator")).changed is False
        assert apply.pending(empty.url("operator")) == []
        assert schema_of(empty) == schema_of(database)


@pytest.mark.parametrize("step", [apply.migrate, apply.rollback])
def test_busy_tables_delay_the_release_and_nothing_else(
    database: Database, step: Callable[..., apply.Outcome]
) -> None:
    delayed(database, step, "select * from school.person")


def test_busy_tables_delay_a_migration(database: Database) -> None:
    """Who came first goes on, and those who come after are not kept waiting behind a release that waits."""
    apply.rollback(database.url())
    said = delayed(database, apply.migrate, "lock table school.person in row exclusive mode")
    assert said[0] == f"migration {tree.migrations()[-1].name}" and "busy" in said[1]
    assert apply.pending(database.url()) == []


def delayed(database: Database, step: Callable[..., apply.Outcome], other: str) -> list[str]:
    """Run a step beside a transaction that does this, until it has given way; what it said."""
    said: list[str] = []
    with database.connect(autocommit=False) as db:
        db.execute(other.encode())
        run = threading.Thread(target=lambda: step(database.url(), say=said.append))
        run.start()
        while not any("busy" in line for line in said):
            assert run.is_alive()
            time.sleep(0.05)
        db.rollback()
        run.join(60)
    assert not run.is_alive()
    return said


@pytest.mark.parametrize("name", ["migrate", "dry_run"])
def test_tables_that_stay_busy_end_the_release_with_advice(
    database: Database, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(patience, "ATTEMPTS", 1)
    with database.connect(autocommit=False) as reader:
        reader.execute("select * from school.person")
        with pytest.raises(apply.MigrateError, match=r"busy[^\n]*\n.*pg_stat_activity"):
            getattr(apply, name)(database.url())
    assert apply.pending(database.url()) == []


TABLES = """
select c.oid::regclass::text from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace and n.nspowner = to_regrole('homeroom_owner')
where n.nspname <> '_yoyo' and c.relkind in ('r', 'p') and not c.relispartition
order by c.oid
"""
VIEWS = """
select c.oid::regclass::text from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace and n.nspname = 'analytics'
where c.relkind = 'v'
order by c.oid
"""
TAKEN = """
select min(l.relation)::regclass::text from pg_locks as l
where l.mode = 'AccessExclusiveLock' and l.granted and l.relation::regclass::text = any (%s)
    and l.database = (select d.oid from pg_database as d where d.datname = current_database())
"""


@pytest.mark.parametrize("place", [-1, 0.5])
def test_who_writes_in_another_order_is_not_ended(database: Database, place: float) -> None:
    """A writer has one of the last tables, and asks for one that the release has taken by then."""
    with database.connect() as db, database.connect(autocommit=False) as writer:
        tables = [name for (name,) in db.execute(TABLES)]
        own = tables[-1 if place < 0 else int(len(tables) * place)]
        run = threading.Thread(target=apply.migrate, args=(database.url(),))
        writer.execute(f"lock table {own} in row exclusive mode".encode())  # as an insert does
        run.start()
        while not (taken := db.execute(TAKEN, (tables,)).fetchone()) or not taken[0]:
            assert run.is_alive()
            time.sleep(0.005)
        writer.execute(f"lock table {taken[0]} in row exclusive mode".encode())
        assert taken[0] != own
        writer.commit()
        run.join(60)
        assert not run.is_alive()
        found = "select deadlocks from pg_stat_database where datname = current_database()"
        assert db.execute(found).fetchone() == (0,), "and the release was not, either"


def test_who_reads_a_view_is_not_ended(database: Database) -> None:
    """An analyst has the view, and asks for a table that the release has taken by then."""
    with database.connect() as db, database.connect() as reader:
        tables = [name for (name,) in db.execute(TABLES)]
        views = [name for (name,) in db.execute(VIEWS)]
        run = threading.Thread(target=apply.migrate, args=(database.url(),))
        run.start()
        while not (taken := db.execute(TAKEN, (tables,)).fetchone()) or not taken[0]:
            assert run.is_alive()
            time.sleep(0.005)
        reader.execute(f"select from {views[-1]} limit 0".encode())
        run.join(60)
        assert not run.is_alive()
        found = "select deadlocks from pg_stat_database where datname = current_database()"
        assert db.execute(found).fetchone() == (0,)


def test_a_function_planted_in_public_is_neither_called_nor_possible_again(database: Database) -> None:
    """As in a database made before 15, where everybody may create in public: it waits for an operator."""
    with database.connect() as db:
        db.execute("grant create on schema public to public; create table public.caught (who name)")
        db.execute("grant insert on public.caught to public")
        db.execute("grant create, usage on schema public to homeroom_analyst; set role homeroom_analyst")
        db.execute(
            "create function public.format(text, name, text) returns text language plpgsql as $$ begin "
            "insert into public.caught values (current_user); return pg_catalog.format($1, $2, $3); end $$"
        )
    apply.migrate(database.url())
    with database.connect() as db:
        assert db.execute("select * from public.caught").fetchall() == []
        assert db.execute("select has_schema_privilege('public', 'public', 'create')").fetchone() == (False,)
