"""What answers tell browsers: security headers, other sites' pages, and the pages that are served here."""

from __future__ import annotations

import hashlib
import threading
import time
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest

from api import answer
from api.app import create_app
from api.compression import compressed
from api.cors import cors
from api.headers import API_VERSION, SecurityHeaders
from api.settings import Settings, SettingsError, load
from tests.api.process import PATIENCE, until
from tests.api.support import School, bearer, serving, settings_for, token
from tests.api.test_demo import browser

PATHS = ["/health/live", "/api/v1/student/performance", "/nowhere", "/schema/openapi.json", "/docs", "/"]
SECRET = "s" * 32
APP = "https://app.example"


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_says_what_a_browser_may_do_with_it(school: School, path: str) -> None:
    answer = school.client.get(path)
    headers = answer.headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers, "this is no TLS"
    assert "access-control-allow-origin" not in headers
    assert headers["x-api-version"] == API_VERSION[1].decode()
    for name in ("content-security-policy", "x-content-type-options", "x-api-version"):
        assert len(headers.get_list(name)) == 1, name


def test_what_is_the_same_for_everybody_is_made_once(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """However its path is written; what takes long, off the thread that serves."""
    made = []

    def noted(body: bytes, coding: str) -> bytes:
        made.append((len(body), coding, threading.current_thread().name.startswith("uvloop_")))
        return compressed(body, coding)

    monkeypatch.setattr(answer, "compressed", noted)
    with serving(create_app(settings_for(school.database))) as client:
        monkeypatch.setattr(hashlib, "blake2b", count := Mock(wraps=hashlib.blake2b))
        for paths in (
            ("/docs/swagger_bundle.js", "/docs//swagger_bundle.js", "/docs///swagger_bundle.js/"),
            ("/schema/openapi.json", "/schema/openapi.json?a=b", "/schema//openapi.json"),
            ("/docs", "/docs/", "/docs?a=b"),
        ):
            count.reset_mock()
            made.clear()
            for coding in ("gzip", "br", "zstd"):
                replies = [client.get(path, headers={"Accept-Encoding": coding}) for path in paths * 2]
                assert {reply.status_code for reply in replies} == {200}
                assert len({reply.content for reply in replies}) == 1
                assert len({reply.headers["x-request-id"] for reply in replies}) == len(replies)
                assert all("ratelimit-remaining" in reply.headers for reply in replies)
            assert count.call_count == 1
            codings = ["gzip", "br", "zstd"] if paths[0].endswith(".js") else []
            assert [coding for _, coding, _ in made] == codings
            assert all(threaded == (size >= 131_072) for size, _, threaded in made)
        etag = client.get("/docs").headers["etag"]
        assert client.get("/docs", headers={"If-None-Match": etag}).status_code == 304
        head = client.head("/docs/swagger_bundle.js", headers={"Accept-Encoding": "identity"})
        assert int(head.headers["content-length"]) > 1_000_000 and not head.content
        assert client.post("/docs").status_code == 405
        assert client.get("/docs/nothing").status_code == 404


def test_they_can_be_left_to_a_proxy(school: School) -> None:
    settings = settings_for(school.database, security_headers_enabled=False)
    with serving(create_app(settings)) as client:
        headers = client.get("/health/live").headers
        assert "content-security-policy" not in headers and "x-frame-options" not in headers
        assert "x-api-version" in headers
        assert "script-src 'self'" in client.get("/docs").headers["content-security-policy"], (
            "of the page itself"
        )


def test_strict_transport_only_over_tls() -> None:
    headers = SecurityHeaders(Settings())
    for scheme, strict in (("http", False), ("https", True)):
        assert (b"strict-transport-security" in dict(headers.for_scheme(scheme))) is strict
        assert headers.for_scheme(scheme) is headers.for_scheme(scheme), "made once"
    assert SecurityHeaders(Settings(security_headers_enabled=False)).for_scheme("https") == []


def test_the_documentation_works_under_its_policy(school: School, tmp_path: Path) -> None:
    """Nothing of the page breaks its policy, and what an attacker would put into it does not run."""
    with browser(str(school.client.base_url.join("/docs")), tmp_path) as page:
        deadline = time.monotonic() + PATIENCE
        count = "document.querySelectorAll('[data-path]').length"
        while not page.value(count):
            assert time.monotonic() < deadline, page.value("document.body.innerText")
            time.sleep(0.05)
        page.value("document.querySelector('.opblock-summary-control').click()")
        while not page.value("document.querySelectorAll('.opblock-body').length"):
            assert time.monotonic() < deadline, "it does not open"
            time.sleep(0.05)
        page.ask("Log.enable")  # what was logged before comes at once
        page.value("1")
        assert [text for text in map(_text, page.events) if "Content Security Policy" in text] == []
        page.value(
            "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.broken=1\">');"
            "const s = document.createElement('script'); s.textContent = 'window.broken=1';"
            "document.body.append(s); 1"
        )
        while not any("Content Security Policy" in text for text in map(_text, page.events)):
            assert time.monotonic() < deadline, "nobody complains"
            page.value("1")
        assert page.value("window.broken") is None


def _text(event: Any) -> str:
    """What a line of the browser's log says."""
    return str(event.get("params", {}).get("entry", {}).get("text", ""))


# --- Other sites' pages


@pytest.fixture(scope="module")
def shared(school: School) -> Any:
    """The same school, whose answers one other site's pages may read."""
    with serving(
        create_app(settings_for(school.database, cors_origins=f"{APP}, http://localhost:3000"))
    ) as client:
        yield client


def preflight(client: httpx.Client, origin: str, method: str = "GET") -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization",
    }
    return client.options("/api/v1/student/performance", headers=headers)


