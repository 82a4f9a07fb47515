"""What the reader cannot read: everybody is told to start afresh, and hears what comes after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.app import create_app
from tests.api.conftest import LIVELY
from tests.api.live import ANY, SEND, metric, notes, people_of, value
from tests.api.process import until
from tests.api.support import School, serving, settings_for, token
from tests.support.servers import Database
from tests.support.streams import sse

DEEP = """repeat('[', 5000) || repeat(']', 5000)"""
BAD_ANSWERS = {
    "too deep": f"""
        return '{{"cursor": "0.3:3:", "reset": false, "events": ['
            '{{"org": 1, "id": 1, "txid": 1, "kind": "a", "data": {{"a":' || {DEEP} || '}}}}]}}'
    """,
    "no JSON": "return 'nonsense'",
    "no cursor": """return '{"cursor": "nonsense", "reset": false, "events": []}'""",
    "too long": "raise 'string buffer exceeds maximum allowed length' using errcode = '54000'",
}
# Whatever has to do with the poison, the reader does not get.
POISONED = """
create sequence public.tried;
grant usage on sequence public.tried to homeroom_api;
alter function api.feed_read(text, integer) rename to feed_read_now;
create function api.feed_read(cursor text, most integer) returns text language plpgsql security definer as $$
declare
    answer constant text := api.feed_read_now(cursor, most);
begin
    if answer like '%poison%' then
        perform nextval('public.tried');
        {};
    end if;
    return answer;
end
$$;
grant execute on function api.feed_read(text, integer) to homeroom_api
"""


@pytest.fixture
def lively(database: Database) -> Iterator[School]:
    """A school of this test alone, with lively streams."""
    with serving(create_app(settings_for(database, **LIVELY))) as client:
        yield School(database, client, people_of(database))


@pytest.mark.parametrize("answer", BAD_ANSWERS)
def test_what_cannot_be_read_is_passed_over(lively: School, answer: str) -> None:
    ada, zoe = lively.ada, lively.other_student
    other = token(zoe, lively.other_org, "student")
    with (
        lively.database.connect() as db,
        sse(lively.client.base_url, ANY, value(lively, ada, "student")) as own,
        sse(lively.client.base_url, ANY, other) as stranger,
    ):
        db.execute(POISONED.replace("{}", BAD_ANSWERS[answer]).encode())
        db.execute(SEND, (lively.org, ada, "poison"))
        assert (own.message() or {})["type"] == (stranger.message() or {})["type"] == "reset"
        db.execute(SEND, (lively.org, ada, "after"))
        db.execute(SEND, (lively.other_org, zoe, "after"))
        assert notes(own, "after") == notes(stranger, "after") == ["after"]
        (tries,) = db.execute("select last_value from public.tried").fetchone() or (0,)
        assert tries <= 2
        until(lambda: metric(lively, "homeroom_feed_connected") == 1)
