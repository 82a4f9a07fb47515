"""Many people, each request somebody else's."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from api import auth
from bench.cache import LIMITS, PATH
from bench.cache import MODULE as SERVERS
from bench.edge.shared import counts, memory, number, school, wrk
from bench.serving import Server, serve
from db.embedded import Embedded

GROWTH = 0.05
"""So much more memory after the minute is no growth: allocators keep a little of what was free in between."""
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
    grown = megabytes[-1] / megabytes[0] - 1
    return bool(errors) or grown > GROWTH


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
