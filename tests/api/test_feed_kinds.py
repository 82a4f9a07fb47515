"""The kinds that a client names, as PostgreSQL gets them."""

from __future__ import annotations

import pytest

from api.feed import array
from tests.support.servers import Database


@pytest.mark.parametrize("kinds", [("null",), ("alerts", "NULL"), ("a,b", 'c"d', "e\\f", "{}", "", " x ")])
def test_every_kind_is_a_text(database: Database, kinds: tuple[str, ...]) -> None:
    with database.connect() as db:
        assert db.execute("select %s::text[]", (array(kinds),)).fetchone() == (list(kinds),)
