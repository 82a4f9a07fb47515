"""A pool of connections to test, and functions for it to call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
import uvloop

from api.database import Database as Pool
from api.database import DatabaseError, Function
from tests.api.support import sessions
from tests.support import gate
from tests.support.servers import Database

ECHO = Function("test_echo", "text")
NAP = Function("test_nap", "float8", "text")
FAIL = Function("test_fail", "text")
FAIL_LATE = Function("test_fail_late", "text")
HOLD = Function("test_hold", "text")
PID = Function("test_pid")
MISSING = Function("test_missing")

FUNCTIONS = f"""
create function api.test_echo(value text) returns json language sql as 'select to_json(value)';
create function api.test_nap(seconds float8, value text) returns json language plpgsql
    as 'begin perform pg_sleep(seconds); return to_json(value); end';
create function api.test_hold(value text) returns json language plpgsql
    as 'begin perform {gate.PASS}; return to_json(value); end';
create function api.test_fail(code text) returns json language plpgsql
    as $$begin raise 'told so' using errcode = code, detail = 'the detail', hint = 'the hint'; end$$;
create table api.test_late (value text);
create function api.test_refuse_late() returns trigger language plpgsql
    as $$begin raise 'at the commit' using errcode = 'HR409'; end$$;
create constraint trigger refuse after insert on api.test_late deferrable initially deferred
    for each row execute function api.test_refuse_late();
create function api.test_fail_late(value text) returns json language sql volatile security definer
    as 'insert into api.test_late values (value); select to_json(value)';
create function api.test_pid() returns json language sql volatile as 'select to_json(pg_backend_pid())';
"""


def with_pool(
    database: Database,
    scenario: Callable[[Pool], Awaitable[None]],
    *,
    size: int = 2,
    statement_timeout: float = 5,
    user: str = "homeroom_api",
) -> None:
    """Run a scenario with a pool on the database, on the event loop of `homeroom serve`."""

    async def main() -> None:
        pool = Pool(database.url(user), size=size, statement_timeout=statement_timeout)
        await pool.open()
        try:
            await scenario(pool)
        finally:
            await pool.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(main(), 60))


@contextmanager
def held(database: Database) -> Iterator[Callable[[], object]]:
    """Calls of HOLD go on until this is called, or the block ends."""
    with database.connect() as db:
        gate.shut(db)
        yield lambda: gate.release(db)


async def until_held(database: Database, number: int = 1) -> None:
    """Wait until so many calls of HOLD have begun."""
    with database.connect() as db:
        while gate.waiting(db) < number:
            await asyncio.sleep(0.01)


async def refused(call: Awaitable[bytes]) -> DatabaseError:
    """The error that a call ends with."""
    with pytest.raises(DatabaseError) as error:
        await call
    return error.value


async def answers(pool: Pool) -> bool:
    """Whether a call gets an answer."""
    try:
        return await pool.call(ECHO, "here") == b'"here"'
    except DatabaseError:
        return False


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until the condition holds."""
    while not await condition():
        await asyncio.sleep(0.01)


async def all_open(database: Database) -> set[int]:
    """The backends of a pool of two, once there are two."""
    while len(pids := sessions(database)) != 2:
        await asyncio.sleep(0.01)
    return set(pids)
