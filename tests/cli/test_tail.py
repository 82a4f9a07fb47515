"""`homeroom tail` as an operator runs it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any
from uuid import UUID

import pytest

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
    assert list(first) == ["type", "event_id", "org", "data"], "as a stream's messages call it"
    assert (first["type"], first["org"]) == ("note", org)
    assert first["event_id"] > 0
    assert numbers(homeroom(database, *since, "--org", str(other)).stdout) == [2]
    ada_hears = homeroom(database, *since, "--as", str(ada))
    assert numbers(ada_hears.stdout) == [0, 3]
    assert "as student" in ada_hears.stderr
    unclear = homeroom(database, *since, "--as", str(zoe))
    assert unclear.returncode == 1
    assert "parent, student" in unclear.stderr
    assert numbers(homeroom(database, *since, "--as", str(zoe), "--role", "parent").stdout) == [2]
    lost = homeroom(database, "tail", "--once", "--cursor", "0123456789ab.3:3:")
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


def test_ctrl_c_ends_it_without_a_word(database: Database) -> None:
    with database.connect() as db:
        org = school.make_org(db)
        ada = school.make_person(db, org, "student")
        command = [sys.executable, "-m", "api.cli", "tail", "--cursor", cursor_of(db)]
        with subprocess.Popen(
            command,
            env=environment(DATABASE_URL=database.url()),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as tail:
            assert tail.stdout is not None
            db.execute(SEND, (org, ada, 1))
            assert numbers(tail.stdout.readline()) == [1]
            tail.send_signal(signal.SIGINT)
            said = tail.communicate(timeout=20)
    assert (tail.returncode, *said) == (0, "", "")


@pytest.mark.parametrize("cursor", ["bad", "", "0123456789ab.3:3"])
def test_what_is_no_cursor_is_bad_usage(database: Database, cursor: str) -> None:
    result = homeroom(database, "tail", "--once", "--cursor", cursor)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Invalid value for '--cursor': this is no cursor" in result.stderr


def test_whom_there_is_not_it_says(database: Database) -> None:
    with database.connect() as db:
        org = school.make_org(db)
        ada = school.make_person(db, org, "student", "parent", name="Ada")
        gone = school.make_person(db, org, "student", name="Gone")
        db.execute("update school.person set is_active = false where id = %s", (gone,))
    nobody, nowhere = str(UUID(int=1)), str(org + 98)
    for arguments, message in [
        (("--as", nobody), "nobody has this id"),
        (("--as", nobody, "--role", "student"), "nobody has this id"),
        (("--as", nobody, "--org", str(org)), f"nobody has this id in organization {org}"),
        (
            ("--as", str(ada), "--role", "teacher"),
            "Ada does not hold the role teacher; holds: parent, student",
        ),
        (("--as", str(gone)), "Gone is not active"),
        (("--org", nowhere), f"there is no organization {nowhere}"),
        (("--org", nowhere, "--role", "student"), f"there is no organization {nowhere}"),
        (("--org", nowhere, "--as", str(ada)), f"there is no organization {nowhere}"),
        (("--org", str(org), "--role", "tutor"), "no active person holds the role tutor there"),
    ]:
        result = homeroom(database, "tail", "--once", *arguments)
        assert (result.returncode, result.stdout, result.stderr) == (1, "", f"Error: {message}\n"), arguments
