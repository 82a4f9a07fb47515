"""What a request costs: GET /api/v1/student/performance against a bare Litestar handler with the same bytes.

    python -m bench.request [--seconds 2] [--rounds 5]

Authentication, row rules and the database are in the path. One worker, 32 connections, alternating rounds in
one run, medians. Beside it: what PostgreSQL alone makes of the call (pgbench -M prepared), and who is busy.
Everything runs on an embedded server that is thrown away; a run takes about half a minute.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psycopg
import uvicorn
from litestar import Litestar, MediaType, get

from api import app, auth
from api.settings import Settings, load
from bench.serving import BARE, CORES, Server, serve
from db.apply import ensure_database, migrate
from db.embedded import Embedded, bundled_bin

MODULE = "bench.request"
PATH = "/api/v1/student/performance"
CONNECTIONS = 32
POOL = 8
STUDENTS = 240
SECRET = "the key of a benchmark, used nowhere else"
REQUIRED = 0.4


@dataclass(frozen=True)
class Load:
    """What a round of requests came to: how many a second, and how long one took, in seconds."""

    rate: float
    p50: float
    p99: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=2, help="length of a round [2]")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each side [5]")
    options = parser.parse_args()
    print(f"load: wrk, {CONNECTIONS} connections, {options.rounds} rounds of {options.seconds} s a side")
    with tempfile.TemporaryDirectory(prefix="homeroom-bench-") as home:
        Path(home).chmod(0o711)  # as root, PostgreSQL runs as another user and must get in
        with Embedded(Path(home) / "data") as server:
            measure(server, Path(home), options.rounds, options.seconds)


def measure(server: Embedded, home: Path, rounds: int, seconds: int) -> None:
    """Run both sides in turns, then pgbench, and print what came of it."""
    settings, student = prepare(server)
    headers = {"Authorization": f"Bearer {auth.sign(settings, student, 3600)}"}
    with serve(MODULE, "api", settings.environment()) as api:
        body = httpx.get(api.url + PATH, headers=headers, trust_env=False).raise_for_status().content
        with serve(MODULE, "bare", {"BENCH_BODY": body.decode()}) as bare:
            assert httpx.get(bare.url + PATH, trust_env=False).content == body
            rates: dict[Server, list[float]] = {bare: [], api: []}
            cpu = [0.0, 0.0]
            for _ in range(rounds):
                rates[bare].append(load_with(bare.url + PATH, headers, seconds).rate)
                before = [cpu_seconds([api.process.pid]), cpu_seconds(backends(settings))]
                rates[api].append(load_with(api.url + PATH, headers, seconds).rate)
                after = [cpu_seconds([api.process.pid]), cpu_seconds(backends(settings))]
                cpu = [total + b - a for total, a, b in zip(cpu, before, after, strict=True)]
    ratio = median(rates[api]) / median(rates[bare])
    print(f"\nbare Litestar handler, {len(body)} bytes  {median(rates[bare]):9,.0f} requests/s  1.00")
    print(f"GET {PATH}  {median(rates[api]):9,.0f} requests/s  {ratio:.2f}  (required: {REQUIRED:.2f})")
    requests = sum(rates[api]) * seconds
    per_request = [1e6 * total / requests for total in cpu]
    explain(per_request, 1e6 / median(rates[api]))
    compare_in_postgresql(server, home, student, seconds)


def explain(per_request: list[float], elapsed: float) -> None:
    """Print where a request's time goes. per_request: CPU of the API, of PostgreSQL; all in microseconds."""
    python, postgresql = per_request
    print(
        f"\nper request: {elapsed:.0f} us; CPU of the API {python:.0f} us, of PostgreSQL {postgresql:.0f} us"
    )
    if python > 0.85 * elapsed:
        print("limit: the API's one process has a whole core; another worker would add to the rate")
    else:
        busy = 100 * python / elapsed
        cores = f"{os.cpu_count()} cores, shared by the API ({busy:.0f}% of one)"
        print(f"limit: {cores}, PostgreSQL and the load itself")


