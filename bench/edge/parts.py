"""What each part of the edge costs."""

from __future__ import annotations

from statistics import median

import httpx

from api import auth
from bench.cache import CONNECTIONS, LIMITS, PATH
from bench.cache import MODULE as SERVERS
from bench.edge.shared import CACHED, Running, number, wrk
from bench.request import cpu_seconds, load_with, prepare
from bench.serving import Server, serve
from db.embedded import Embedded

PLAIN = CACHED | {"SECURITY_HEADERS_ENABLED": "false", "COMPRESSION_ENABLED": "false"}


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


def rate_of(url: str, headers: dict[str, str], *, refused: bool) -> float:
    """Requests a second over two seconds; each must be answered well, or each refused."""
    if not refused:
        return load_with(url, headers, 2, CONNECTIONS).rate
    output = wrk(["-t1", f"-c{CONNECTIONS}", "-d2s", url])
    assert "Socket errors" not in output, output
    return number(output, r"Requests/sec:\s+([\d.]+)")