@pytest.mark.parametrize("origin", [APP, "http://localhost:3000"])
def test_an_allowed_page_may_ask_and_read_but_never_with_cookies(
    school: School, shared: httpx.Client, origin: str
) -> None:
    answer = preflight(shared, origin)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == origin
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    assert "GET" in answer.headers["access-control-allow-methods"]
    for headers in (bearer(token(school.ada, school.org, "student")), {}):
        got = shared.get("/api/v1/student/performance", headers={"Origin": origin, **headers})
        assert got.status_code == (200 if headers else 401)
        assert got.headers["access-control-allow-origin"] == origin
        assert "ETag" in got.headers["access-control-expose-headers"]
        assert "origin" in got.headers["vary"].lower()
        assert "access-control-allow-credentials" not in got.headers
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://app.example.evil.example",
        "http://app.example",
        "https://app.example:8443",
        "https://app.exampl",
        "https://xapp.example",
        "null",
        "",
        "*",
    ],
)
def test_all_others_are_told_nothing(school: School, shared: httpx.Client, origin: str) -> None:
    assert "access-control-allow-origin" not in preflight(shared, origin).headers
    headers = bearer(token(school.ada, school.org, "student")) | {"Origin": origin}
    got = shared.get("/api/v1/student/performance", headers=headers)
    assert got.status_code == 200
    assert "access-control-allow-origin" not in got.headers
    assert "origin" in got.headers["vary"].lower(), "for caches: another origin's answer differs"


def test_such_pages_may_read_each_header_that_is_sent_and_no_other_is_named(school: School) -> None:
    student = bearer(token(school.ben, school.org, "student"))
    admin = bearer(token(school.admin, school.org, "admin"))
    seen: set[str] = set()
    with serving(
        create_app(settings_for(school.database, cors_origins=APP, rate_limits="/api/v1/student=1"))
    ) as client:
        path = "/api/v1/student/performance"
        asked = [("/", {}, 302), (path, {}, 401), (path, student, 200), (path, student, 429)]
        for path, headers, status in asked:
            answer = client.get(path, headers={"Origin": APP, **headers})
            assert answer.status_code == status
            seen |= {*answer.headers}
        exposed = {name.lower() for name in answer.headers["access-control-expose-headers"].split(", ")}
        until(lambda: "x-feed-cursor" in client.get("/dashboard/cache/stats", headers=admin).headers)
        seen.add("x-feed-cursor")
    assert exposed <= seen, exposed - seen
    assert {name for name in seen if name.startswith(("ratelimit-", "x-"))} - exposed == {
        "x-content-type-options",
        "x-frame-options",
    }


def test_by_default_there_are_none(school: School) -> None:
    assert cors(Settings()) is None
    assert "access-control-allow-origin" not in preflight(school.client, APP).headers


def test_every_origin_may_be_let_in() -> None:
    policy = cors(Settings(cors_origins="*"))
    assert policy is not None
    assert (b"access-control-allow-origin", b"*") in policy.headers(b"https://any.example")
    assert policy.headers(b"") == []
    assert policy.preflight({b"origin": b"x"}) is None


@pytest.mark.parametrize(
    "wrong",
    ["app.example", "https://app.example/", "https://*.example", "ftp://x", "https://App.example", "null"],
)
def test_what_is_no_origin_is_a_wrong_setting(wrong: str) -> None:
    with pytest.raises(SettingsError, match=r"^CORS_ORIGINS must be: "):
        load({"CORS_ORIGINS": f"https://fine.example,{wrong}"})


@pytest.mark.parametrize("wrong", ["proxy.example", "10.0.0.1/8", "*", "300.0.0.1"])
def test_what_is_no_address_is_a_wrong_setting(wrong: str) -> None:
    with pytest.raises(SettingsError, match=r"^TRUSTED_PROXIES must be: "):
        load({"TRUSTED_PROXIES": f"127.0.0.1,{wrong}"})
