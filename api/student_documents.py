"""The student's dashboard and the answer to an action, for OpenAPI (see api.documents)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct, inspect

from api.documents import Count, Score

Masked = Literal["upgrade_required"]
Priority = Literal["urgent", "high", "normal", "low"]


class Readiness(Struct, forbid_unknown_fields=True):
    """How ready the student is for what the track leads to."""

    score: Annotated[Score | None, Meta(description="The last readiness score.")]
    time_to_ready: Annotated[
        Count | Masked | None,
        Meta(description="Days to the track's target at the pace of the last 28; null when not rising."),
    ]
    trend_7d: Annotated[str | None, Meta(description="Against seven days ago, signed: +2.1.")]
    gaps: Annotated[list[str] | Masked | None, Meta(description="Up to three competencies, widest first.")]


class Task(Struct, forbid_unknown_fields=True):
    """Something to do."""

    type: Annotated[str, Meta(description="mission, assignment, quiz, habit, session or milestone.")]
    id: Annotated[UUID, Meta(description="Of the mission, assignment and so on.")]
    title: Annotated[str, Meta(description="What it is called.")]
    priority: Annotated[
        Priority, Meta(description="urgent: overdue or within 24 hours; high: 72; low: no deadline.")
    ]
    deadline: Annotated[datetime | None, Meta(description="When it is due.")]
    cta: Annotated[str, Meta(description="The path that a client opens.")]
    est_hours: Annotated[float | None, Meta(description="How long it may take.")]


class Today(Struct, forbid_unknown_fields=True):
    """What to do next."""

    primary_action: Annotated[Task | None, Meta(description="The first thing to do.")]
    secondary_actions: Annotated[list[Task], Meta(description="Up to five more.", max_length=5)]


class QuickStats(Struct, forbid_unknown_fields=True):
    """Numbers at a glance."""

    points: Annotated[int, Meta(description="All there ever were.")]
    streak_days: Annotated[Count, Meta(description="Days in a row with a habit kept, up to yesterday.")]
    badges: Annotated[Count, Meta(description="All there ever were.")]
    missions_completed: Annotated[Count, Meta(description="Approved.")]
    hours_this_week: Annotated[float, Meta(description="With learning agents, since Monday.")]


class Coaching(Struct, forbid_unknown_fields=True):
    """Habits and goals."""

    habits_done: Annotated[Count, Meta(description="Kept today.")]
    habits_total: Annotated[Count, Meta(description="Active.")]
    active_goals: Annotated[Count, Meta(description="Not yet reached.")]
    streak_days: Annotated[Count, Meta(description="As in quick_stats.")]


class Missions(Struct, forbid_unknown_fields=True):
    """Missions by state."""

    started: Annotated[Count, Meta(description="Begun, not handed in.")]
    submitted: Annotated[Count, Meta(description="Handed in.")]
    in_review: Annotated[Count, Meta(description="Being reviewed.")]
    approved: Annotated[Count, Meta(description="Accepted.")]
    rejected: Annotated[Count, Meta(description="Sent back.")]
    missions_in_review: Annotated[Count, Meta(description="Submitted or in review.")]


class Portfolio(Struct, forbid_unknown_fields=True):
    """Portfolio items by state."""

    draft: Annotated[Count, Meta(description="Not handed in.")]
    submitted: Annotated[Count, Meta(description="Handed in.")]
    in_review: Annotated[Count, Meta(description="Being reviewed.")]
    approved: Annotated[Count, Meta(description="Accepted.")]
    rejected: Annotated[Count, Meta(description="Sent back.")]
    health: Annotated[
        Score | Masked | None, Meta(description="Seven parts quality, three parts share approved.")
    ]


class Event(Struct, forbid_unknown_fields=True):
    """What comes next in the cohort."""

    kind: Annotated[str, Meta(description="session, milestone or event.")]
    id: Annotated[UUID, Meta(description="Of the session, milestone or event.")]
    title: Annotated[str, Meta(description="What it is called.")]
    starts_at: Annotated[datetime, Meta(description="When it begins, or is due.")]


class Mentor(Struct, forbid_unknown_fields=True):
    """Who accompanies the cohort."""

    id: Annotated[UUID, Meta(description="The mentor's id.")]
    name: Annotated[str, Meta(description="Full name.")]


class Cohort(Struct, forbid_unknown_fields=True):
    """The student's cohort."""

    id: Annotated[UUID, Meta(description="The cohort's id.")]
    name: Annotated[str, Meta(description="Its name.")]
    next_event: Annotated[Event | None, Meta(description="What comes next; null without anything ahead.")]
    mentor: Annotated[Mentor | None, Meta(description="Who accompanies it.")]
    completion: Annotated[Score | None, Meta(description="Of the track's missions, those approved.")]


class NoCohort(Struct, forbid_unknown_fields=True):
    """Where there is no cohort."""

    cta: Annotated[Literal["Join cohort"], Meta(description="What to do about it.")]


