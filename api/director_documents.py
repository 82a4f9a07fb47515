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
Hours = Annotated[float, Meta(ge=0)]
Currency = Annotated[str, Meta(description="The organization's currency, three letters (ISO 4217).")]


class Named(Struct, forbid_unknown_fields=True):
    """A program or a track, by id and name."""

    id: Annotated[UUID, Meta(description="Its id.")]
    name: Annotated[str, Meta(description="Its name.")]


class BySeverity(Struct, forbid_unknown_fields=True):
    """Open alerts by severity."""

    critical: Annotated[Count, Meta(description="Somebody has to act today.")]
    warning: Annotated[Count, Meta(description="Somebody has to look at it.")]
    info: Annotated[Count, Meta(description="Worth knowing.")]


class Alerts(Struct, forbid_unknown_fields=True):
    """What is wrong in the cohorts that one directs."""

    open: Annotated[Count, Meta(description="How many alerts are open.")]
    by_severity: Annotated[BySeverity, Meta(description="The same, by severity.")]
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
    alerts: Annotated[Alerts, Meta(description="The open alerts about the cohorts.")]


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


class Pools(Struct, forbid_unknown_fields=True):
    """Students by the kind of their seat."""

    paid: Annotated[Count, Meta(description="Who pay.")]
    scholarship: Annotated[Count, Meta(description="On a scholarship.")]
    sponsored: Annotated[Count, Meta(description="Whom a sponsor pays for.")]


class Memberships(Struct, forbid_unknown_fields=True):
    """Memberships by status and kind of seat."""

    active: Annotated[Pools, Meta(description="Going on.")]
    completed: Annotated[Pools, Meta(description="Brought to the end.")]
    withdrawn: Annotated[Pools, Meta(description="Given up; counted nowhere else.")]


class Week(Struct, forbid_unknown_fields=True):
    """Who joined in a week."""

    week: Annotated[date, Meta(description="Its Monday.")]
    joined: Annotated[Count, Meta(description="So many students.")]
    by_status: Annotated[Memberships, Meta(description="What has become of them.")]


class Enrollment(Struct, forbid_unknown_fields=True):
    """Who is and was in the cohort."""

    by_status: Annotated[Memberships, Meta(description="All of them.")]
    by_week: Annotated[list[Week], Meta(description="By the week in which they joined, the first first.")]


class Mentor(Person, forbid_unknown_fields=True):
    """A mentor of the cohort, and what came of it."""

    load: Annotated[float, Meta(description="Active members for each of the cohort's mentors.", ge=0)]
    sessions_held: Annotated[Count, Meta(description="Sessions with this cohort that took place.")]
    sessions_missed: Annotated[Count, Meta(description="Sessions that did not.")]
    rating: Annotated[float | None, Meta(description="Mean rating of these sessions, 1 to 5.")]


class Bin(Struct, forbid_unknown_fields=True):
    """How many scores lie in a range."""

    at_least: Annotated[int, Meta(description="From this on …")]
    below: Annotated[int, Meta(description="… to below this; the last range includes 100.")]
    students: Annotated[Count, Meta(description="So many students.")]


class Distribution(Struct, forbid_unknown_fields=True):
    """How ready the members are: their newest scores."""

    students: Annotated[Count, Meta(description="Who have a score.")]
    bins: Annotated[
        list[Bin],
        Meta(description="Ten ranges: 0 to 10, 10 to 20, … 90 to 100.", min_length=10, max_length=10),
    ]
    lower_quartile: Annotated[Score | None, Meta(description="A quarter is below it.")]
    median: Annotated[Score | None, Meta(description="Half are below it.")]
    upper_quartile: Annotated[Score | None, Meta(description="A quarter is above it.")]


class CompetencyHeat(Struct, forbid_unknown_fields=True):
    """How far the members are in a competency of the track."""

    id: Annotated[UUID, Meta(description="Its id.")]
    name: Annotated[str, Meta(description="Its name.")]
    required_level: Annotated[Score, Meta(description="The level that the track asks for.")]
    students: Annotated[Count, Meta(description="Who were assessed.")]
    reached: Annotated[Count, Meta(description="Who have that level.")]
    average: Annotated[Score | None, Meta(description="Their mean level.")]
    levels: Annotated[
        list[Count],
        Meta(
            description="How many are in each ten, from 0 to 9.99 on; the last includes 100.",
            min_length=10,
            max_length=10,
        ),
    ]


