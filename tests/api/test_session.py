"""Sessions, as their attackers see them: a cookie in place of a token, and what it must not be good for."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from api import session as cookies
from api.app import create_app
from tests.api.process import served, until
from tests.api.support import People, School, bearer, school_of, serving, settings_for, token
from tests.support import school as facts
from tests.support.servers import Cluster, Database
from tests.support.streams import PATIENCE, Sse

PATH = "/api/v1/session"
ACTION = "/api/v1/student/dashboard/action"
STREAM = "/dashboard/stream"
SOCKET = "/ws/dashboard/"
PERFORMANCE = "/api/v1/student/performance"
NOTE = "select feed.send_to_person(%s, %s, 'note', '{}')"


class Browser:
    """A browser: it keeps cookies, and says with a request where the page is from that makes it."""

    def __init__(self, base: httpx.URL | str) -> None:
        self.client = httpx.Client(base_url=base, trust_env=False, timeout=PATIENCE)
        self.csrf = ""

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    @property
    def cookie(self) -> str:
        """The session's cookie, as an attacker may have copied it."""
        return str(self.client.cookies[cookies.SESSION])

    def enter(self, value: str) -> httpx.Response:
        """Turn a token into a cookie."""
        answer = self.client.post(PATH, headers=bearer(value))
        assert answer.status_code == 200, answer.text
        self.csrf = answer.json()["csrf_token"]
        return answer

    def leave(self, **headers: str) -> httpx.Response:
        """End the session."""
        return self.client.delete(PATH, headers={"X-CSRF-Token": self.csrf, **headers})


@pytest.fixture
def ada(live_school: School) -> Iterator[Browser]:
    """Ada, with a session."""
    with Browser(live_school.client.base_url) as browser:
        browser.enter(token(live_school.ada, live_school.org, "student"))
        yield browser
        with live_school.database.connect() as db:
            db.execute("delete from auth.session")


@pytest.fixture
def tess(live_school: School) -> Iterator[Browser]:
    """A teacher, with a session."""
    with Browser(live_school.client.base_url) as browser:
        browser.enter(token(live_school.teacher, live_school.org, "teacher"))
        yield browser
        with live_school.database.connect() as db:
            db.execute("delete from auth.session")


def shown(school: School, cookie: str, path: str = PATH) -> httpx.Response:
    """What somebody gets who shows this session's cookie, and nothing else."""
    with httpx.Client(base_url=school.client.base_url, trust_env=False, timeout=PATIENCE) as client:
        return client.get(path, headers={"Cookie": f"{cookies.SESSION}={cookie}"})


def refused(answer: httpx.Response) -> bool:
    """Whether the answer is that nobody is known here."""
    return answer.status_code == 401 and answer.json()["code"] == "HR401"


def test_a_token_becomes_a_cookie_that_scripts_cannot_read(live_school: School, ada: Browser) -> None:
    answer = ada.enter(token(live_school.ada, live_school.org, "student"))
    first, second = answer.headers.get_list("set-cookie")
    assert first.startswith(f"{cookies.SESSION}={live_school.org}.")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(first.split("; "))
    assert 30 <= int(first.split("Max-Age=")[1].split(";")[0]) <= 60, "as long as the token"
    assert second.startswith(f"{cookies.CSRF}={ada.csrf};") and "HttpOnly" not in second
    assert answer.headers["cache-control"] == "no-store"
    assert ada.cookie not in answer.text
    who = ada.client.get(PATH).json()
    assert (who["person"], who["role"], who["by_session"]) == (
        {"id": str(live_school.ada), "name": "Ada"},
        "student",
        True,
    )
    assert who["csrf_token"] == ada.csrf
    by_token = live_school.get(PATH, live_school.ada, "student").json()
    assert (by_token["by_session"], by_token["csrf_token"]) == (False, None)


