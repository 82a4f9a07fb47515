"""What the live feed costs: from commit to client, and to thousands of clients.

    python -m bench.feed [--clients 1000,5000,10000] [--rounds 5]

Latency: one client, so many events a second; from before the commit to the client's socket.
Fan-out: one event to all clients of one API process, from before its commit until the last has it, against
raw asyncio Protocol sockets that write the same bytes when told to, in turns. Memory: what the process grew
by, per client.
Everything runs on an embedded server that is thrown away; a run takes a few minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any, ClassVar

import httpx
import psycopg
import uvloop

from api import app, auth
from api.settings import Settings, load
from bench.serving import BARE, serve
from bench.swarm import Swarm, open_files
from db.apply import ensure_database, migrate
from db.embedded import Embedded

MODULE = "bench.feed"
PATH = "/dashboard/stream"
SECRET = "the key of a benchmark, used nowhere else"
RATES = (100, 1000)
SECONDS = 5
WRITERS = 4
RATIO, KILOBYTES, MILLISECONDS = 1.5, 15, 50
SEND = """
select feed.send_to_group(
    %s, 'role:admin', 'bench', jsonb_build_object('number', %s::integer, 'text', %s::text)
)
"""
FLOOD = "select feed.send_to_person(%s, %s, 'bench', jsonb_build_object('text', repeat('y', 9000)))"
TEXT = "x" * 100


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", default="1000,5000,10000", help="how many clients [1000,5000,10000]")
    parser.add_argument("--rounds", type=int, default=5, help="events for each number of clients [5]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="homeroom-bench-") as home:
        Path(home).chmod(0o711)  # as root, PostgreSQL runs as another user and must get in
        with Embedded(Path(home) / "data") as server:
            settings, admin, other = prepare(server)
            header = bearer(settings, admin)
            with psycopg.connect(server.url(), autocommit=True) as db:
                for rate in RATES:
                    latency(settings, header, server.url(), admin["org"], rate)
                for clients in map(int, options.clients.split(",")):
                    fan_out(settings, header, other, db, clients, options.rounds)


def prepare(server: Embedded) -> tuple[Settings, dict[str, Any], dict[str, Any]]:
    """Fill the database; return the API's settings and the claims of two admins."""
    ensure_database(server.url())
    migrate(server.url())
    with psycopg.connect(server.url(), autocommit=True) as db:
        rows = db.execute(
            "with o as (insert into school.organization (name) values ('Bench') returning org_id), "
            "p as (insert into school.person (org_id, name) "
            "select org_id, name from o, unnest('{Ann,Bob}'::text[]) as name returning org_id, id) "
            "insert into school.person_role (org_id, person_id, role) select org_id, id, 'admin' from p "
            "returning org_id, person_id"
        ).fetchall()
    settings = Settings(
        api_database_url=server.url(user="homeroom_api"),
        jwt_secret=SECRET,
        **BARE,
        streams_per_person=100_000,
        stream_heartbeat_seconds=3600,
        metrics_seconds=3600,
        log_level="WARNING",
    )
    ann, bob = ({"sub": str(person), "org": org, "role": "admin"} for org, person in rows)
    return settings, ann, bob


# --- Latency


def latency(settings: Settings, header: str, url: str, org: int, rate: int) -> None:
    """Print how long it takes from commit to client at this rate."""
    total = rate * SECONDS
    began: dict[int, float] = {}

    def write(part: int) -> None:
        with psycopg.connect(url, autocommit=True) as db:
            start = time.monotonic()
            for number in range(part, total, WRITERS):
                time.sleep(max(0, start + number / rate - time.monotonic()))
                began[number] = time.monotonic()
                db.execute(SEND, (org, number, TEXT))

    with serve(MODULE, "api", settings.environment()) as api, Swarm(api.url + PATH, 1, header) as swarm:
        writers = [threading.Thread(target=write, args=(part,)) for part in range(WRITERS)]
        for writer in writers:
            writer.start()
        arrived = swarm.arrivals(total)
        for writer in writers:
            writer.join()
    took: list[float] = []
    text = b""
    for at, chunk in arrived:
        text += chunk
        while found := re.search(rb'"number": ?(\d+)[^\n]*\n\n', text):
            took.append(at - began[int(found[1])])
            text = text[found.end() :]
    assert len(took) == total, (len(took), total)
    cuts = quantiles(took, n=100)
    span = max(began.values()) - min(began.values())
    print(
        f"commit to client, {total / span:5,.0f} events/s: "
        f"p50 {1000 * cuts[49]:.1f} ms, p99 {1000 * cuts[98]:.1f} ms"
        + (f" (required: {MILLISECONDS})" if rate == RATES[0] else "")
    )


