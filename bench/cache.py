"""What a kept answer costs: GET /api/v1/student/dashboard from the response cache, against bare uvicorn.

    python -m bench.cache [--seconds 1] [--rounds 21]

The baseline is an ASGI application of two lines under uvicorn's own protocol, which sends the same bytes with
the least of headers to whoever asks. Ours checks the token, the lease and the limit, makes the request id,
counts, and sends all its headers; the request log is measured apart. One worker on one core, 32 connections
of wrk on another, alternating rounds in one run; the ratio is the median of those of the rounds, which stands
what else the machine does for some seconds. Everything runs on an embedded server that is thrown away.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import uvicorn

from api import app, auth
from api.settings import load
from bench.request import cpu_seconds, load_with, prepare
from bench.serving import LOADING, SERVING, Server, serve
from db.embedded import Embedded

MODULE = "bench.cache"
PATH = "/api/v1/student/dashboard"
CONNECTIONS = 32
LIMITS = "/api/v1=1000000000"
REQUIRED = {"200": 0.9, "304": 1.1}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=1, help="length of a round [1]")
    parser.add_argument("--rounds", type=int, default=21, help="rounds of each side [21]")
    options = parser.parse_args()
    print(f"load: wrk, {CONNECTIONS} connections, {options.rounds} rounds of {options.seconds} s a side")
    with tempfile.TemporaryDirectory(prefix="homeroom-bench-") as home:
        Path(home).chmod(0o711)  # as root, PostgreSQL runs as another user and must get in
        with Embedded(Path(home) / "data") as server:
            sys.exit(not measure(server, options.rounds, options.seconds))


def measure(server: Embedded, rounds: int, seconds: int) -> bool:
    """Run all sides in turns, and print what came of it; whether each was as quick as it has to be."""
    settings, student = prepare(server)
    token = {"Authorization": f"Bearer {auth.sign(settings, student, 3600)}"}
    environment = settings.environment() | {
        "CACHE_ENABLED": "true",
        "RATE_LIMIT_ENABLED": "true",
        "RATE_LIMITS": LIMITS,
        "LOG_LEVEL": "WARNING",
    }
    logging = environment | {"LOG_LEVEL": "INFO", "REQUEST_LOG": "true"}
    with (
        serve(MODULE, "api", environment, SERVING) as api,
        serve(MODULE, "api", logging, SERVING) as logged,
    ):
        first = httpx.get(api.url + PATH, headers=token, trust_env=False).raise_for_status()
        body, etag = first.content, first.headers["etag"]
        zipped = {**token, "Accept-Encoding": "gzip"}
        revalidating = {**token, "If-None-Match": etag}
        with serve(MODULE, "bare", {"BENCH_BODY": body.decode()}, SERVING) as bare:
            sides: dict[str, tuple[Server, dict[str, str]]] = {
                "bare uvicorn": (bare, token),
                "200": (api, token),
                "200, gzip": (api, zipped),
                "304": (api, revalidating),
                "200, request log": (logged, token),
            }
            rates: dict[str, list[float]] = {name: [] for name in sides}
            cpu: dict[str, list[float]] = {name: [] for name in sides}
            for _ in range(rounds):
                for name, (side, headers) in sides.items():
                    before = cpu_seconds([side.process.pid])
                    load = load_with(side.url + PATH, headers, seconds, CONNECTIONS, LOADING)
                    rates[name].append(load.rate)
                    used = cpu_seconds([side.process.pid]) - before
                    cpu[name].append(1e6 * used / (rates[name][-1] * seconds))
            again = httpx.get(api.url + PATH, headers=revalidating, trust_env=False)
            assert again.status_code == 304, "the answer changed while it was measured"
    print(f"\nGET {PATH}, {len(body)} bytes")
    well = True
    for name, measured in rates.items():
        ratios = sorted(rate / own for rate, own in zip(measured, rates["bare uvicorn"], strict=True))
        required = f"  (required: {REQUIRED[name]:.2f})" if name in REQUIRED else ""
        print(
            f"{name:<20}{median(measured):9,.0f} requests/s  {median(ratios):.2f}"
            f"  rounds {ratios[0]:.2f}-{ratios[-1]:.2f}, CPU {median(cpu[name]):4.1f} us{required}"
        )
        well &= median(ratios) >= REQUIRED.get(name, 0)
    return well


def run_server(name: str) -> None:
    """What `--serve` does: be the API, or what it is measured against."""
    if name == "api":
        app.run(load(os.environ))
        return
    body = os.environ["BENCH_BODY"].encode()
    start = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))],
    }
    end = {"type": "http.response.body", "body": body}

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        await send(start)
        await send(end)

    uvicorn.run(
        bare,
        port=int(os.environ["DASHBOARD_PORT"]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        run_server(sys.argv[2])
    else:
        main()
