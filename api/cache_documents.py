"""What admins are told of the response cache, for OpenAPI (see api.documents)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from api.documents import Count


class CacheNumbers(Struct, forbid_unknown_fields=True):
    """How a response cache fares; counts are since the process started."""

    entries: Annotated[Count, Meta(description="Answers that are kept.")] = 0
    bytes: Annotated[Count, Meta(description="Memory that they may take.")] = 0
    limit_bytes: Annotated[Count, Meta(description="Memory that they may take at most: CACHE_BYTES.")] = 0
    hits: Annotated[Count, Meta(description="Requests answered with a kept answer.")] = 0
    misses: Annotated[Count, Meta(description="Requests for which there was none that could be given.")] = 0
    lapsed: Annotated[
        Count,
        Meta(description="Of these, where one was kept, but nobody could say whether it was out of date."),
    ] = 0
    stored: Annotated[Count, Meta(description="Answers that came to be kept.")] = 0
    raced: Annotated[
        Count, Meta(description="Answers not kept, as something changed while they were made.")
    ] = 0
    evicted: Annotated[Count, Meta(description="Answers dropped for want of room.")] = 0
    purged: Annotated[Count, Meta(description="Answers dropped as something had changed.")] = 0
    flushes: Annotated[
        Count, Meta(description="Times that all were dropped, as nobody could say what had changed.")
    ] = 0
    warmed: Annotated[Count, Meta(description="Answers made before anybody asked.")] = 0


class CacheProcess(Struct, forbid_unknown_fields=True):
    """The cache of one process."""

    name: Annotated[str, Meta(description="A random name: the end of its label in `/metrics`.")]
    started_at: Annotated[datetime, Meta(description="Since when its numbers count.")]
    cache: Annotated[CacheNumbers, Meta(description="Its numbers, at most a few seconds old.")]


class CacheStats(Struct, forbid_unknown_fields=True):
    """The response caches of all processes, which all organizations share."""

    total: Annotated[CacheNumbers, Meta(description="The numbers of all, added up.")]
    processes: Annotated[list[CacheProcess], Meta(description="Each process that was heard from lately.")]


class Invalidation(Struct, forbid_unknown_fields=True):
    """What every process was told to forget."""

    order: Annotated[Literal["invalidate"], Meta(description="That it is to forget answers.")]
    pattern: Annotated[str | None, Meta(description="Those to paths like this; null: to all.")]
    person: Annotated[UUID | None, Meta(description="Those of this person; null: everybody's.")]


class Warming(Struct, forbid_unknown_fields=True):
    """What every process was told to make."""

    order: Annotated[Literal["warm"], Meta(description="That it is to make answers ahead.")]
