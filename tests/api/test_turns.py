"""Turns at what there is little of: one who wants many keeps nobody else waiting."""

from __future__ import annotations

import asyncio

from api.turns import Turns


async def _settled() -> None:
    """Let all that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_one_who_wants_all_leaves_some() -> None:
    async def run() -> None:
        turns, there, leave = Turns(4, 2), list[str](), asyncio.Event()

        async def take(who: str) -> None:
            async with turns.of(who):
                there.append(who)
                await leave.wait()

        tasks = [asyncio.create_task(take("a")) for _ in range(10)]
        await _settled()
        assert there == ["a"] * 2
        tasks += [asyncio.create_task(take(who)) for who in "bcd"]
        await _settled()
        assert there == ["a", "a", "b", "c"], "and no more than there are"
        tasks[5].cancel()  # who waited
        tasks[0].cancel()  # who was there
        await _settled()
        assert there[4:] == ["d"], "the next in the line of all; of `a` one is in it already"
        leave.set()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
        assert sorted(there) == ["a"] * 9 + ["b", "c", "d"]
        assert not turns._own and not turns._there, "nobody is remembered"

    asyncio.run(run())
