"""Writers that commit late and out of order, clients that come and go, servers killed: nothing is missing."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg

from api import auth
from api.settings import Settings
from db.embedded import Embedded
from tests.api.process import free_port
from tests.support import school

ROOT = Path(__file__).parents[2]
SECRET = "the key of a soak, used nowhere else"
LATE_SECONDS = 0.02
"""How long a writer waits before it commits, at most."""
PATIENCE = 60
PEOPLE = {"student": 12, "parent": 4, "teacher": 4, "tutor": 2, "admin": 1}


@dataclass
class Client:
    """One that follows a person's stream, by ever new connections."""

    claims: dict[str, Any]
    token: str
    cursor: str
    got: set[int] = field(default_factory=set)
    twice: int = 0
    resets: int = 0
    connections: int = 0


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    writers: int
    events: int
    clients: int
    api_kills: int
    database_kills: int


class Soak:
    """A school, an API process, writers and clients."""

    def __init__(self, server: Embedded, database: str, size: Size, seed: int = 1) -> None:
        """database: migrated. The school is made in it."""
        self.server = server
        self.size = size
        self.random = random.Random(seed)
        self.url = server.url(database)
        self.api_url = server.url(database, "homeroom_api")
        self.settings = Settings(jwt_secret=SECRET)
        self.written = 0
        self.over = threading.Event()
        self.enrolled: list[tuple[UUID, UUID]] = []
        self.people: list[dict[str, Any]] = []
        with psycopg.connect(self.url, autocommit=True) as db:
            self._make_school(db)
        self.port = free_port()
        self.api: subprocess.Popen[bytes] | None = None

    def run(self) -> list[Client]:
        """Write, follow, kill; wait until every client has what it is to have. Returns the clients."""
        self.start_api()
        try:
            with psycopg.connect(self.api_url, autocommit=True) as db:
                row = db.execute("select api.feed_cursor()").fetchone()
            assert row is not None
            clients = [self._client(number, row[0]) for number in range(self.size.clients)]
            following = threading.Thread(target=lambda: asyncio.run(self._follow(clients)))
            writers = [threading.Thread(target=self._write) for _ in range(self.size.writers)]
            for thread in (following, *writers):
                thread.start()
            try:
                self._kill()
                for writer in writers:
                    writer.join()
                self._wait(clients)
            finally:
                self.over.set()
                following.join()
            return clients
        finally:
            self.stop_api()

    def heard(self, client: Client) -> set[int]:
        """What SQL says that the client's person hears."""
        with psycopg.connect(self.api_url) as db:
            row = db.execute(
                "select api.feed_topics(%s) -> 'topics'", (json.dumps(client.claims),)
            ).fetchone()
        assert row is not None
        with psycopg.connect(self.url) as db:
            rows = db.execute(
                "select id from feed.event where org_id = %s and kind <> 'rights' and topics && %s::text[]",
                (self.org, row[0]),
            )
            return {id for (id,) in rows}

    # --- Parts

    def _make_school(self, db: Any) -> None:
        self.org = school.make_org(db)
        people = {
            role: [school.make_person(db, self.org, role) for _ in range(number)]
            for role, number in PEOPLE.items()
        }
        courses = [school.make_course(db, self.org, teacher=teacher) for teacher in people["teacher"]]
        for number, student in enumerate(people["student"]):
            for course in self.random.sample(courses, 2):
                school.enroll(db, self.org, student, course)
                self.enrolled.append((student, course))
            school.make_guardian(db, self.org, people["parent"][number % len(people["parent"])], student)
            school.make_tutor(db, self.org, people["tutor"][number % len(people["tutor"])], student)
        for role, ids in people.items():
            self.people += [{"sub": str(id), "org": self.org, "role": role} for id in ids]

    def _client(self, number: int, cursor: str) -> Client:
        claims = self.people[number % len(self.people)]
        return Client(claims, auth.sign(self.settings, claims, 3600), cursor)

    def _write(self) -> None:
        """Commit this writer's share, one transaction after the other, each after a while."""
        chance = random.Random(self.random.random())
        left = self.size.events // self.size.writers
        while left > 0:
            try:
                with psycopg.connect(self.url) as db:
                    while left > 0:
                        with db.transaction():
                            left -= self._fact(db, chance)
                            time.sleep(chance.random() * LATE_SECONDS)
            except psycopg.OperationalError:  # it was killed: whether that was committed, SQL knows
                time.sleep(0.1)

    def _fact(self, db: Any, chance: random.Random) -> int:
        """Write something; how many events that makes."""
        student, course = chance.choice(self.enrolled)
        self.written += 1
        match chance.randrange(4):
            case 0:
                db.execute(
                    "insert into school.notification (org_id, person_id, title) values (%s, %s, 'News')",
                    (self.org, student),
                )
            case 1:
                db.execute(
                    "select feed.send_to_group(%s, %s, 'custom', '{}')", (self.org, f"course:{course}")
                )
            case 2:
                db.execute("select feed.send_to_person(%s, %s, 'custom', '{}')", (self.org, student))
            case _:
                db.execute(
                    "with a as (insert into school.assignment (org_id, course_id, title, status) "
                    "values (%(org)s, %(course)s, 'Essay', 'published') returning id) "
                    "insert into school.submission "
                    "(org_id, assignment_id, course_id, student_id, submitted_at) "
                    "select %(org)s, id, %(course)s, %(student)s, now() from a",
                    {"org": self.org, "course": course, "student": student},
                )
                return 2
        return 1

    def _kill(self) -> None:
        """Kill what is to be killed, spread over the time of the writing; first the listening connection."""
        kills = ["api"] * self.size.api_kills + ["database"] * self.size.database_kills
        self.random.shuffle(kills)
        for number, kind in enumerate(["listening", *kills], 1):
            self._wait_until(
                lambda number=number: self.written * (len(kills) + 2) > number * self.size.events * 0.7
            )
            if kind == "api":
                self.stop_api()
                self.start_api()
            elif kind == "database":
                with psycopg.connect(self.url) as db:
                    row = db.execute("select pg_read_file('postmaster.pid')").fetchone()
                assert row is not None
                os.kill(int(row[0].split()[0]), signal.SIGKILL)
                self._wait_until(lambda: self.server.poll() is not None)
                self.server.start()
            else:
                with psycopg.connect(self.url, autocommit=True) as db:
                    db.execute(
                        "select pg_terminate_backend(pid) from pg_stat_activity "
                        "where application_name = 'homeroom feed' and datname = current_database()"
                    )

    def _wait(self, clients: list[Client]) -> None:
        for client in clients:
            heard = self.heard(client)
            try:
                self._wait_until(lambda client=client, heard=heard: client.got >= heard)
            except TimeoutError:
                told = f"misses {sorted(heard - client.got)[:9]}, {client.resets} resets, at {client.cursor}"
                raise AssertionError(f"{client.claims['role']} {told}") from None

    @staticmethod
    def _wait_until(condition: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError("a client misses something")
            time.sleep(0.02)

    async def _follow(self, clients: list[Client]) -> None:
        base = f"http://127.0.0.1:{self.port}"
        async with httpx.AsyncClient(base_url=base, timeout=PATIENCE, trust_env=False) as http:
            tasks = [asyncio.create_task(self._one(http, client)) for client in clients]
            while not self.over.is_set() and not any(task.done() for task in tasks):
                await asyncio.sleep(0.05)
            for task in tasks:
                task.cancel()
            for ended in await asyncio.gather(*tasks, return_exceptions=True):
                if not isinstance(ended, asyncio.CancelledError):
                    raise AssertionError("a client ended") from ended

    async def _one(self, http: httpx.AsyncClient, client: Client) -> None:
        """Connect, read for a while, leave, and so on."""
        chance = random.Random(client.token)
        while True:
            client.connections += 1
            headers = {"Authorization": f"Bearer {client.token}", "Last-Event-ID": client.cursor}
            try:
                async with http.stream("GET", "/dashboard/stream", headers=headers) as answer:
                    if answer.status_code == 503:
                        await asyncio.sleep(0.1)
                        continue
                    assert answer.status_code == 200, answer.status_code
                    async with asyncio.timeout(chance.uniform(0.02, 3)):
                        await self._read(client, answer)
            except (httpx.HTTPError, TimeoutError):
                await asyncio.sleep(chance.random() / 10)

    @staticmethod
    async def _read(client: Client, answer: httpx.Response) -> None:
        block: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                block[name] = value
                continue
            if "data" in block:
                said = json.loads(block["data"])
                if said["type"] == "reset":
                    client.resets += 1
                elif said["type"] != "metrics":
                    client.twice += said["event_id"] in client.got
                    client.got.add(said["event_id"])
            if "id" in block:
                client.cursor = block["id"]
            block = {}

    def start_api(self) -> None:
        """Start the API, and wait until it answers."""
        self.api = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "serve"],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": self.url,
                "API_DATABASE_URL": self.api_url,
                "JWT_SECRET": SECRET,
                "DASHBOARD_PORT": str(self.port),
                "LOG_LEVEL": "ERROR",
                "METRICS_SECONDS": "1",
                "STREAM_SLOW_SECONDS": "60",  # the clients share a process with the writers
            },
        )
        self._wait_until(self._answers)

    def _answers(self) -> bool:
        try:
            url = f"http://127.0.0.1:{self.port}/health/live"
            return httpx.get(url, trust_env=False, timeout=PATIENCE).is_success
        except httpx.HTTPError:
            return False

    def stop_api(self) -> None:
        """Kill the API."""
        assert self.api is not None
        self.api.kill()
        self.api.wait()