def test_the_database_knows_neither_the_cookie_nor_its_token(live_school: School, ada: Browser) -> None:
    with live_school.database.connect() as db:
        (row,) = db.execute("select s::text, encode(s.id, 'hex') from auth.session as s").fetchall()
    assert row[1] == hashlib.sha256(ada.cookie.split(".")[1].encode()).hexdigest()
    assert ada.cookie.split(".")[1] not in row[0] and ada.csrf not in row[0]
    assert refused(shown(live_school, f"{live_school.org}.{row[1][:43]}")), "what is stored is no cookie"


def test_a_cookie_is_good_for_what_a_token_is(live_school: School, ada: Browser) -> None:
    answer = ada.client.post(ACTION, json={}, headers={"X-CSRF-Token": ada.csrf})
    assert answer.status_code == 422, "known, and let through; the body is none"
    director = ada.client.get("/api/v1/director/dashboard/alerts")
    assert director.status_code == 403


@pytest.mark.parametrize(
    "change", ["last", "first", "org", "empty", "long", "blank", "star", "nul", "digits"]
)
def test_invented_cookies_are_refused(live_school: School, ada: Browser, change: str) -> None:
    org, _, secret = ada.cookie.partition(".")
    invented = {
        "last": f"{org}.{secret[:-1]}{'B' if secret[-1] == 'A' else 'A'}",
        "first": f"{org}.{'B' if secret[0] == 'A' else 'A'}{secret[1:]}",
        "org": f"{live_school.other_org}.{secret}",
        "empty": "",
        "long": f"{org}.{secret * 100}",
        "blank": f"{org}. {secret[1:]}",
        "star": "*",
        "nul": f"{org}.{secret[:-3]}%00",
        "digits": f"99999999999999999999.{secret}",
    }[change]
    assert refused(shown(live_school, invented))
    assert shown(live_school, ada.cookie).status_code == 200


def test_a_huge_cookie_and_bytes_that_are_no_text_are_refused(live_school: School, ada: Browser) -> None:
    for junk in (b"x=" + b"y" * cookies.COOKIE_BYTES, b"\xff\xfe=\xe9"):
        header = junk + b"; homeroom_session=" + ada.cookie.encode()
        with httpx.Client(base_url=live_school.client.base_url, trust_env=False, timeout=PATIENCE) as client:
            answer = client.get(PATH, headers=[(b"Cookie", header)])
        assert answer.status_code == (401 if len(junk) > 100 else 200)


def test_of_two_cookies_neither_counts(live_school: School, ada: Browser) -> None:
    """A neighbouring host may have planted one of them."""
    assert refused(shown(live_school, f"{ada.cookie}; {cookies.SESSION}={ada.cookie}"))


def test_cookies_may_come_in_several_headers(live_school: School, ada: Browser) -> None:
    """As what passes HTTP/2 on may send them."""
    mine = ("Cookie", f"{cookies.SESSION}={ada.cookie}")
    with httpx.Client(base_url=live_school.client.base_url, trust_env=False, timeout=PATIENCE) as client:
        for pair in ([mine, ("Cookie", "other=1")], [("Cookie", "other=1"), mine]):
            for path in (PATH, PERFORMANCE):
                assert client.get(path, headers=pair).status_code == 200
        assert refused(client.get(PATH, headers=[mine, mine]))
    url = str(live_school.client.base_url).rstrip("/")
    many = [mine, ("Cookie", "other=1"), ("Origin", url)]
    own = f"{url.replace('http', 'ws', 1)}/dashboard/ws/{live_school.ada}"
    with connect(own, proxy=None, additional_headers=many, open_timeout=PATIENCE) as socket:
        assert "heartbeat" in str(socket.recv(timeout=PATIENCE))


def test_a_sessions_credential_is_no_bearer_token(live_school: School, ada: Browser) -> None:
    for value in (ada.cookie, f"session {ada.cookie}"):
        assert refused(live_school.client.get(PATH, headers=bearer(value)))
        assert refused(live_school.client.get(STREAM, params={"token": value}))


