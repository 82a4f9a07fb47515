"""Many clients at once, good, bad and slow: the good ones are served, and nothing is left behind."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from pathlib import Path

from api.settings import Settings
from tests.api.process import until
from tests.api.support import hear_worker, is_ready, sessions, token
from tests.attack.conftest import Besieged
from tests.attack.wire import request

OWN = "/api/v1/student/performance"
CLIENTS = 256
SECONDS = 3.0
PATIENCE = 60


def descriptors(siege: Besieged) -> int:
    """How many files and sockets the server has open."""
    return sum(1 for _ in Path(f"/proc/{siege.server.process.pid}/fd").iterdir())


def test_good_clients_are_served_among_bad_and_slow_ones(siege: Besieged) -> None:
    url = siege.client.base_url
    people = {
        "ada": (f"Authorization: Bearer {token(siege.ada, siege.org, 'student')}", siege.ada),
        "ben": (f"Authorization: Bearer {token(siege.ben, siege.org, 'student')}", siege.ben),
        "zoe": (
            f"Authorization: Bearer {token(siege.other_student, siege.other_org, 'student')}",
            siege.other_student,
        ),
    }
    wanted = {
        name: siege.client.get(OWN, headers={"Authorization": line.removeprefix("Authorization: ")}).json()
        for name, (line, _) in people.items()
    }
    # The pool is whole, and the feed's connection is there.
    until(lambda: len(sessions(siege.database)) == Settings().database_pool_size)
    hear_worker(siege.database)
    until(lambda: is_ready(siege.client))
    before = descriptors(siege)
    served = dict.fromkeys(people, 0)
    end = time.monotonic() + SECONDS

    async def good(name: str) -> None:
        line, _ = people[name]
        while not served[name] or time.monotonic() < end:
            reader, writer = await asyncio.open_connection(url.host, url.port)
            writer.write(request(OWN, line))
            answer = await asyncio.wait_for(reader.read(), PATIENCE)
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            assert json.loads(body) == wanted[name]
            served[name] += 1
            writer.close()

    async def bad(number: int) -> None:
        says = [
            b"\x00\xff" * 500,
            request(OWN, "Authorization: Bearer a.b.c"),
            request("/nowhere/" + "x" * 1000),
            request(OWN, people["ada"][0], method="DELETE"),
            b"POST /api/v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n{",
            request("/dashboard/stream", people["ben"][0]),
        ]
        while time.monotonic() < end:
            with suppress(OSError):
                _, writer = await asyncio.open_connection(url.host, url.port)
                writer.write(says[number % len(says)])
                await asyncio.sleep(0.02)
                writer.transport.abort()  # rude, too
                await asyncio.sleep(0.02)

    async def slow() -> None:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(url.host, url.port)
            for byte in request(OWN, people["ada"][0]):
                if time.monotonic() > end:
                    break
                writer.write(bytes([byte]))
                await asyncio.sleep(0.05)
            writer.transport.abort()

    async def flood() -> None:
        names = [*people]
        clients = [
            good(names[number % 3]) if number % 4 == 0 else slow() if number % 4 == 1 else bad(number)
            for number in range(CLIENTS)
        ]
        await asyncio.gather(*clients)

    asyncio.run(asyncio.wait_for(flood(), PATIENCE * 2))
    assert all(served.values()), served
    until(lambda: descriptors(siege) <= before + 2)
    # The pool has as many connections as ever, and each of them works.
    until(lambda: not sessions(siege.database, "active"))
    hear_worker(siege.database)
    until(lambda: is_ready(siege.client))
    for name, (line, _) in people.items():
        for _ in range(20):
            answer = siege.client.get(OWN, headers={"Authorization": line.removeprefix("Authorization: ")})
            assert answer.json() == wanted[name]
    assert not siege.complaints()
