"""What others may send into the feed, for validation and OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from api import patterns
from api.sent import Sent

Group = Annotated[str, Meta(max_length=100)]


class Recipient(Sent, omit_defaults=True):
    """To whom: one of the two."""

    person: Annotated[UUID | None, Meta(description="This person alone.")] = None
    group: Annotated[
        Group | None,
        Meta(description="Everybody of `role:<role>`, `course:<id>`, `cohort:<id>` or `track:<id>`."),
    ] = None


class EventRequest(Sent):
    """An event to be sent."""

    to: Annotated[Recipient, Meta(description="Who hears it.")]
    type: Annotated[
        str,
        Meta(
            description="A name of your own, or `alerts`, `metrics_update`, `student_progress`.",
            pattern=patterns.TYPE,
        ),
    ]
    data: Annotated[
        dict[str, Any],
        Meta(description="What the message says besides `type`, `event_id`, `timestamp`: those are taken."),
    ]


class EventPosted(Struct, forbid_unknown_fields=True):
    """An event that was taken, and is on its way."""

    event_id: Annotated[int, Meta(description="Its id, which its messages carry.")]


class StreamEvent(Struct):
    """One of a stream's server-sent events, field by field."""

    data: Annotated[str, Meta(description="The message: a JSON object, which has its `type`.")]
    id: Annotated[
        str | None, Meta(description="Where the stream stands: a later one goes on here. Not with `metrics`.")
    ] = None
    event: Annotated[str | None, Meta(description="The message's type; only with `named`.")] = None
    retry: Annotated[
        int | None, Meta(description="In milliseconds, how long to wait before connecting again.")
    ] = None