class Subscription(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What the student may see."""

    tier: Annotated[Literal["free", "premium"], Meta(description="Whose masks the document wears.")]
    days_left: Annotated[Count | None, Meta(description="Until it ends.")]
    warning: Annotated[str | None, Meta(description="While enhanced access ends within 7 days.")] = None


class Assignments(Struct, forbid_unknown_fields=True):
    """Assignments of active courses."""

    due: Annotated[Count, Meta(description="Not handed in, in time.")]
    overdue: Annotated[Count, Meta(description="Not handed in, too late.")]
    ungraded: Annotated[Count, Meta(description="Handed in, not graded.")]


class Cards(Struct, forbid_unknown_fields=True):
    """The dashboard's cards."""

    coaching: Annotated[Coaching, Meta(description="Habits and goals.")]
    missions: Annotated[Missions, Meta(description="Missions by state.")]
    portfolio: Annotated[Portfolio, Meta(description="Portfolio items by state.")]
    cohort: Annotated[Any, Meta(description='A cohort, or {"cta": "Join cohort"}.')]
    subscription: Annotated[Subscription, Meta(description="What the student may see.")]
    assignments: Annotated[Assignments, Meta(description="Assignments of active courses.")]


class Notification(Struct, forbid_unknown_fields=True):
    """Something the student was told."""

    id: Annotated[UUID, Meta(description="To say that it was read.")]
    title: Annotated[str, Meta(description="In short.")]
    body: Annotated[str | None, Meta(description="At length.")]
    is_urgent: Annotated[bool, Meta(description="Whether it cannot wait.")]
    created_at: Annotated[datetime, Meta(description="When it was said.")]
    read_at: Annotated[datetime | None, Meta(description="When the student read it.")]


class Notifications(Struct, forbid_unknown_fields=True):
    """What the student was told."""

    unread: Annotated[Count, Meta(description="Not read yet.")]
    urgent: Annotated[Count, Meta(description="Of the unread.")]
    latest: Annotated[list[Notification], Meta(description="Read or not, the newest first.", max_length=5)]


class Place(Struct, forbid_unknown_fields=True):
    """A place in the cohort's ranking."""

    rank: Annotated[int, Meta(ge=1, description="1 is the best; equals share one.")]
    name: Annotated[str, Meta(description="Whose it is.")]
    points: Annotated[int, Meta(description="How many.")]
    is_me: Annotated[bool, Meta(description="Whether it is the student who asks.")]


class Leaderboard(Struct, forbid_unknown_fields=True):
    """Where the student stands in the cohort."""

    rank: Annotated[int, Meta(ge=1, description="1 is the best; equals share one.")]
    percentile: Annotated[Score | Masked | None, Meta(description="Per cent of the others with less.")]
    points: Annotated[int, Meta(description="As of then.")]
    around_me: Annotated[list[Place], Meta(description="Two before, two after.", max_length=5)]
    as_of: Annotated[datetime, Meta(description="When the cohort was ranked: it may lag a minute.")]


class Flags(Struct, forbid_unknown_fields=True):
    """What a client shows at once."""

    live_session_now: Annotated[bool, Meta(description="A session of the cohort is on.")]
    review_arrived: Annotated[bool, Meta(description="Within 24 hours.")]
    nudge_new: Annotated[bool, Meta(description="Within 24 hours.")]
    deadline_today: Annotated[bool, Meta(description="Something is due before midnight.")]
    enhanced_access_expiring: Annotated[bool, Meta(description="Within 7 days.")]


class StudentDashboard(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The dashboard of the student who asks. What the tier does not see is null or "upgrade_required"."""

    readiness: Annotated[Readiness, Meta(description="How ready for what the track leads to.")]
    today: Annotated[Today, Meta(description="What to do next.")]
    quick_stats: Annotated[QuickStats, Meta(description="Numbers at a glance.")]
    cards: Annotated[Cards, Meta(description="The cards.")]
    leaderboard: Annotated[
        Leaderboard | None, Meta(description="Null without a cohort, or before the first ranking.")
    ]
    flags: Annotated[Flags, Meta(description="What to show at once.")]
    missions_in_review: Annotated[Count, Meta(description="As in cards.missions.")]
    sources: Annotated[dict[str, Any], Meta(description="Of each service, when it was last heard of.")]
    last_updated: Annotated[datetime, Meta(description="When the document was computed.")]
    notifications: Annotated[Notifications | None, Meta(description="Unless not asked for.")] = None
    ai_nudge: Annotated[str | None, Meta(description="What the AI coach says now.")] = None
    ai_nudge_id: Annotated[UUID | None, Meta(description="To dismiss it.")] = None


class ActionTaken(Struct, forbid_unknown_fields=True):
    """The action was taken; the next read shows it."""

    status: Annotated[Literal["queued"], Meta(description="Always this.")]
    action: Annotated[str, Meta(description="Which.")]
    priority: Annotated[Priority, Meta(description="How soon others' dashboards follow.")]


def has_path(path: str) -> bool:
    """Whether a mask of this path (readiness.gaps, say) can hide anything of a dashboard.

    As board.masked does it: a path that leads into what is no object hides that.
    """
    types: list[inspect.Type] = [inspect.type_info(StudentDashboard)]
    walked: list[str] = []
    for key in path.split("."):
        objects = [type for type in types if isinstance(type, inspect.StructType)]
        if any(not isinstance(type, inspect.StructType | inspect.NoneType) for type in types):
            return True
        types = [_bare(field.type) for type in objects for field in type.fields if field.encode_name == key]
        types = [
            part for type in types for part in (type.types if isinstance(type, inspect.UnionType) else [type])
        ]
        walked.append(key)
        if walked == ["cards", "cohort"]:
            types = [inspect.type_info(Cohort), inspect.type_info(NoCohort)]
        if not types:
            return False
    return True


def _bare(type: inspect.Type) -> inspect.Type:
    """A type without its description."""
    return type.type if isinstance(type, inspect.Metadata) else type
