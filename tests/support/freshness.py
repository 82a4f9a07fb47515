"""Whether answers show what was committed: facts that a writer knows of, and reads held against them.

The fact is an award of points, which GET /api/v1/student/dashboard shows in their sum. A read that was sent
`lease` seconds after a commit had returned, or later, must show it. The clock is that of the machine
(time.monotonic), which all its processes share.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import select
import socket
import subprocess
import sys
import threading
import time
from array import array
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from tests.support import school

ROOT = Path(__file__).parents[2]
PATH = "/api/v1/student/dashboard"
PATIENCE = 300
AWARD = "insert into school.point_award (org_id, student_id, points, reason) values (%s, %s, %s, 'soak')"
STUDENTS = """
with made as (
    insert into school.person (org_id, name)
    select %(org)s, 'Student ' || n from generate_series(1, %(count)s) as n
    returning id
),
roled as (
    insert into school.person_role (org_id, person_id, role) select %(org)s, id, 'student' from made
    returning 1
)
select id from made, (select count(*) from roled) as x
"""
NOTHING = """
insert into school.point_award (org_id, student_id, points, reason)
select %s, s.id, 0, 'nothing' from unnest(%s::uuid[]) as s (id), generate_series(1, 50)
"""
WIDTH, WANDER = 10, 10
"""To how many students a writer awards at a time, and how many of them are others a second later."""
POINTS = re.compile(rb'"quick_stats"\s*:\s*{[^}]*"points"\s*:\s*(\d+)')
ETAG = re.compile(rb"\r\netag: ([^\r]+)\r\n")
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n")


def make_students(db: psycopg.Connection[Any], count: int) -> tuple[int, list[UUID]]:
    """A school with so many students, who have no points, though they were awarded to them often."""
    org = school.make_org(db)
    students = [row[0] for row in db.execute(STUDENTS.encode(), {"org": org, "count": count}).fetchall()]
    # Plans are made for tables that hold something.
    db.execute(NOTHING.encode(), (org, students))
    db.execute("analyze")
    return org, students


# --- What was committed


@dataclass
class Ledger:
    """The awards of students, and when the commit of each had returned."""

    count: int
    at: list[list[float]] = field(init=False)
    sums: list[list[int]] = field(init=False)
    """Of each student, the points as of then."""
    begun: list[int] = field(init=False)
    """Of each student, the points that may be there."""

    def __post_init__(self) -> None:
        self.at = [[] for _ in range(self.count)]
        self.sums = [[] for _ in range(self.count)]
        self.begun = [0] * self.count

    def note(self, student: int, points: int) -> None:
        """It is committed by now."""
        before = self.sums[student][-1] if self.sums[student] else 0
        self.sums[student].append(before + points)
        self.at[student].append(time.monotonic())

    def least(self, student: int, by: float) -> int:
        """What had been committed by that time."""
        number = bisect_right(self.at[student], by)
        return self.sums[student][number - 1] if number else 0

    @property
    def commits(self) -> int:
        """How many."""
        return sum(map(len, self.at))


class Writer(threading.Thread):
    """Awards points to some of the students, at a pace, until it is told to end.

    To few of them at a time, and to others then: each read of those has something to miss, and not every read
    is one of the database.
    """

    def __init__(
        self,
        url: str,
        org: int,
        students: list[UUID],
        ledger: Ledger,
        mine: range,
        a_second: float,
        late_seconds: float = 0.0,
    ) -> None:
        """mine: which of the students; each belongs to one writer. late_seconds: how long it waits at most
        before it commits, so that others who began later commit first."""
        super().__init__()
        self._url, self._org, self._students = url, org, students
        self._ledger, self._mine, self._a_second, self._late = ledger, mine, a_second, late_seconds
        self.over = threading.Event()
        self.error: Exception | None = None
        self.seconds = 0.0

    def run(self) -> None:
        """Write."""
        try:
            self._write()
        except Exception as error:
            self.error = error

    def _write(self) -> None:
        dice = random.Random(self._mine.start)
        began = due = time.monotonic()
        with psycopg.connect(self._url, autocommit=True) as db:
            while not self.over.is_set():
                due += 1 / self._a_second
                if (ahead := due - time.monotonic()) > 0:
                    self.over.wait(ahead)
                first = int((time.monotonic() - began) * WANDER)
                student = self._mine[(first + dice.randrange(WIDTH)) % len(self._mine)]
                points = dice.randint(1, 9)
                self._ledger.begun[student] += points
                with db.transaction():
                    db.execute(AWARD, (self._org, self._students[student], points))
                    if self._late:
                        time.sleep(dice.uniform(0, self._late))
                self._ledger.note(student, points)
        self.seconds = time.monotonic() - began

    def end(self) -> None:
        """Stop writing. Raises what writing failed with."""
        self.over.set()
        self.join(PATIENCE)
        if self.error is not None:
            raise self.error


# --- What was read


@dataclass
class Reads:
    """What was answered: of whom, when it was asked, what it showed."""

    students: array[int] = field(default_factory=lambda: array("q"))
    sent: array[float] = field(default_factory=lambda: array("d"))
    points: array[int] = field(default_factory=lambda: array("q"))
    unchanged: int = 0
    """How many of the answers were 304."""

    def add(self, student: int, sent: float, points: int) -> None:
        """One more."""
        self.students.append(student)
        self.sent.append(sent)
        self.points.append(points)

    def stale(self, ledger: Ledger, lease: float) -> list[tuple[int, float, int, int]]:
        """The answers that lack what they had to show: student, when sent, what it showed, what it had to."""
        return [
            (student, sent, points, least)
            for student, sent, points in zip(self.students, self.sent, self.points, strict=True)
            if points < (least := ledger.least(student, sent - lease))
        ]

    def invented(self, ledger: Ledger) -> int:
        """How many showed more than there ever was."""
        return sum(points > ledger.begun[s] for s, points in zip(self.students, self.points, strict=True))

    def save(self, path: Path) -> None:
        """Write them to a file, for another process."""
        with path.open("wb") as file:
            array("q", [len(self.students), self.unchanged]).tofile(file)
            for part in (self.students, self.sent, self.points):
                part.tofile(file)

    def load(self, path: Path) -> None:
        """Add those of a file."""
        head = array("q")
        with path.open("rb") as file:
            head.fromfile(file, 2)
            for part in (self.students, self.sent, self.points):
                part.fromfile(file, head[0])
        self.unchanged += head[1]


class Line:
    """A connection that stays open, to one process."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def send(self, request: bytes) -> float:
        """Ask; when that was begun."""
        sent = time.monotonic()
        self.socket.sendall(request)
        return sent

    def receive(self) -> tuple[int, bytes, bytes]:
        """The answer: status, head, body. Raises ConnectionError if it does not come."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            self._more()
        head = self._buffer[: end + 2]
        status = int(head[9:12])
        length = LENGTH.search(head)
        whole = end + 4 + (int(length[1]) if length and status != 304 else 0)
        while len(self._buffer) < whole:
            self._more()
        body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
        return status, head, body

    def is_closed(self) -> bool:
        """Whether the other side has hung up, as far as is known here."""
        readable, _, _ = select.select([self.socket], [], [], 0)  # nobody has asked for anything
        return bool(readable)

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def _more(self) -> None:
        received = self.socket.recv(1 << 16)
        if not received:
            raise ConnectionError(f"closed after {self._buffer!r}")
        self._buffer += received


def request(path: str, token: str, etag: bytes | None = None) -> bytes:
    """A GET as bytes."""
    condition = b"" if etag is None else b"If-None-Match: %b\r\n" % etag
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    return head.encode() + condition + b"\r\n"


class Client:
    """Reads dashboards over connections that stay open, to the processes in turn; some know what they had."""

    def __init__(self, ports: list[int], tokens: list[str], connections: int, seed: int) -> None:
        """tokens: of the students, in the ledger's order."""
        self._lines = [Line(ports[n % len(ports)]) for n in range(connections)]
        self._tokens = tokens
        self._dice = random.Random(seed)
        self._known: list[tuple[bytes, int] | None] = [None] * len(tokens)
        self.reads = Reads()

    def round(self) -> None:
        """A read by each connection."""
        asked = []
        for number, line in enumerate(self._lines):
            student = self._dice.randrange(len(self._tokens))
            known = self._known[student] if number % 4 < 2 else None
            sent = line.send(request(PATH, self._tokens[student], known[0] if known else None))
            asked.append((line, student, sent, known))
        for line, student, sent, known in asked:
            status, head, body = line.receive()
            if status == 304:
                assert known is not None, head
                points = known[1]
                self.reads.unchanged += 1
            else:
                assert status == 200, (head, body)
                found, etag = POINTS.search(body), ETAG.search(head)
                assert found and etag, (head, body)
                points = int(found[1])
                self._known[student] = etag[1], points
            self.reads.add(student, sent, points)

    def close(self) -> None:
        """Hang up."""
        for line in self._lines:
            line.close()


