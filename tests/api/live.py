"""What the tests of streams share: tokens that last, notes and numbers."""

from __future__ import annotations

import re
import time
from uuid import UUID

from tests.api.support import People, School, token
from tests.support.servers import Database
from tests.support.streams import Sse

ANY = "/dashboard/stream"
SEND = "select feed.send_to_person(%s, %s, 'note', jsonb_build_object('n', %s::text))"


def people_of(database: Database) -> People:
    """The people of a school, written now."""
    with database.connect() as db:
        return People(db)


def value(school: School, person: UUID, role: str) -> str:
    return token(person, school.org, role, exp=int(time.time()) + 600)


def notes(stream: Sse, last: str) -> list[str]:
    """What the notes say up to this one."""
    found: list[str] = []
    while last not in found:
        message = stream.message()
        assert message is not None, found
        found.append(message["n"] if message["type"] == "note" else message["type"])
    return found


def metric(school: School, name: str) -> float:
    """A number of GET /metrics; name: with its labels but the process."""
    text = re.sub(r',?process="[^"]*",?', "", school.client.get("/metrics").text)
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))