def test_the_session_begins_anew_with_each_token(live_school: School, ada: Browser) -> None:
    """Fixation: what an attacker has planted, or knows from before, is not what the browser has then."""
    before = ada.cookie
    ada.enter(token(live_school.ada, live_school.org, "student"))
    assert ada.cookie != before
    assert refused(shown(live_school, before))
    planted = f"{live_school.org}.{'A' * 43}"
    with httpx.Client(base_url=live_school.client.base_url, trust_env=False, timeout=PATIENCE) as client:
        answer = client.post(
            PATH,
            headers=bearer(token(live_school.ada, live_school.org, "student"))
            | {"Cookie": f"{cookies.SESSION}={planted}"},
        )
        assert answer.status_code == 200
    assert refused(shown(live_school, planted))


def test_a_session_cannot_begin_another(live_school: School, ada: Browser) -> None:
    answer = ada.client.post(PATH, headers={"X-CSRF-Token": ada.csrf})
    assert refused(answer), "it would outlive its token"


def test_a_token_counts_and_not_the_cookie_beside_it(live_school: School, ada: Browser) -> None:
    ben = bearer(token(live_school.ben, live_school.org, "student"))
    assert ada.client.get(PATH, headers=ben).json()["person"]["name"] == "Ben"
    bad = ada.client.get(PATH, headers=bearer("not.a.token"))
    assert refused(bad), "and if it is bad, the cookie does not help"


def test_who_leaves_is_out_at_once_in_all_processes(live_school: School, ada: Browser) -> None:
    copied = ada.cookie
    settings = settings_for(live_school.database)
    with serving(create_app(settings)) as other:
        elsewhere = School(live_school.database, other, live_school)
        assert shown(elsewhere, copied).status_code == shown(live_school, copied).status_code == 200
        answer = ada.leave()
        assert (answer.status_code, answer.json()) == (200, {"ended": 1})
        assert all("Max-Age=0" in line for line in answer.headers.get_list("set-cookie"))
        assert cookies.SESSION not in ada.client.cookies
        assert refused(shown(live_school, copied))
        assert refused(shown(elsewhere, copied)), "it remembered the cookie, but the database is asked"


def test_kept_answers_are_not_for_who_has_left(live_school: School, ada: Browser) -> None:
    copied = ada.cookie
    with serving(create_app(settings_for(live_school.database))) as other:
        elsewhere = School(live_school.database, other, live_school)
        for _ in range(5):
            assert shown(elsewhere, copied, PERFORMANCE).status_code == 200
        assert ada.leave().status_code == 200
        time.sleep(0.3)  # the lease of what another process keeps
        assert refused(shown(elsewhere, copied, PERFORMANCE))
        assert refused(shown(live_school, copied, PERFORMANCE))


def test_a_token_ends_all_sessions_of_its_person(live_school: School, ada: Browser) -> None:
    with Browser(live_school.client.base_url) as ben, Browser(live_school.client.base_url) as second:
        ben.enter(token(live_school.ben, live_school.org, "student"))
        second.enter(token(live_school.ada, live_school.org, "student"))
        value = token(live_school.ada, live_school.org, "student")
        assert live_school.client.delete(PATH, headers=bearer(value)).json() == {"ended": 2}
        assert refused(shown(live_school, ada.cookie)) and refused(shown(live_school, second.cookie))
        assert ben.client.get(PATH).status_code == 200, "somebody else's stays"


def test_a_person_has_only_so_many_sessions(live_school: School, ada: Browser) -> None:
    first = ada.cookie
    with live_school.database.connect() as db:
        db.execute("update auth.session set created_at = now() - interval '1 minute'")
    assert shown(live_school, first).status_code == 200
    for _ in range(20):
        ada.client.cookies.clear()
        ada.enter(token(live_school.ada, live_school.org, "student"))
    assert refused(shown(live_school, first))
    assert shown(live_school, ada.cookie).status_code == 200
    with live_school.database.connect() as db:
        assert db.execute("select count(*) from auth.session").fetchone() == (20,)


