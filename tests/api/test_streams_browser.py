"""The live feed in a real browser: the page of docs/live.md, and a WebSocket client that answers pings."""

from __future__ import annotations

import queue
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from tests.api.live import people_of, value
from tests.api.process import PATIENCE
from tests.api.support import School, serving, settings_for
from tests.support import school as facts
from tests.support.servers import Database

DOCS = Path(__file__).parents[2] / "docs" / "live.md"
# Tells the test what the page shows.
WATCHED = """
<script>
const tell = text => fetch('/told', {method: 'POST', body: text})
new MutationObserver(changes => changes.forEach(
  change => change.addedNodes.forEach(node => tell(node.textContent))
)).observe(document.querySelector('#news'), {childList: true})
</script>
"""
SOCKET = """
<ul id="news"></ul>
<script>
const socket = new WebSocket(`ws://${location.host}/ws/dashboard/?token=${location.hash.slice(1)}`)
let pings = 0
const show = text => {
  const line = document.createElement('li')
  line.textContent = text
  document.querySelector('#news').prepend(line)
}
socket.onmessage = ({data}) => {
  const message = JSON.parse(data)
  if (message.type === 'ping') {
    socket.send(JSON.stringify({type: 'pong'}))
    if (++pings === 4) show('four pings')
  } else show(`${message.type} ${message.submission_id ?? ''}`)
}
socket.onclose = ({code}) => show(`closed ${code}`)
</script>
"""


class Site:
    """The API and a page, of one origin as behind a proxy; and what the page tells."""

    def __init__(self, app: Any, page: str) -> None:
        self._app = app
        self._page = (page + WATCHED).encode()
        self._told: queue.Queue[str] = queue.Queue()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] not in ("/client.html", "/told"):
            await self._app(scope, receive, send)
            return
        if scope["path"] == "/told":
            body, more = b"", True
            while more:
                message = await receive()
                body, more = body + message.get("body", b""), message.get("more_body", False)
            self._told.put(body.decode())
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._page})

    def told(self, seconds: float = PATIENCE) -> str:
        """What the page shows next, within so many seconds; raises queue.Empty."""
        return self._told.get(timeout=seconds)


@contextmanager
def browser(url: str, profile: Path) -> Iterator[None]:
    """Chromium, on this page until the block ends."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    alone = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-port=0"]
    process = subprocess.Popen(
        ["chromium", *options, *alone, f"--user-data-dir={profile}", url],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def visited(database: Database, page: str) -> Iterator[tuple[School, Site]]:
    """A school whose site has this page."""
    site = Site(create_app(settings_for(database, stream_ping_seconds=2)), page)
    with serving(site) as client:
        yield School(database, client, people_of(database)), site


@pytest.fixture
def page() -> str:
    """The browser client of the documentation."""
    found = re.search(r"```html\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert found
    return found[1]


def test_the_page_of_the_documentation_follows(database: Database, page: str, tmp_path: Path) -> None:
    with visited(database, page) as (school, site), database.connect() as db:
        url = f"{school.client.base_url}/client.html#{value(school, school.ada, 'student')}"
        send = "select feed.send_to_person(%s, %s, 'hello', '{}')"
        with browser(url, tmp_path):
            # Nobody knows when it has begun to follow: until something is shown, it is told again.
            shown = None
            while shown is None:
                db.execute(send, (school.org, school.ada))
                try:
                    shown = site.told(0.5)
                except queue.Empty:
                    continue
            assert shown.startswith("hello")
            db.execute(
                "update school.submission set grade = 12.5, graded_at = now() where student_id = %s "
                "and id = (select min(id::text)::uuid from school.submission where student_id = %s)",
                (school.ada, school.ada),
            )
            while (shown := site.told()).startswith("hello"):
                pass
            assert shown.startswith("grade") and "12.5" in shown


def test_a_websocket_client_that_answers_pings_stays(database: Database, tmp_path: Path) -> None:
    with visited(database, SOCKET) as (school, site), database.connect() as db:
        teacher = facts.make_person(db, school.org, "teacher")
        course = facts.make_course(db, school.org, teacher=teacher)
        facts.enroll(db, school.org, school.ada, course)
        url = f"{school.client.base_url}/client.html#{value(school, teacher, 'teacher')}"
        with browser(url, tmp_path):
            assert site.told().strip() == "welcome"
            assert site.told() == "four pings"
            facts.submit(db, school.org, facts.make_assignment(db, school.org, course), school.ada, 80)
            told = {site.told().split(" ")[0] for _ in range(3)}
            assert told == {"assignment", "submission", "grade"}
            db.execute("update school.person set is_active = false where id = %s", (teacher,))
            assert site.told() in ("closed 4401", "closed 4403")
