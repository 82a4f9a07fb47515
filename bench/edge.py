"""What stands around the answers, under load: what each part costs, many people at once, stops, freshness.

    python -m bench.edge [parts] [people] [stop] [fresh] [--seconds 60] [--rounds 5]

parts   GET /api/v1/student/dashboard from the response cache, with one thing more at a time, against bare
        uvicorn that sends the same bytes with the least of headers; alternating rounds, medians.
people  --tokens (1,000) people by --connections (256), each request somebody else's, for --seconds: errors,
        memory all along, hits, and the rate against bare uvicorn with the same load.
stop    SIGTERM under load, --stops times: requests that went out on open connections and got no answer.
fresh   --reads (1,000,000) of two processes while 200 facts a second are written: answers that lack what was
        committed a lease before they were asked for. Exits 1 if there are any.

Without a name all four run. wrk makes the load (the last two have readers of their own). Everything runs on
an embedded server that is thrown away.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psycopg

from api import auth
from api.settings import Settings
from bench.cache import CONNECTIONS, LIMITS, PATH
from bench.cache import MODULE as SERVERS
from bench.request import SECRET, cpu_seconds, load_with, prepare
from bench.serving import Server, serve
from db.apply import ensure_database, migrate
from db.embedded import Embedded
from tests.support.freshness import Ledger, Line, Writer, make_students, read_apart, request

LEASE = 0.25
FACTS = 160, 40
STUDENTS = 200
PARTS = ("parts", "people", "stop", "fresh")
CACHED = {
    "LOG_LEVEL": "WARNING",
    "REQUEST_LOG": "false",
    "CACHE_ENABLED": "true",
    "RATE_LIMIT_ENABLED": "false",
}
PLAIN = CACHED | {"SECURITY_HEADERS_ENABLED": "false", "COMPRESSION_ENABLED": "false"}
LUA = """
local tokens, number = {}, 0
function setup(thread) thread:set("seed", %d) end
function init(args)
  math.randomseed(seed)
  for line in io.lines("%s") do tokens[#tokens + 1] = line end
end
function request()
  return wrk.format("GET", nil, {Authorization = "Bearer " .. tokens[math.random(#tokens)]})
end
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", help=f"of {', '.join(PARTS)} [all]")
    parser.add_argument("--seconds", type=int, default=60, help="of the load of many people [60]")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each part, of 2 s [5]")
    parser.add_argument("--tokens", type=int, default=1000, help="people [1000]")
    parser.add_argument("--connections", type=int, default=256, help="of theirs [256]")
    parser.add_argument("--stops", type=int, default=10, help="servers that are stopped [10]")
    parser.add_argument("--reads", type=int, default=1_000_000, help="that are held against the facts")
    options = parser.parse_args()
    chosen = options.what or PARTS
    if set(chosen) - set(PARTS):
        parser.error(f"one of {', '.join(PARTS)}")
    failed = False
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="homeroom-bench-") as home:
            Path(home).chmod(0o711)  # as root, PostgreSQL runs as another user and must get in
            with Embedded(Path(home) / "data") as server:
                match name:
                    case "parts":
                        parts(server, options.rounds)
                    case "people":
                        failed |= people(server, Path(home), options)
                    case "stop":
                        failed |= stop(server, options.stops, options.connections)
                    case "fresh":
                        failed |= fresh(server, Path(home), options.reads)
    sys.exit(failed)


# --- What each part costs


def parts(server: Embedded, rounds: int) -> None:
    """One thing more at a time."""
    settings, student = prepare(server)
    token = {"Authorization": f"Bearer {auth.sign(settings, student, 3600)}"}
    least = settings.environment() | PLAIN
    limited = {"RATE_LIMIT_ENABLED": "true", "RATE_LIMITS": LIMITS}
    logged = {"LOG_LEVEL": "INFO", "REQUEST_LOG": "true"}
    zipping = {"COMPRESSION_ENABLED": "true"}
    environments = {
        "least": least,
        "limited": least | limited,
        "secured": least | {"SECURITY_HEADERS_ENABLED": "true"},
        "cors": least | {"CORS_ORIGINS": "https://app.example"},
        "zipping": least | zipping,
        "logged": least | logged,
        "all": least | limited | zipping | logged | {"SECURITY_HEADERS_ENABLED": "true"},
        "uncached": least | {"CACHE_ENABLED": "false"},
    }
    with Running(environments) as api:
        first = httpx.get(api["least"].url + PATH, headers=token, trust_env=False).raise_for_status()
        body, etag = first.content, first.headers["etag"]
        unchanged = token | {"If-None-Match": etag}
        zipped = token | {"Accept-Encoding": "gzip"}
        with serve(SERVERS, "bare", {"BENCH_BODY": body.decode()}) as bare:
            sides: dict[str, tuple[Server, str, dict[str, str]]] = {
                "bare uvicorn": (bare, PATH, token),
                "least: token, lease, request id": (api["least"], PATH, token),
                "+ rate limit": (api["limited"], PATH, token),
                "+ security headers": (api["secured"], PATH, token),
                "+ CORS": (api["cors"], PATH, token | {"Origin": "https://app.example"}),
                "+ gzip": (api["zipping"], PATH, zipped),
                "+ request log": (api["logged"], PATH, token),
                "+ all of them": (api["all"], PATH, zipped),
                "least, 304": (api["least"], PATH, unchanged),
                "+ all of them, 304": (api["all"], PATH, unchanged),
                "least, 401": (api["least"], PATH, {}),
                "least, not kept": (api["uncached"], PATH, token),
            }
            rates: dict[str, list[float]] = {name: [] for name in sides}
            cpu: dict[str, list[float]] = {name: [] for name in sides}
            for _ in range(rounds):
                for name, (side, path, headers) in sides.items():
                    before = cpu_seconds([side.process.pid])
                    rates[name].append(rate_of(side.url + path, headers, refused=name.endswith("401")))
                    cpu[name].append(1e6 * (cpu_seconds([side.process.pid]) - before) / (2 * rates[name][-1]))
    print(f"\nGET {PATH}, {len(body)} bytes; wrk, {CONNECTIONS} connections")
    base = median(rates["bare uvicorn"])
    for name, measured in rates.items():
        ratios = sorted(rate / own for rate, own in zip(measured, rates["bare uvicorn"], strict=True))
        print(
            f"{name:<34}{median(measured):9,.0f} requests/s  {median(measured) / base:.2f}"
            f"  rounds {ratios[0]:.2f}-{ratios[-1]:.2f}, CPU {min(cpu[name]):4.0f} us"
            f" ({min(cpu[name]) / min(cpu['bare uvicorn']):.2f})"
        )


class Running:
    """Servers by name, as long as the block lasts."""

    def __init__(self, environments: dict[str, dict[str, str]]) -> None:
        self._serving = {name: serve(SERVERS, "api", given) for name, given in environments.items()}

    def __enter__(self) -> dict[str, Server]:
        self.servers = {name: each.__enter__() for name, each in self._serving.items()}
        return self.servers

    def __exit__(self, *error: Any) -> None:
        for each in self._serving.values():
            each.__exit__(None, None, None)


def rate_of(url: str, headers: dict[str, str], *, refused: bool) -> float:
    """Requests a second over two seconds; each must be answered well, or each refused."""
    if not refused:
        return load_with(url, headers, 2, CONNECTIONS).rate
    output = wrk(["-t1", f"-c{CONNECTIONS}", "-d2s", url])
    assert "Socket errors" not in output, output
    return number(output, r"Requests/sec:\s+([\d.]+)")


# --- Many people


def people(server: Embedded, home: Path, options: argparse.Namespace) -> bool:
    """Everybody's dashboard, over and over; whether anything failed."""
    settings, students = school(server, options.tokens)
    tokens = [auth.sign(settings, student, 7200) for student in students]
    (home / "tokens").write_text("\n".join(tokens) + "\n")
    script = home / "people.lua"
    script.write_text(LUA % (1, home / "tokens"))
    given = settings.environment() | {
        "CACHE_ENABLED": "true",
        "RATE_LIMIT_ENABLED": "true",
        "RATE_LIMITS": LIMITS,
        "LOG_LEVEL": "INFO",
        "REQUEST_LOG": "true",
    }
    load = ["-t1", f"-c{options.connections}", "--latency", "-s", str(script)]
    with serve(SERVERS, "api", given) as api:
        body = httpx.get(
            api.url + PATH, headers={"Authorization": f"Bearer {tokens[0]}"}, trust_env=False
        ).text
        wrk([*load, "-d10s", api.url + PATH])
        counted = counts(api)
        with sampled(api) as megabytes:
            output = wrk([*load, f"-d{options.seconds}s", api.url + PATH])
        now = counts(api)
    with serve(SERVERS, "bare", {"BENCH_BODY": body}) as bare:
        base = number(wrk([*load, "-d10s", bare.url + PATH]), r"Requests/sec:\s+([\d.]+)")
    rate = number(output, r"Requests/sec:\s+([\d.]+)")
    hits, misses = (now[name] - counted[name] for name in ("hits", "misses"))
    errors = [line.strip() for line in output.splitlines() if "Socket errors" in line or "Non-2xx" in line]
    print(
        f"\n{options.tokens} people by {options.connections} connections for {options.seconds} s, "
        f"request log, limits and all\n"
        f"bare uvicorn, same load {base:9,.0f} requests/s  1.00\n"
        f"the edge                {rate:9,.0f} requests/s  {rate / base:.2f}\n"
        f"hits {hits / (hits + misses):.4f} of {hits + misses:,.0f}; "
        f"lapsed {now['lapsed'] - counted['lapsed']:.0f}\n"
        f"memory every 10 s, MB: {', '.join(f'{each:.1f}' for each in megabytes)}; "
        f"{now['entries']:.0f} answers kept, {now['bytes'] / 1e6:.1f} MB by the cache's own count\n"
        f"errors: {'; '.join(errors) or 'none'}"
    )
    return bool(errors)


def memory(server: Server) -> float:
    """What the server has in memory (RSS), in MB."""
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return number(text, r"VmRSS:\s+(\d+) kB") / 1e3


@contextmanager
def sampled(server: Server) -> Iterator[list[float]]:
    """What the server has in memory, in MB: at the beginning, every ten seconds, and at the end."""
    found = [memory(server)]
    over = threading.Event()

    def look() -> None:
        while not over.wait(10):
            found.append(memory(server))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
    found.append(memory(server))


def counts(server: Server) -> dict[str, float]:
    """What the server's metrics say of its cache."""
    text = httpx.get(f"{server.url}/metrics", trust_env=False).raise_for_status().text
    found = {
        name: float(value)
        for name, value in re.findall(r'homeroom_cache_events_total\{.*event="(\w+)".*\} (\S+)', text)
    }
    for name in ("entries", "bytes"):
        found[name] = number(text, rf"\nhomeroom_cache_{name}(?:\{{.*\}})? (\S+)")
    return found


# --- A stop


def stop(server: Embedded, stops: int, connections: int) -> bool:
    """SIGTERM again and again; whether a request got no answer."""
    settings, students = school(server, 20)
    requests = [request(PATH, auth.sign(settings, student, 3600)) for student in students]
    given = settings.environment() | CACHED
    answered, lost, exits = 0, 0, []
    for _ in range(stops):
        with serve(SERVERS, "api", given) as api:
            port = int(api.url.rpartition(":")[2])
            count, failed = ask_until_closed(api, port, connections, requests)
            exits.append(api.process.wait(20))
            answered += count
            lost += failed
    print(
        f"\nSIGTERM under load, {stops} times, {connections} connections each: "
        f"{answered:,} requests answered, {lost} without an answer; exit codes {sorted(set(exits))}"
    )
    return bool(lost) or set(exits) != {0}


def ask_until_closed(api: Server, port: int, connections: int, requests: list[bytes]) -> tuple[int, int]:
    """Ask on all connections at once until the server has closed each; requests answered, and not answered.

    It is stopped when each connection has been answered: who waits to be accepted has no connection yet. One
    thread: between an answer and the next request there is nothing that could take long.
    """
    dice = random.Random(port)
    answered = lost = 0
    silent: set[Line] = set()
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            line = Line(port)
            line.send(dice.choice(requests))
            selector.register(line.socket, selectors.EVENT_READ, line)
            silent.add(line)
        while selector.get_map():
            for key, _ in selector.select():
                line = key.data
                try:
                    status, head, _ = line.receive()
                    assert status == 200, head
                    answered += 1
                    if line in silent:
                        silent.remove(line)
                        if not silent:
                            threading.Timer(0.5, api.process.send_signal, [signal.SIGTERM]).start()
                    goes_on = b"\r\nconnection: close\r\n" not in head and not line.is_closed()
                    if goes_on:
                        line.send(dice.choice(requests))
                except OSError:
                    lost += 1
                    goes_on = False
                if not goes_on:
                    selector.unregister(line.socket)
                    line.close()
    return answered, lost


# --- Freshness


def fresh(server: Embedded, home: Path, reads: int) -> bool:
    """As tests/api/test_cache_soak.py, and longer; whether an answer was out of date."""
    ensure_database(server.url())
    migrate(server.url())
    with psycopg.connect(server.url(), autocommit=True) as db:
        org, students = make_students(db, STUDENTS)
    settings = settings_of(server)
    tokens = [
        auth.sign(settings, {"sub": str(student), "org": org, "role": "student"}, 7200)
        for student in students
    ]
    ledger = Ledger(STUDENTS)
    half = STUDENTS // 2
    writers = [
        Writer(server.url(), org, students, ledger, range(half), FACTS[0]),
        Writer(server.url(), org, students, ledger, range(half, STUDENTS), FACTS[1], 0.04),
    ]
    given = settings.environment() | CACHED
    with Running({"one": given, "other": given}) as api, worker(server):
        ports = [int(each.url.rpartition(":")[2]) for each in api.values()]
        for writer in writers:
            writer.start()
        began = time.monotonic()
        try:
            found = read_apart(ports, tokens, reads, home, patience=3600)
        finally:
            seconds = time.monotonic() - began
            for writer in writers:
                writer.end()
        counted = [counts(each) for each in api.values()]
    stale = found.stale(ledger, LEASE)
    behind = found.stale(ledger, 0)
    hits, misses = (sum(each[name] for each in counted) for name in ("hits", "misses"))
    print(
        f"\n{len(found.sent):,} reads of two processes in {seconds:.0f} s, {found.unchanged:,} of them 304, "
        f"{hits / (hits + misses):.3f} from memory; {ledger.commits:,} facts, "
        f"{ledger.commits / seconds:.0f} a second\n"
        f"{len(behind):,} lacked something that had been committed when they were asked for, "
        f"{len(stale)} something that had been for {LEASE} s"
    )
    return bool(stale)


@contextmanager
def worker(server: Embedded) -> Iterator[None]:
    """The worker, which refreshes what is written."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "work"],
        env={**os.environ, "DATABASE_URL": server.url(), "LOG_LEVEL": "WARNING"},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


# --- What they share


def settings_of(server: Embedded) -> Settings:
    """The API's settings."""
    return Settings(api_database_url=server.url(user="homeroom_api"), jwt_secret=SECRET, database_pool_size=8)


def school(server: Embedded, count: int) -> tuple[Settings, list[dict[str, Any]]]:
    """Fill the database; the API's settings and the claims of so many students."""
    settings, _ = prepare(server, count)
    with psycopg.connect(server.url()) as db:
        rows = db.execute(
            "select org_id, student_id from board.student_performance order by student_id limit %s", (count,)
        ).fetchall()
    assert len(rows) == count
    return settings, [{"sub": str(student), "org": org, "role": "student"} for org, student in rows]


def wrk(arguments: list[str]) -> str:
    """What wrk prints."""
    try:
        return subprocess.run(["wrk", *arguments], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        sys.exit("wrk makes the load: `.ci/system-packages bench` installs it")


def number(text: str, pattern: str) -> float:
    """The first number like this."""
    found = re.search(pattern, text)
    assert found, text
    return float(found[1])


if __name__ == "__main__":
    main()
