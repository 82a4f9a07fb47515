"""What directors read, for OpenAPI (see api.documents)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from api.alert_documents import Alert
from api.documents import Count, Person, Score
from api.paging import Listed

Mode = Literal["online", "onsite", "hybrid"]
Status = Literal["planned", "active", "closed"]
Percent = Annotated[float, Meta(ge=0, description="Per cent, two decimals, rounded half up.")]
Money = Annotated[float, Meta(description="In the organization's currency.")]
Currency = Annotated[str, Meta(description="The organization's currency, three letters (ISO 4217).")]
Named = Person
"""Anything by id and name."""


class BySeverity(Struct, forbid_unknown_fields=True):
    """Open alerts by how bad they are."""

    critical: Annotated[Count, Meta(description="Somebody has to act today.")]
    warning: Annotated[Count, Meta(description="Somebody has to look at it.")]
    info: Annotated[Count, Meta(description="Worth knowing.")]


class Alerts(Struct, forbid_unknown_fields=True):
    """What is wrong in the cohorts that one directs."""

    open: Annotated[Count, Meta(description="How many alerts are open.")]
    by_severity: Annotated[BySeverity, Meta(description="The same, by how bad they are.")]
    latest: Annotated[list[Alert], Meta(description="The ten that opened last.", max_length=10)]


class DirectorSummary(Struct, forbid_unknown_fields=True):
    """How one's programs stand. Averages weigh each student, seat or session once; null without any."""

    cache_updated_at: Annotated[datetime, Meta(description="When this was computed.")]
    active_programs_count: Annotated[Count, Meta(description="Active programs with a track of mine.")]
    active_cohorts_count: Annotated[Count, Meta(description="Active cohorts: the next eight are of these.")]
    total_seats: Annotated[Count, Meta(description="Seats of all pools.")]
    seats_used: Annotated[Count, Meta(description="Seats of students who have not withdrawn.")]
    seat_utilization: Annotated[Percent | None, Meta(description="Seats used of all; may exceed 100.")]
    avg_readiness: Annotated[Score | None, Meta(description="Mean of the students' newest scores.")]
    avg_completion_rate: Annotated[
        Score | None, Meta(description="Missions approved of those that the students have to do.")
    ]
    mentor_coverage_pct: Annotated[Score | None, Meta(description="Active students with a mentor's time.")]
    mentor_session_completion_pct: Annotated[
        Score | None, Meta(description="Sessions held of those held and missed.")
    ]
    avg_portfolio_health: Annotated[Score | None, Meta(description="Mean health of the portfolios.")]
    revenue_this_month: Annotated[
        Money, Meta(description="Paid this month, in all cohorts, closed ones too.")
    ]
    refunds_this_month: Annotated[
        Money, Meta(description="Refunded this month, in all cohorts, closed ones too.")
    ]
    currency: Currency
    alerts: Annotated[Alerts, Meta(description="What is wrong.")]


class Pool(Struct, forbid_unknown_fields=True):
    """Seats of one kind."""

    total: Annotated[Count, Meta(description="How many there are.")]
    used: Annotated[Count, Meta(description="How many students have one.")]


class Seats(Struct, forbid_unknown_fields=True):
    """A cohort's seats."""

    total: Annotated[Count, Meta(description="Of all pools.")]
    used: Annotated[Count, Meta(description="Of students who have not withdrawn.")]
    utilization: Annotated[Percent | None, Meta(description="Used of all; may exceed 100.")]
    paid: Annotated[Pool, Meta(description="Seats that students pay for.")]
    scholarship: Annotated[Pool, Meta(description="Seats on a scholarship.")]
    sponsored: Annotated[Pool, Meta(description="Seats that a sponsor pays for.")]


class Milestone(Struct, forbid_unknown_fields=True):
    """What a cohort has to have reached by a time."""

    id: Annotated[UUID, Meta(description="Its id.")]
    title: Annotated[str, Meta(description="What it is.")]
    due_at: Annotated[datetime, Meta(description="By when.")]


class Cohort(Struct, forbid_unknown_fields=True):
    """A cohort in numbers. Percentages are null where there is nothing to measure."""

    id: Annotated[UUID, Meta(description="Its id.")]
    name: Annotated[str, Meta(description="Its name.")]
    program: Annotated[Named, Meta(description="Its track's program.")]
    track: Annotated[Named, Meta(description="Its track.")]
    starts_on: Annotated[date, Meta(description="First day.")]
    ends_on: Annotated[date, Meta(description="Last day.")]
    mode: Annotated[Mode, Meta(description="How it meets.")]
    status: Annotated[Status, Meta(description="Whether it is running.")]
    seats: Annotated[Seats, Meta(description="Its seats.")]
    readiness: Annotated[Score | None, Meta(description="Mean of the students' newest scores.")]
    completion_rate: Annotated[
        Score | None, Meta(description="Missions approved of those that the students have to do.")
    ]
    portfolio_health: Annotated[Score | None, Meta(description="Mean health of the portfolios.")]
    mentor_coverage: Annotated[Score | None, Meta(description="Active students with a mentor's time.")]
    session_completion: Annotated[Score | None, Meta(description="Sessions held of those held and missed.")]
    upcoming_milestones: Annotated[list[Milestone], Meta(description="The next three.", max_length=3)]
    flags: Annotated[list[str], Meta(description="Names of the alert rules that its numbers break now.")]


class CohortList(Listed, forbid_unknown_fields=True):
    """A page of one's cohorts."""

    items: Annotated[list[Cohort], Meta(description="The page.")]


class CohortDashboard(Struct):
    """Everything about a cohort."""

    cache_updated_at: Annotated[datetime, Meta(description="When this was computed.")]
    cohort: Annotated[Cohort, Meta(description="The cohort, as in the list.")]