# --- Fan-out


def fan_out(
    settings: Settings, header: str, other: dict[str, Any], db: Any, clients: int, rounds: int
) -> None:
    """Print what one event to so many clients takes, and what each of them costs. other: who stalls."""
    org = other["org"]
    with serve(MODULE, "api", settings.environment()) as api:
        base, process = api.url, api.process
        with Swarm(base + PATH, 1, header) as swarm:  # whatever is loaded once is loaded now
            _time_event(swarm, db, org)
        before = resident(process.pid)
        with Swarm(base + PATH, clients, header) as swarm:
            memory = (resident(process.pid) - before) / clients
            _, written = _time_event(swarm, db, org)
            with beside(written, clients) as (raw_base, raw_swarm, bare_memory):
                ours, bare = [], []
                for _ in range(rounds):
                    ours.append(_time_event(swarm, db, org)[0])
                    bare.append(_time_raw(raw_swarm, raw_base))
        with Swarm(base + PATH, clients, header, stalled=bearer(settings, other)) as swarm:
            flood(db, org, other["sub"], base)
            stalled = [_time_event(swarm, db, org)[0] for _ in range(rounds)]
    ratio = median(ours) / median(bare)
    print(f"\none event of {len(written)} bytes to {clients:,} clients: milliseconds until the last has it")
    bare_kilobytes = f"{bare_memory / 1024:5.1f} KB per client"
    print(f"raw asyncio sockets  {1000 * median(bare):7.1f}  1.00               {bare_kilobytes}")
    print(
        f"homeroom             {1000 * median(ours):7.1f}  {ratio:.2f} "
        f"(at most {RATIO})  {memory / 1024:5.1f} KB per client (at most {KILOBYTES})"
    )
    print(f"beside a stalled one {1000 * median(stalled):7.1f}  {median(stalled) / median(bare):.2f}")


@contextmanager
def beside(written: bytes, clients: int) -> Iterator[tuple[str, Swarm, float]]:
    """Raw sockets that write these bytes, so many clients of theirs, and the memory that each takes."""
    with serve(MODULE, "raw", {"BENCH_BODY": written.hex()}) as raw, Swarm(raw.url + PATH, 1):
        before = resident(raw.process.pid)
        with Swarm(raw.url + PATH, clients) as swarm:
            yield raw.url, swarm, (resident(raw.process.pid) - before) / clients


def _time_event(swarm: Swarm, db: Any, org: int) -> tuple[float, bytes]:
    """How long until the last client has a new event, and what was written."""
    swarm.expect()
    began = time.monotonic()
    db.execute(SEND, (org, 0, TEXT))
    at, got = swarm.last()
    return at - began, got


def _time_raw(swarm: Swarm, base: str) -> float:
    swarm.expect()
    host, port = base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as teller:
        began = time.monotonic()
        teller.sendall(b"FIRE\r\n\r\n")
        at, _ = swarm.last()
    return at - began


def flood(db: Any, org: int, person: str, base: str) -> None:
    """Send a person who does not read so much that it is noticed."""
    while True:
        for _ in range(40):
            db.execute(FLOOD, (org, person))
        if re.search(
            r'cuts_total\{[^}]*reason="behind"\} [1-9]', httpx.get(f"{base}/metrics", trust_env=False).text
        ):
            return


def bearer(settings: Settings, claims: dict[str, Any]) -> str:
    """The line of a request that carries a token."""
    return f"Authorization: Bearer {auth.sign(settings, claims, 36000)}\r\n"


# --- Servers


class Raw(asyncio.Protocol):
    """The least that a server of streams can be."""

    everybody: ClassVar[set[asyncio.Transport]] = set()
    body = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"FIRE"):
            for one in self.everybody:
                one.write(self.body)
            return
        self.transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            b"d\r\nretry: 2000\n\n\r\n"
        )
        self.everybody.add(self.transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.everybody.discard(self.transport)


def run_server(name: str) -> None:
    """What `--serve` does: be the API, or the sockets that it is measured against."""
    open_files(20_000)
    settings = load(os.environ)
    if name == "api":
        app.run(settings)
        return

    async def forever() -> None:
        Raw.body = bytes.fromhex(os.environ["BENCH_BODY"])
        server = await asyncio.get_running_loop().create_server(
            Raw, "127.0.0.1", settings.dashboard_port, backlog=2048
        )
        await server.serve_forever()

    uvloop.run(forever())


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        run_server(sys.argv[2])
    else:
        main()
