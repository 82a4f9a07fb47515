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
from tests.api.support import School, serving, settings_for
from tests.listener.support import working
from tests.support import school as facts
from tests.support.servers import Database


class Browser:
    """A page in Chromium, and questions to it by the protocol of its developer tools."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._ids = itertools.count(1)

    def value(self, expression: str) -> Any:
        """What an expression of JavaScript comes to there."""
        number = next(self._ids)
        parameters = {"expression": expression, "returnByValue": True}
        self._connection.send(json.dumps({"id": number, "method": "Runtime.evaluate", "params": parameters}))
        while (answer := json.loads(self._connection.recv(PATIENCE))).get("id") != number:
            pass
        return answer["result"]["result"].get("value")

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
            with httpx.Client(trust_env=False, verify=False) as client:
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
        course = facts.make_course(db, school.org, teacher=teacher)
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
        staff.until("Essay", "0 of 1 graded")
        staff.until("ungraded submissions", 1)
        staff.until("Cleo: Essay", "to be graded")

        db.execute(
            "update school.submission set grade = 87.5, graded_at = now() where assignment_id = %s", (work,)
        )
        student.until("waiting for a grade", 0)
        assert "grade: Cleo: 87.5" in student.news()
        staff.until("Essay", "1 of 1 graded")
        staff.until("ungraded submissions", 0)
        staff.until("Cleo: Essay", "87.5")
        assert "grade: Cleo: 87.5" in staff.news()
        # Neither has begun anew.
        for page in (student, staff):
            assert page.value("performance.getEntriesByType('navigation').length") == 1
            assert page.value("document.querySelector('#state').textContent").endswith("live")


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
