"""The demo's page, in two browsers: what is posted by SQL shows on both."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from api.app import create_app
from tests.api.live import people_of, value
from tests.api.process import PATIENCE
from tests.api.support import School, serving, settings_for, token
from tests.listener.support import working
from tests.support import school as facts
from tests.support.servers import Database


class Browser:
    """A page in Chromium, and questions to it by the protocol of its developer tools."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.events: list[Any] = []
        self._ids = itertools.count(1)

    def value(self, expression: str) -> Any:
        """What an expression of JavaScript comes to there."""
        deadline = time.monotonic() + PATIENCE
        parameters = {"expression": expression, "returnByValue": True}
        # A page that no other window may hold (Cross-Origin-Opener-Policy) begins in a process of its own,
        # which may not be there yet.
        while "result" not in (answer := self.ask("Runtime.evaluate", parameters)):
            assert time.monotonic() < deadline, answer
            time.sleep(0.05)
        return answer["result"]["result"].get("value")

    def ask(self, method: str, parameters: Any = None) -> Any:
        """What the browser answers; `events` gets what it says besides."""
        number = next(self._ids)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters or {}}))
        while (answer := json.loads(self._connection.recv(PATIENCE))).get("id") != number:
            self.events.append(answer)
        return answer

    def rows(self) -> dict[str, str]:
        """What the dashboard shows: what, and which value."""
        found: dict[str, str] = self.value(
            "Object.fromEntries([...document.querySelectorAll('#dashboard tr')]"
            ".map(row => [...row.children].map(cell => cell.textContent)))"
        )
        return found

    def news(self) -> list[str]:
        """What has happened, the last first."""
        found: list[str] = self.value(
            "[...document.querySelectorAll('#news li')].map(line => line.textContent)"
        )
        return found

    def quiet(self) -> str | None:
        """What stands in the place of events while there was none."""
        found: str | None = self.value(
            "(place => place.hidden ? null : place.textContent)(document.querySelector('#quiet'))"
        )
        return found

    def state(self) -> str:
        """What the page says about its stream."""
        return str(self.value("document.querySelector('#state')?.textContent"))

    def asked(self) -> int:
        """How often the page has asked for a stream."""
        entries = "performance.getEntriesByType('resource')"
        return int(self.value(f"{entries}.filter(entry => entry.name.includes('/stream')).length"))

    def until_state(self, wanted: str) -> None:
        """Wait for the page to say this about its stream."""
        deadline = time.monotonic() + PATIENCE
        while (state := self.state()) != wanted:
            assert time.monotonic() < deadline, (wanted, state)
            time.sleep(0.05)

    def until(self, what: str, shown: Any) -> None:
        """Wait for a row of the dashboard to show this."""
        deadline = time.monotonic() + PATIENCE
        while (rows := self.rows()).get(what) != str(shown):
            assert time.monotonic() < deadline, (what, rows, self.value("document.body.innerText"))
            time.sleep(0.05)