def test_a_session_ends_with_its_token(live_school: School) -> None:
    expires = int(time.time()) + 6
    with Browser(live_school.client.base_url) as browser:
        browser.enter(token(live_school.ada, live_school.org, "student", exp=expires))
        copied = browser.cookie
    assert shown(live_school, copied).status_code == 200
    until(lambda: time.time() > expires + 0.05)
    assert refused(shown(live_school, copied))
    with live_school.database.connect() as db:
        since = "select count(*) from feed.event where kind = 'rights'"
        told = db.execute(since).fetchone()
        assert db.execute("select auth.prune_sessions()").fetchone() == (1,)
        assert db.execute(since).fetchone() == told, "everybody knew when it would"
        assert db.execute("select auth.prune_sessions()").fetchone() == (0,)


def test_the_database_decides_about_a_session_as_about_a_token(live_school: School) -> None:
    with live_school.database.connect() as db, Browser(live_school.client.base_url) as browser:
        eve = facts.make_person(db, live_school.org, "student", name="Eve")
        browser.enter(token(eve, live_school.org, "student"))
        assert browser.client.get(PATH).status_code == 200
        db.execute("update school.person set is_active = false where id = %s", (eve,))
        assert refused(browser.client.get(PATH))
        db.execute("update school.person set is_active = true where id = %s", (eve,))
        assert browser.client.get(PATH).status_code == 200
        db.execute("delete from school.person_role where person_id = %s", (eve,))
        assert browser.client.get(PATH).status_code == 403
        db.execute("delete from school.person where id = %s", (eve,))
        assert db.execute("select count(*) from auth.session where person_id = %s", (eve,)).fetchone() == (0,)


def test_a_session_outlives_the_process_that_began_it(database: Database) -> None:
    with database.connect() as db:
        people = People(db)
    with serving(create_app(settings_for(database))) as client, Browser(client.base_url) as browser:
        browser.enter(token(people.ada, people.org, "student"))
        copied = browser.cookie
    with serving(create_app(settings_for(database))) as client:
        assert shown(School(database, client, people), copied).status_code == 200


# --- Requests that somebody else's page makes


def forged(cookie: str) -> str:
    """Another cookie's token."""
    digest = hmac.digest(cookie.encode(), b"homeroom csrf", "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.parametrize("given", [None, "", "x", "other", "\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_a_change_by_cookie_needs_the_sessions_token(
    live_school: School, ada: Browser, given: str | None
) -> None:
    value = forged(f"{live_school.org}.{'A' * 43}") if given == "other" else given
    headers = {} if value is None else {b"X-CSRF-Token": value.encode()}
    for answer in (
        ada.client.request("DELETE", PATH, headers=headers),
        ada.client.request("POST", ACTION, headers=headers, json={}),
        ada.client.request("POST", "/api/v1/events", headers=headers, content=b"{"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "HR403"), (
            "before anything else is looked at"
        )
        assert ada.csrf not in answer.text
    assert ada.client.get(PATH).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": ""},
    ],
)
def test_a_change_from_another_sites_page_is_refused_even_with_the_token(
    ada: Browser, headers: dict[str, str]
) -> None:
    assert ada.leave(**headers).status_code == 403
    assert ada.client.get(PATH).status_code == 200


def test_a_change_from_our_own_page_is_let_through(live_school: School, ada: Browser) -> None:
    own = str(live_school.client.base_url).rstrip("/")
    answer = ada.leave(**{"Sec-Fetch-Site": "same-origin", "Origin": own})
    assert answer.status_code == 200


def test_a_bearer_needs_no_such_token_from_wherever(live_school: School, ada: Browser) -> None:
    headers = bearer(token(live_school.ada, live_school.org, "student"))
    headers |= {"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example"}
    assert ada.client.post(ACTION, headers=headers, json={}).status_code == 422, "the cookie changes nothing"


# --- Streams


@contextmanager
def stream(school: School, cookie: str, path: str = STREAM) -> Iterator[Sse]:
    with (
        httpx.Client(base_url=school.client.base_url, timeout=PATIENCE, trust_env=False) as client,
        client.stream("GET", path, headers={"Cookie": f"{cookies.SESSION}={cookie}"}) as response,
    ):
        assert response.status_code == 200
        found = Sse(response)
        found.begin()
        yield found


