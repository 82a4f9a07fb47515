"""An API in this process that keeps answers: tests look at its cache, and stop its reader."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from api.app import create_app
from api.cache import Cache
from api.edge import Edge
from listener.feed.reader import Reader
from tests.api.support import People, School, serving, settings_for
from tests.support.servers import Database

PATIENCE = 60


def cache_in(app: Edge) -> Cache:
    """The cache of an application."""
    return app._desk.cache


def reader_in(app: Edge) -> Reader:
    """The feed's reader of an application that is served."""
    litestar: Any = app._app
    reader: Reader = litestar.state.services.feed.reader
    return reader


def stop_reader(app: Edge) -> None:
    """Stop it, whatever it is at."""
    reader = reader_in(app)
    assert reader._task is not None
    asyncio.run_coroutine_threadsafe(reader.stop(), reader._task.get_loop()).result(PATIENCE)
    assert reader._task.done()


def start_reader(app: Edge) -> None:
    """Start it again."""
    reader = reader_in(app)
    assert reader._task is not None
    reader._task.get_loop().call_soon_threadsafe(reader.start)


def caching_app(database: Database, **settings: Any) -> Edge:
    """An application with a cache."""
    usual = {"cache_enabled": True, "rate_limit_enabled": False, "request_log": False}
    return create_app(settings_for(database, **usual | settings))


@contextmanager
def caching(database: Database, people: People, **settings: Any) -> Iterator[tuple[Edge, School]]:
    """An API with a cache on the database of these people."""
    app = caching_app(database, **settings)
    with serving(app) as client:
        yield app, School(database, client, people)
