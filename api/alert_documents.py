"""Alerts about cohorts, for OpenAPI (see api.documents)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from api import patterns
from api.paging import Listed
from api.sent import Sent

Severity = Literal["critical", "warning", "info"]
Comparison = Literal["below", "above"]
Because = Literal[
    "cleared",
    "cohort_closed",
    "cohort_planned",
    "cohort_moved",
    "rule_changed",
    "rule_inactive",
    "rule_deleted",
    "rule_replaced",
]
BECAUSE = "Why it closed; docs/director.md says what each means."
# PostgreSQL stores no NUL.
Note = Annotated[str, Meta(max_length=2000, pattern=patterns.TITLE)]


class AlertNumber(Struct, forbid_unknown_fields=True):
    """A number of the cohort."""

    name: Annotated[str, Meta(description="Its name: a column of analytics.cohort_performance.")]
    value: Annotated[float | None, Meta(description="What it was.")]


class Evidence(Struct, forbid_unknown_fields=True):
    """The numbers that opened an alert."""

    metric: Annotated[str, Meta(description="The number that the rule is about.")]
    value: Annotated[float, Meta(description="What it was.")]
    comparison: Annotated[Comparison, Meta(description="On which side of the threshold the value was.")]
    threshold: Annotated[float, Meta(description="The rule's threshold.")]
    numerator: Annotated[float | None, Meta(description="The numerator of a ratio; else null.")]
    denominator: Annotated[float | None, Meta(description="The denominator of a ratio; else null.")]
    numbers: Annotated[list[AlertNumber], Meta(description="The numbers that it was made from.")]
    as_of: Annotated[datetime, Meta(description="When these numbers were computed.")]


class Alert(Struct, forbid_unknown_fields=True):
    """Something is wrong with a cohort, or was."""

    id: Annotated[UUID, Meta(description="Its id.")]
    cohort_id: Annotated[UUID, Meta(description="The cohort.")]
    cohort_name: Annotated[str, Meta(description="The cohort's name.")]
    name: Annotated[str, Meta(description="What it is called: the rule's name, which is the flag's as well.")]
    severity: Annotated[Severity, Meta(description="The severity that the rule gives it.")]
    status: Annotated[Literal["open", "closed"], Meta(description="Whether it is still open.")]
    metric: Annotated[str, Meta(description="The rule's number: a column of analytics.cohort_performance.")]
    comparison: Annotated[Comparison, Meta(description="On which side of the threshold it was.")]
    threshold: Annotated[float, Meta(description="The rule's threshold when it opened.")]
    opened_at: Annotated[datetime, Meta(description="Since when.")]
    opened_value: Annotated[float, Meta(description="What the number was then.")]
    evidence: Annotated[Evidence, Meta(description="The numbers that opened it.")]
    closed_at: Annotated[datetime | None, Meta(description="Until when; null while it is open.")]
    closed_value: Annotated[float | None, Meta(description="What the number was then.")]
    closed_because: Annotated[Because | None, Meta(description=BECAUSE)]
    acknowledged_at: Annotated[datetime | None, Meta(description="When it was acknowledged; null: not yet.")]
    acknowledged_by: Annotated[UUID | None, Meta(description="The id of the person who acknowledged it.")]
    note: Annotated[str | None, Meta(description="The note of that person.")]


class AlertChange(Struct, forbid_unknown_fields=True):
    """What happened to an alert."""

    change: Annotated[
        Literal["opened", "changed", "acknowledged", "closed"],
        Meta(description="What happened; `changed`: the rule has another severity or name."),
    ]
    at: Annotated[datetime, Meta(description="When.")]
    by: Annotated[UUID | None, Meta(description="By whom; null: by itself.")]
    value: Annotated[float | None, Meta(description="What the number was.")]
    threshold: Annotated[float | None, Meta(description="What the rule's threshold was.")]
    severity: Annotated[Severity, Meta(description="The severity from then on.")]
    because: Annotated[Because | None, Meta(description=BECAUSE)]


class ListedAlert(Alert, forbid_unknown_fields=True):
    """An alert and its history."""

    history: Annotated[list[AlertChange], Meta(description="What happened to it, the first first.")]


class AlertList(Listed, forbid_unknown_fields=True):
    """A page of alerts."""

    items: Annotated[list[ListedAlert], Meta(description="The latest opened first.")]


class Acknowledgement(Sent, omit_defaults=True):
    """Says that an alert is known and looked after."""

    note: Annotated[Note | None, Meta(description="A note, kept with the alert.")] = None