class MissionStates(Struct, forbid_unknown_fields=True):
    """Attempts as they stand."""

    started: Annotated[Count, Meta(description="Begun.")]
    submitted: Annotated[Count, Meta(description="Handed in.")]
    in_review: Annotated[Count, Meta(description="Being reviewed.")]
    approved: Annotated[Count, Meta(description="Approved.")]
    rejected: Annotated[Count, Meta(description="Rejected.")]


class Funnel(Struct, forbid_unknown_fields=True):
    """How far attempts at the track's missions came: who is further on counts in all stages before."""

    started: Annotated[Count, Meta(description="All attempts.")]
    submitted: Annotated[Count, Meta(description="Handed in at least.")]
    in_review: Annotated[Count, Meta(description="In review at least; also those judged without.")]
    approved: Annotated[Count, Meta(description="Approved.")]
    rejected: Annotated[Count, Meta(description="Rejected.")]
    states: Annotated[MissionStates, Meta(description="As they stand.")]
    median_approval_hours: Annotated[
        Hours | None, Meta(description="From submission to approval, the median, hours.")
    ]


class Portfolios(Struct, forbid_unknown_fields=True):
    """The members' portfolios."""

    health: Annotated[Score | None, Meta(description="Mean health of the portfolios that have an item.")]
    students: Annotated[Count, Meta(description="Members with an item.")]
    students_without: Annotated[Count, Meta(description="Members without.")]
    items: Annotated[Count, Meta(description="Items, of which so many are …")]
    draft: Annotated[Count, Meta(description="… drafts.")]
    submitted: Annotated[Count, Meta(description="… handed in.")]
    in_review: Annotated[Count, Meta(description="… being reviewed.")]
    approved: Annotated[Count, Meta(description="… approved.")]
    rejected: Annotated[Count, Meta(description="… rejected.")]
    quality: Annotated[Score | None, Meta(description="Mean quality that reviewers saw.")]


class Amount(Struct, forbid_unknown_fields=True):
    """Some payments."""

    count: Annotated[Count, Meta(description="How many.")]
    amount: Annotated[Money, Meta(description="Their sum.")]


class Month(Struct, forbid_unknown_fields=True):
    """What was paid and refunded in a month."""

    month: Annotated[date, Meta(description="Its first day.")]
    payments_paid: Annotated[Count, Meta(description="Payments made.")]
    paid: Annotated[Money, Meta(description="Their sum.")]
    refunds: Annotated[Count, Meta(description="Refunds made.")]
    refunded: Annotated[Money, Meta(description="Their sum.")]


class Payments(Struct, forbid_unknown_fields=True):
    """What seats in the cohort brought, and are yet to bring."""

    currency: Currency
    paid: Annotated[Amount, Meta(description="Paid.")]
    due: Annotated[Amount, Meta(description="Still to be paid.")]
    overdue: Annotated[Amount, Meta(description="Of these, what was due before today.")]
    refunded: Annotated[Amount, Meta(description="Given back.")]
    by_month: Annotated[list[Month], Meta(description="The last 24 months in which money moved.")]


class CohortDashboard(Struct, forbid_unknown_fields=True):
    """Everything about a cohort. Members are those who are active or have completed."""

    cache_updated_at: Annotated[datetime, Meta(description="When this was computed.")]
    cohort: Annotated[Cohort, Meta(description="The cohort, as in the list.")]
    enrollment: Annotated[Enrollment, Meta(description="Who is and was in it.")]
    mentors: Annotated[list[Mentor], Meta(description="By name.")]
    readiness_distribution: Annotated[Distribution, Meta(description="How ready they are.")]
    competency_heatmap: Annotated[list[CompetencyHeat], Meta(description="By name.")]
    mission_funnel: Annotated[Funnel, Meta(description="How far missions came.")]
    portfolio: Annotated[Portfolios, Meta(description="The members' portfolios.")]
    payments: Annotated[Payments, Meta(description="What they pay.")]
    alerts: Annotated[list[Alert], Meta(description="Those that are open, the newest first.")]