def compare_in_postgresql(server: Embedded, home: Path, student: dict[str, Any], seconds: int) -> None:
    """Print what the call costs PostgreSQL alone, against the bare select behind it."""
    scripts = {
        "bare select": (
            "postgres",
            "select board.performance_fields(p.total_quizzes_completed, p.quiz_score_sum, "
            "p.total_assignments_completed, p.assignment_score_sum, p.last_performance_update) "
            "from board.student_performance as p "
            f"where p.org_id = {student['org']} and p.student_id = '{student['sub']}';",
        ),
        "api.student_performance()": (
            "homeroom_api",
            f"select (api.student_performance('{json.dumps(student)}'::jsonb)).document;",
        ),
    }
    print(f"\npgbench -M prepared, {POOL} clients:")
    rates: list[float] = []
    for name, (login, statement) in scripts.items():
        script = home / "script.sql"
        script.write_text(statement)
        command: list[str | Path] = [
            bundled_bin() / "pgbench",
            "-n",
            "-M",
            "prepared",
            "-c",
            str(POOL),
            "-T",
            str(2 * seconds),
        ]
        output = subprocess.run(
            [*command, "-f", script, server.url(user=login)], capture_output=True, text=True, check=True
        ).stdout
        found = re.search(r"tps = ([\d.]+)", output)
        assert found, output
        rates.append(float(found[1]))
        print(f"{name:<28}{rates[-1]:9,.0f} calls/s  {rates[-1] / rates[0]:.2f}")


def prepare(server: Embedded, students: int = STUDENTS) -> tuple[Settings, dict[str, Any]]:
    """Fill the database; return the API's settings and the claims of a student with grades."""
    ensure_database(server.url())
    migrate(server.url())
    with psycopg.connect(server.url(), autocommit=True) as db:
        db.execute("select ops.seed_school('Bench', %s, %s)", (students, date(2024, 3, 1)))
        db.execute("vacuum analyze")
        row = db.execute(
            "select org_id, student_id from board.student_performance "
            "order by total_quizzes_completed desc limit 1"
        ).fetchone()
    assert row is not None
    settings = Settings(
        api_database_url=server.url(user="homeroom_api"),
        jwt_secret=SECRET,
        database_pool_size=POOL,
        **BARE,
    )
    return settings, {"sub": str(row[1]), "org": row[0], "role": "student"}


def run_server(name: str) -> None:
    """What `--serve` does: be the API, or the handler that it is measured against."""
    settings = load(os.environ)
    if name == "api":
        app.run(settings)
        return
    body = os.environ["BENCH_BODY"].encode()

    @get(os.environ.get("BENCH_PATH", PATH), media_type=MediaType.JSON)
    async def bare() -> bytes:
        return body

    uvicorn.run(
        Litestar([bare], openapi_config=None, logging_config=None), port=settings.dashboard_port, **app.SERVER
    )


def load_with(
    url: str,
    headers: dict[str, str],
    seconds: int,
    connections: int = CONNECTIONS,
    cores: Collection[int] = CORES,
) -> Load:
    """What wrk, on one thread, gets out of a server over so many seconds; every answer must be a 200 or 304.

    cores: where wrk may run.
    """
    header = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "--latency", "-t1", f"-c{connections}", f"-d{seconds}s", *header, url]
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as wrk:
            os.sched_setaffinity(wrk.pid, cores)
            output, _ = wrk.communicate()
    except FileNotFoundError:
        sys.exit("wrk makes the load: `.ci/system-packages bench` installs it")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert rate and "Non-2xx" not in output and "Socket errors" not in output, output
    return Load(float(rate[1]), _latency(output, 50), _latency(output, 99))


def _latency(output: str, per_cent: int) -> float:
    """How long, in seconds, so many of wrk's requests took at most."""
    found = re.search(rf" {per_cent}%\s+([\d.]+)(us|ms|s)\s*\n", output)
    assert found, output
    return float(found[1]) / {"us": 1e6, "ms": 1e3, "s": 1}[found[2]]


def backends(settings: Settings) -> list[int]:
    """The PostgreSQL processes that serve the API."""
    with psycopg.connect(settings.api_conninfo()) as db:
        rows = db.execute(
            "select pid from pg_stat_activity where application_name = 'homeroom api'"
        ).fetchall()
        return [row[0] for row in rows]


def cpu_seconds(pids: list[int]) -> float:
    """CPU time that the processes have used until now."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        run_server(sys.argv[2])
    else:
        main()
