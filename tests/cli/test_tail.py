"""`homeroom tail` as an operator runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.support import school
from tests.support.cli import environment, homeroom
from tests.support.servers import Database

SEND = "select feed.send_to_person(%s, %s, 'note', jsonb_build_object('n', %s::integer))"


def cursor_of(db: Any) -> str:
    return str(db.execute("select api.feed_cursor()").fetchone()[0])


def numbers(output: str) -> list[int]:
    return [json.loads(line)["data"]["n"] for line in output.splitlines()]


def test_it_shows_everything_or_what_one_person_hears(database: Database) -> None:
    with database.connect() as db:
        org, other = school.make_org(db), school.make_org(db)
        ada, ben = (school.make_person(db, org, "student") for _ in range(2))
        zoe = school.make_person(db, other, "student", "parent")
        start = cursor_of(db)
        for number, (where, person) in enumerate([(org, ada), (org, ben), (other, zoe), (org, ada)]):
            db.execute(SEND, (where, person, number))
    since = ("tail", "--once", "--cursor", start)
    everything = homeroom(database, *since)
    assert (everything.returncode, everything.stderr) == (0, "")
    assert numbers(everything.stdout) == [0, 1, 2, 3]
    first = json.loads(everything.stdout.splitlines()[0])
    assert set(first) == {"id", "org", "kind", "data"}
    assert (first["org"], first["kind"]) == (org, "note")
    assert numbers(homeroom(database, *since, "--org", str(other)).stdout) == [2]
    ada_hears = homeroom(database, *since, "--as", str(ada))
    assert numbers(ada_hears.stdout) == [0, 3]
    assert "as student" in ada_hears.stderr
    unclear = homeroom(database, *since, "--as", str(zoe))
    assert unclear.returncode == 1
    assert "parent, student" in unclear.stderr
    assert numbers(homeroom(database, *since, "--as", str(zoe), "--role", "parent").stdout) == [2]
    lost = homeroom(database, "tail", "--once", "--cursor", "old")
    assert (lost.returncode, lost.stdout) == (0, "")
    assert "begins now" in lost.stderr


def test_it_follows(database: Database) -> None:
    with database.connect() as db:
        org = school.make_org(db)
        ada = school.make_person(db, org, "student")
        command = [sys.executable, "-m", "api.cli", "tail", "--cursor", cursor_of(db)]
        with subprocess.Popen(
            command, env=environment(DATABASE_URL=database.url()), stdout=subprocess.PIPE, text=True
        ) as tail:
            assert tail.stdout is not None
            for number in range(3):
                db.execute(SEND, (org, ada, number))
                assert numbers(tail.stdout.readline()) == [number]
            tail.terminate()