def opened(school: School, cookie: str, origin: str | None, query: str = "") -> Any:
    url = str(school.client.base_url).rstrip("/").replace("http", "ws", 1) + SOCKET + query
    return connect(
        url,
        proxy=None,
        open_timeout=PATIENCE,
        close_timeout=PATIENCE,
        additional_headers={"Cookie": f"{cookies.SESSION}={cookie}"} if cookie else {},
        origin=origin,  # type: ignore[arg-type]
    )


def closed(connection: Any) -> int:
    """With which code the server closes the WebSocket."""
    try:
        while True:
            connection.recv(timeout=PATIENCE)
    except ConnectionClosed as error:
        assert error.rcvd is not None
        return error.rcvd.code


def test_streams_of_a_cookie_end_with_its_session_and_others_stay(live_school: School, tess: Browser) -> None:
    own = str(live_school.client.base_url).rstrip("/")
    long = token(live_school.teacher, live_school.org, "teacher", exp=int(time.time()) + 600)
    with (
        live_school.database.connect() as db,
        stream(live_school, tess.cookie) as events,
        opened(live_school, tess.cookie, own) as socket,
        opened(live_school, "", None, f"?token={long}") as other,
        ThreadPoolExecutor() as pool,
    ):
        db.execute(NOTE, (live_school.org, live_school.teacher))
        assert events.until("note")
        endings = pool.submit(closed, socket), pool.submit(lambda: list(iter(events.block, None)))
        copied = tess.cookie
        assert tess.leave().status_code == 200
        assert endings[0].result(PATIENCE) == 4401
        assert endings[1].result(PATIENCE) is not None
        with httpx.Client(base_url=own, trust_env=False, timeout=PATIENCE) as client:
            again = client.get(STREAM, headers={"Cookie": f"{cookies.SESSION}={copied}"})
        assert refused(again)
        db.execute(NOTE, (live_school.org, live_school.teacher))
        while '"note"' not in str(other.recv(timeout=PATIENCE)):
            pass


@pytest.mark.parametrize("path", [STREAM, "/dashboard//stream", "/api/v1/teacher/dashboard/stream"])
def test_a_stream_by_cookie_is_our_own_pages_alone(live_school: School, tess: Browser, path: str) -> None:
    cookie = {"Cookie": f"{cookies.SESSION}={tess.cookie}"}
    with httpx.Client(base_url=live_school.client.base_url, timeout=PATIENCE, trust_env=False) as client:
        for site, status in (
            ("cross-site", 403), ("same-site", 403), ("?", 403), ("none", 200), ("same-origin", 200),
        ):  # fmt: skip
            with client.stream("GET", path, headers=cookie | {"Sec-Fetch-Site": site}) as response:
                assert response.status_code == status, site
        who = token(live_school.teacher, live_school.org, "teacher")
        with client.stream("GET", path, headers=bearer(who) | {"Sec-Fetch-Site": "cross-site"}) as response:
            assert response.status_code == 200


@pytest.mark.parametrize(
    "ended",
    [
        "delete from auth.session",
        "delete from auth.session where org_id = %(org)s and person_id = %(person)s",
        "update auth.session set expires_at = now() where org_id = %(org)s",
    ],
)
def test_an_operator_ends_sessions_by_sql(cluster: Cluster, ended: str) -> None:
    """With what the processes keep for them, and their streams."""
    with (
        cluster.prepared(People) as (database, people),
        school_of(database, people, cache_enabled=True, cache_lease_seconds=0.25) as school,
        Browser(school.client.base_url) as browser,
        database.connect() as db,
    ):
        browser.enter(token(school.ada, school.org, "student"))
        copied = browser.cookie

        def is_kept() -> bool:
            return shown(school, copied, PERFORMANCE).headers["server-timing"].startswith("db;dur=0.0,")

        until(is_kept)
        with stream(school, copied) as events, ThreadPoolExecutor() as pool:
            ending = pool.submit(lambda: list(iter(events.block, None)))
            db.execute(ended.encode(), {"org": school.org, "person": school.ada})
            time.sleep(0.3)  # the lease
            assert refused(shown(school, copied, PERFORMANCE))
            assert ending.result(PATIENCE) is not None
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            db.execute("truncate auth.session")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None, "http://127.0.0.1"])
def test_a_websocket_by_cookie_is_our_own_pages_alone(
    live_school: School, tess: Browser, origin: str | None
) -> None:
    with opened(live_school, tess.cookie, origin) as socket:
        assert closed(socket) == 4401
    own = str(live_school.client.base_url).rstrip("/")
    with opened(live_school, tess.cookie, own) as socket:
        assert '"welcome"' in str(socket.recv(timeout=PATIENCE))


