"""Kept answers while much is written: none is older than the lease, and most requests are answered by one."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from api.cache import Cache
from api.cli.run import DEMO
from api.database import Database as Api
from api.database import Function
from db.seed import seed_schools
from tests.api.caching import cache_in, caching_app, reader_in, stop_reader
from tests.api.process import PATIENCE, Server, served
from tests.api.support import bearer, serving, token
from tests.support.freshness import (
    AWARD,
    Client,
    Ledger,
    Line,
    Writer,
    make_students,
    read_apart,
    request,
)
from tests.support.servers import Database

READ = Api.read
LEASE = 0.25
WATCHED = 3.0
"""Seconds for which nothing is found, where there is nothing to find."""
STUDENTS = 200
READS = 100_000
FACTS = 160, 40
"""A second: at once, and by transactions that are open for a while."""
CACHING = {"CACHE_ENABLED": "true", "RATE_LIMIT_ENABLED": "false", "REQUEST_LOG": "false"}


def port(client: httpx.Client) -> int:
    found = client.base_url.port
    assert found is not None
    return found


def lasting(person: Any, org: int, role: str = "student") -> str:
    """A token that outlives the test."""
    return token(person, org, role, exp=int(time.time()) + 3600)


class Written:
    """Students who are awarded points all the time, until the block ends."""

    def __init__(self, database: Database, count: int, facts: tuple[float, float] = FACTS) -> None:
        with database.connect() as db:
            self.org, self.students = make_students(db, count)
        self.tokens = [lasting(student, self.org) for student in self.students]
        self.ledger = Ledger(count)
        half = count // 2
        self._writers = [
            Writer(database.url(), self.org, self.students, self.ledger, range(half), facts[0]),
            Writer(database.url(), self.org, self.students, self.ledger, range(half, count), facts[1], 0.04),
        ]

    def __enter__(self) -> Written:
        for writer in self._writers:
            writer.start()
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers:
            writer.end()

    @property
    def rate(self) -> float:
        """Facts a second."""
        return self.ledger.commits / max(writer.seconds for writer in self._writers)


@pytest.mark.long
def test_no_answer_lacks_what_was_committed_a_lease_before(database: Database, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "other", "reads")]
    for folder in folders:
        folder.mkdir()
    with (
        served(database, folders[0], **CACHING) as one,
        served(database, folders[1], **CACHING) as other,
    ):
        began = time.monotonic()
        with Written(database, STUDENTS) as written:
            reads = read_apart([port(one.client), port(other.client)], written.tokens, READS, folders[2])
        seconds = time.monotonic() - began
        counts = [cache_of(server) for server in (one, other)]
    print(
        f"{len(reads.sent)} reads in {seconds:.0f} s, {reads.unchanged} of them 304; "
        f"{written.ledger.commits} facts, {written.rate:.0f} a second; caches: {counts}"
    )
    assert len(reads.sent) == READS
    assert written.ledger.commits > READS / 100, "there was something to miss; 200 a second, if there is room"
    assert reads.stale(written.ledger, LEASE) == []
    assert reads.invented(written.ledger) == 0
    assert sum(map(bool, written.ledger.at)) > 0.9 * STUDENTS, "nearly everybody's dashboard changed"
    assert reads.unchanged > 0
    for count in counts:
        assert min(count[name] for name in ("hits", "misses", "purged", "stored")) > 0, count


def cache_of(server: Server) -> dict[str, float]:
    """What /metrics says of this process' cache since it began. It says it of others as well."""
    lines = server.client.get("/metrics").text.splitlines()
    found: dict[str, float] = {}
    own = f":{server.process.pid}:"
    for line in lines:
        if line.startswith("homeroom_cache_events_total{") and own in line:
            found[line.split('event="')[1].split('"')[0]] = float(line.split()[-1])
    return found


# --- The hit rate


PAGES = {
    "student": "/api/v1/student/dashboard",
    "parent": "/api/v1/parent/dashboard",
    "teacher": "/api/v1/teacher/dashboard",
    "tutor": "/api/v1/tutor/dashboard",
    "director": "/api/v1/director/dashboard/summary",
    "admin": "/api/v1/director/dashboard/summary",
}
ACTIVE = {"student": 120, "parent": 40}
"""So many look at the same time; of the other roles all do."""
PEOPLE = """
select distinct on (r.role, r.person_id) r.role, r.person_id, r.org_id
from school.person_role as r
join school.person as p on p.org_id = r.org_id and p.id = r.person_id
where p.is_active
order by r.role, r.person_id
"""
ACTION = "/api/v1/student/dashboard/action"
LOAD = 40_000
READS_PER_WRITE = 300
"""At a thousand reads a second some three writes, half of them actions through the API."""
GRADE = """
update school.submission as s set grade = 50 + (s.grade + 7) %% 50
where (s.org_id, s.id) = (
    select o.org_id, o.id from school.submission as o
    where o.org_id = %(org)s and o.student_id = %(student)s and o.grade is not null
    limit 1
)
"""


