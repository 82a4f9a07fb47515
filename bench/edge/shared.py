"""What the measurements of the edge share."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psycopg

from api.settings import Settings
from bench.cache import MODULE as SERVERS
from bench.request import SECRET, prepare
from bench.serving import Server, serve
from db.embedded import Embedded

CACHED = {
    "LOG_LEVEL": "WARNING",
    "REQUEST_LOG": "false",
    "CACHE_ENABLED": "true",
    "RATE_LIMIT_ENABLED": "false",
}


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


def memory(server: Server) -> float:
    """What the server has in memory (RSS), in MB."""
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return number(text, r"VmRSS:\s+(\d+) kB") / 1e3


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