def test_a_websocket_with_a_token_may_come_from_anywhere(live_school: School, tess: Browser) -> None:
    admin = token(live_school.admin, live_school.org, "admin")
    with opened(live_school, tess.cookie, "https://app.example", f"?token={admin}") as socket:
        assert '"welcome"' in str(socket.recv(timeout=PATIENCE))
    student = token(live_school.ben, live_school.org, "student")
    with opened(live_school, tess.cookie, "https://app.example", f"?token={student}") as socket:
        assert closed(socket) == 4403, "the teacher's cookie does not help"


# --- Over TLS, which a proxy ends


def test_over_tls_only_the_cookie_of_this_very_host_counts(database: Database, tmp_path: Path) -> None:
    with database.connect() as db:
        people = People(db)
    tls = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    with served(database, tmp_path, TRUSTED_PROXIES="127.0.0.1,10.0.0.0/8") as server:
        headers = bearer(token(people.ada, people.org, "student"))
        answer = server.client.post(PATH, headers=headers | tls)
        first, second = answer.headers.get_list("set-cookie")
        assert first.startswith("__Host-homeroom_session=") and second.startswith("__Host-homeroom_csrf=")
        for line in (first, second):
            assert {"Secure", "Path=/"} <= set(line.split("; ")) and "Domain" not in line
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        value = first.split("=", 1)[1].split(";")[0]
        server.client.cookies.clear()
        for name, scheme, status in (
            ("__Host-homeroom_session", tls, 200),
            ("homeroom_session", tls, 401),
            ("__Host-homeroom_session", {}, 401),
        ):
            got = server.client.get(PATH, headers={"Cookie": f"{name}={value}"} | scheme)
            assert got.status_code == status, name
        base = str(server.client.base_url).rstrip("/")
        end = {
            "Cookie": f"__Host-homeroom_session={value}",
            "X-CSRF-Token": answer.json()["csrf_token"],
        } | tls
        assert server.client.delete(PATH, headers=end | {"Origin": base}).status_code == 403, "not by http"
        secure = base.replace("http", "https", 1)
        assert server.client.delete(PATH, headers=end | {"Origin": secure}).status_code == 200
    assert value not in server.log.read_text() and answer.json()["csrf_token"] not in server.log.read_text()


def test_nobody_else_is_believed_about_tls(database: Database, tmp_path: Path) -> None:
    with database.connect() as db:
        people = People(db)
    with served(database, tmp_path, TRUSTED_PROXIES="10.0.0.0/8") as server:
        headers = bearer(token(people.ada, people.org, "student")) | {"X-Forwarded-Proto": "https"}
        answer = server.client.post(PATH, headers=headers)
        assert "__Host-" not in answer.headers["set-cookie"]
        assert "strict-transport-security" not in answer.headers


def test_sessions_of_one_organization_say_nothing_in_another(cluster: Cluster) -> None:
    with cluster.prepared(People) as (database, people), database.connect() as db:
        digest = hashlib.sha256(b"x").hexdigest()
        db.execute(
            "insert into auth.session (org_id, id, person_id, role, expires_at) "
            "values (%s, decode(%s, 'hex'), %s, 'student', now() + interval '1 minute')",
            (people.org, digest, people.ada),
        )

        def found(org: int) -> Any:
            row = db.execute("select api.session_find(%s, %s)", (org, digest)).fetchone()
            return row and row[0]

        assert UUID(found(people.org)["sub"]) == people.ada
        assert found(people.other_org) is None