def read_apart(
    ports: list[int],
    tokens: list[str],
    reads: int,
    folder: Path,
    *,
    processes: int = 2,
    connections: int = 8,
    patience: float = PATIENCE,
) -> Reads:
    """Read so many dashboards, by processes of their own.

    connections: of each. patience: seconds after which they have failed.
    """
    running = []
    for number in range(processes):
        order = folder / f"order-{number}"
        spec = {"ports": ports, "tokens": tokens, "reads": reads // processes, "connections": connections}
        order.write_text(json.dumps(spec))
        command = [sys.executable, "-m", "tests.support.freshness", str(order), str(number)]
        running.append((subprocess.Popen(command, cwd=ROOT), order))
    found = Reads()
    try:
        for process, order in running:
            assert process.wait(patience) == 0, "a reader failed; it has said why"
            found.load(order.with_suffix(".reads"))
    finally:
        for process, _ in running:
            with suppress(OSError):
                process.kill()
            process.wait()
    return found


def main() -> None:
    """Read as an order says, and leave beside it what was read."""
    parser = argparse.ArgumentParser()
    parser.add_argument("order", type=Path)
    parser.add_argument("seed", type=int)
    options = parser.parse_args()
    order = json.loads(options.order.read_text())
    client = Client(order["ports"], order["tokens"], order["connections"], options.seed)
    for _ in range(order["reads"] // order["connections"]):
        client.round()
    client.reads.save(options.order.with_suffix(".reads"))


if __name__ == "__main__":
    main()