@pytest.mark.long
def test_most_requests_of_the_demos_people_are_answered_from_memory(
    database: Database, tmp_path: Path
) -> None:
    for name, size in DEMO.items():
        seed_schools(database.url(), [name], size)
    dice = random.Random(3)
    with database.connect() as db:
        everybody = db.execute(PEOPLE).fetchall()
        people = [
            person
            for role in PAGES
            for person in [each for each in everybody if each[0] == role][: ACTIVE.get(role)]
        ]
        assert {role for role, *_ in people} == set(PAGES)
        tokens = [lasting(person, org, role) for role, person, org in people]
        students = [number for number, person in enumerate(people) if person[0] == "student"]
        folders = [tmp_path / name for name in ("one", "other")]
        for folder in folders:
            folder.mkdir()
        with (
            served(database, folders[0], **CACHING) as one,
            served(database, folders[1], **CACHING) as other,
        ):
            lines = [Line(port(server.client)) for server in (one, other) * 8]
            for number in range(LOAD // len(lines)):
                for turn, line in enumerate(lines):
                    if (number * len(lines) + turn) % READS_PER_WRITE == 0:
                        write(db, (one, other)[number % 2], people, tokens, dice.choice(students), number)
                    who = dice.randrange(len(people))
                    line.send(request(PAGES[people[who][0]], tokens[who]))
                for line in lines:
                    status, head, _ = line.receive()
                    assert status == 200, head
            for line in lines:
                line.close()
            counts = [cache_of(server) for server in (one, other)]
    hits, misses = (sum(count[name] for count in counts) for name in ("hits", "misses"))
    print(f"{len(people)} people, hits {hits / (hits + misses):.3f}; caches: {counts}")
    assert hits + misses == LOAD // len(lines) * len(lines)
    assert hits >= 0.95 * (hits + misses)


def write(
    db: psycopg.Connection[Any],
    server: Server,
    people: list[tuple[str, Any, int]],
    tokens: list[str],
    student: int,
    number: int,
) -> None:
    """What now and then happens in a school."""
    _, person, org = people[student]
    match number % 4:
        case 0:
            db.execute(AWARD, (org, person, 5))
        case 1:
            db.execute(GRADE.encode(), {"org": org, "student": person})
        case _:
            body = {"action": "goal_created", "title": f"Goal {number}"}
            answer = server.client.post(ACTION, headers=bearer(tokens[student]), json=body)
            assert answer.status_code == 202, answer.text


# --- That the above can fail


def deaf(cache: Cache, tags: object) -> int:
    """Hears what to purge, and does not."""
    return 0


async def read_slowly(database: Api, function: Function, *arguments: str | None) -> tuple[bytes, ...]:
    """Has an answer wait between its reading and its keeping: changes come into that, again and again."""
    row: tuple[bytes, ...] = await READ(database, function, *arguments)
    await asyncio.sleep(0.02)
    return row


@pytest.mark.parametrize("defect", ["none", "nothing is purged", "the lease is endless", "races are kept"])
def test_a_cache_with_a_defect_is_found_out(
    database: Database, monkeypatch: pytest.MonkeyPatch, defect: str
) -> None:
    others: dict[str, Any] = {}
    monkeypatch.setattr(Api, "read", read_slowly)
    match defect:
        case "nothing is purged":
            monkeypatch.setattr(Cache, "purge", deaf)
        case "the lease is endless":
            others["cache_lease_seconds"] = 1e9
        case "races are kept":
            monkeypatch.setattr(Cache, "_was_purged", lambda *_: False)
    app = caching_app(database, **others)
    with serving(app) as http, Written(database, STUDENTS) as written:
        client = Client([port(http)], written.tokens, 8, seed=1)
        began = time.monotonic()
        while (seconds := time.monotonic() - began) < (WATCHED if defect == "none" else PATIENCE):
            if seconds > 0.5 and defect == "the lease is endless" and reader_in(app).connected:
                stop_reader(app)
            for _ in range(50):
                client.round()
            if client.reads.stale(written.ledger, LEASE):
                break
        client.close()
    found = len(client.reads.stale(written.ledger, LEASE))
    assert (found > 0) == (defect != "none"), f"{found} of {len(client.reads.sent)}"
    assert cache_in(app).counts["hits"] > 0