@contextmanager
def browser(url: str, profile: Path) -> Iterator[Browser]:
    """Chromium, on this page until the block ends."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    alone = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-port=0"]
    process = subprocess.Popen(
        ["chromium", *options, *alone, f"--user-data-dir={profile}", url],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with connect(_address(profile, url), proxy=None, max_size=None) as connection:
            yield Browser(connection)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _address(profile: Path, url: str) -> str:
    """Where the page is to be asked, once it is there."""
    deadline = time.monotonic() + PATIENCE
    told = profile / "DevToolsActivePort"
    while True:
        assert time.monotonic() < deadline, "no browser"
        if told.exists() and (lines := told.read_text().splitlines()):
            with httpx.Client(trust_env=False, verify=False, timeout=PATIENCE) as client:
                pages = client.get(f"http://127.0.0.1:{lines[0]}/json").json()
            for page in pages:
                if page["type"] == "page" and page["url"] == url:
                    return str(page["webSocketDebuggerUrl"])
        time.sleep(0.05)


def test_a_grade_shows_on_the_students_and_the_teachers_page(database: Database, tmp_path: Path) -> None:
    with ExitStack() as stack:
        client = stack.enter_context(serving(create_app(settings_for(database, demo_page=True))))
        db = stack.enter_context(database.connect())
        school = School(database, client, people_of(database))
        teacher = facts.make_person(db, school.org, "teacher", name="Tom")
        course = facts.make_course(db, school.org, "ART", teacher=teacher)
        facts.enroll(db, school.org, school.cleo, course)
        work = facts.make_assignment(db, school.org, course, title="Essay")
        facts.submit(db, school.org, work, school.cleo)
        stack.enter_context(working(database, tmp_path / "log"))
        student, staff = (
            stack.enter_context(
                browser(f"{client.base_url}/demo#{value(school, person, role)}", tmp_path / role)
            )
            for person, role in ((school.cleo, "student"), (teacher, "teacher"))
        )
        student.until("waiting for a grade", 1)
        staff.until("ART Essay", "0 of 1 graded")
        staff.until("ART About ART: average", "\N{EN DASH}")
        staff.until("ungraded submissions", 1)
        staff.until("Cleo: ART Essay", "to be graded")
        assert (staff.news(), staff.quiet()) == ([], "nothing yet")

        db.execute(
            "update school.submission set grade = 87.5, graded_at = now() where assignment_id = %s", (work,)
        )
        student.until("waiting for a grade", 0)
        assert "grade: Cleo: 87.5" in student.news()
        staff.until("ART Essay", "1 of 1 graded")
        staff.until("ungraded submissions", 0)
        staff.until("Cleo: ART Essay", "87.5")
        assert "grade: Cleo: 87.5" in staff.news()
        assert staff.quiet() is None
        # Neither has begun anew.
        for page in (student, staff):
            assert page.value("performance.getEntriesByType('navigation').length") == 1
            assert page.state().endswith("live")


def test_a_parents_page_names_the_course_and_tells_local_time(database: Database, tmp_path: Path) -> None:
    with serving(create_app(settings_for(database, demo_page=True))) as client:
        with database.connect() as db:
            school = School(database, client, people_of(database))
            course = facts.make_course(db, school.org, "MATH-7")
            facts.enroll(db, school.org, school.ada, course)
            work = facts.make_assignment(db, school.org, course, title="Homework 1")
            db.execute(
                "update school.assignment set status = 'published', due_at = %s where id = %s",
                ("2100-01-02T10:00Z", work),
            )
        url = f"{client.base_url}/demo#{value(school, school.parent, 'parent')}"
        with browser(url, tmp_path / "parent") as page:
            page.until("trend", "steady")
            page.until("MATH-7 Homework 1", page.value("new Date('2100-01-02T10:00Z').toLocaleString()"))


@pytest.mark.parametrize(
    ("fragment", "said"),
    [
        ("", "Open this page as /demo#TOKEN, with what `homeroom token --role student` prints."),
        ("#garbage", "What stands behind # is no token."),
        ("#a.bnVsbA.c", "What stands behind # is no token."),
    ],
)
def test_a_page_without_a_token_says_what_it_wants(
    database: Database, tmp_path: Path, fragment: str, said: str
) -> None:
    with (
        serving(create_app(settings_for(database, demo_page=True))) as client,
        browser(f"{client.base_url}/demo{fragment}", tmp_path) as page,
    ):
        page.until_state(said)


def test_a_token_that_is_refused_is_not_tried_again(database: Database, tmp_path: Path) -> None:
    with serving(create_app(settings_for(database, demo_page=True))) as client:
        school = School(database, client, people_of(database))
        expired = token(school.cleo, school.org, "student", exp=1)
        with browser(f"{client.base_url}/demo#{expired}", tmp_path) as page:
            said = "The token is not valid (any more): `homeroom token --role student` prints a new one."
            page.until_state(said)
            asked = page.asked()
            time.sleep(4)  # it would have been after 3
            assert (page.asked(), page.state()) == (asked, said)


def test_a_page_too_many_says_so_and_waits_for_its_turn(database: Database, tmp_path: Path) -> None:
    with serving(create_app(settings_for(database, demo_page=True, streams_per_person=1))) as client:
        school = School(database, client, people_of(database))
        url = f"{client.base_url}/demo#{value(school, school.cleo, 'student')}"
        with ExitStack() as stack:
            with browser(url, tmp_path / "first") as first:
                first.until_state("student, live")
                second = stack.enter_context(browser(url, tmp_path / "second"))
                second.until_state("You have too many streams open: close another one.")
            second.until_state("student, live")


def test_the_page_brings_all_that_it_loads_and_may_load_nothing_else(database: Database) -> None:
    with serving(create_app(settings_for(database, demo_page=True))) as client:
        for path, kind in (
            ("/demo", "text/html"),
            ("/demo/dashboard.js", "text/javascript"),
            ("/demo/dashboard.css", "text/css"),
        ):
            answer = client.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(kind)
            policy = answer.headers["content-security-policy"].split("; ")
            assert {"default-src 'none'", "script-src 'self'", "connect-src 'self'"} < set(policy)
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert not re.search("https?:", answer.text)
        assert client.get("/demo/../app.py").status_code == 404
        assert client.get("/demo/__init__.py").status_code == 404


@pytest.mark.parametrize("path", ["/demo", "/demo/dashboard.js"])
def test_only_the_demo_has_it(school: School, path: str) -> None:
    assert school.client.get(path).status_code == 404
