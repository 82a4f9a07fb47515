"""What a student may say that they did, for validation and OpenAPI: a type each, told apart by `action`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

Title = Annotated[str, Meta(min_length=1, max_length=500)]
Url = Annotated[str, Meta(min_length=1, max_length=500, pattern="^https?://")]
Moment = Annotated[datetime, Meta(tz=True)]


class _Action(Struct, tag_field="action", forbid_unknown_fields=True, omit_defaults=True):
    """The part that all actions share: the name that tells them apart."""


class MissionStarted(_Action, tag="mission_started"):
    """Began a mission that is offered to me, or says anew when it will be done."""

    mission_id: UUID
    estimated_completion: Moment | None = None


class MissionSubmitted(_Action, tag="mission_submitted"):
    """Handed in a mission that I began, or that was sent back."""

    mission_id: UUID
    url: Url | None = None


class HabitLogged(_Action, tag="habit_logged"):
    """Kept one of my habits, today or on another day."""

    habit_id: UUID
    on: date | None = None


class GoalCreated(_Action, tag="goal_created"):
    """Set myself a goal."""

    title: Title
    due_on: date | None = None


class GoalCompleted(_Action, tag="goal_completed"):
    """Reached one of my goals."""

    goal_id: UUID


class PortfolioItemAdded(_Action, tag="portfolio_item_added"):
    """Put something into my portfolio, as a draft."""

    title: Title
    url: Url


class NotificationRead(_Action, tag="notification_read"):
    """Read one of my notifications."""

    notification_id: UUID


class NudgeDismissed(_Action, tag="nudge_dismissed"):
    """Do not want to see a nudge of the AI coach any more."""

    nudge_id: UUID


class SessionJoined(_Action, tag="session_joined"):
    """Joined a session of my cohort."""

    session_id: UUID


class QuizStarted(_Action, tag="quiz_started"):
    """Began a quiz of a course that I attend."""

    quiz_id: UUID


class AssignmentSubmitted(_Action, tag="assignment_submitted"):
    """Handed in an assignment of a course that I attend."""

    assignment_id: UUID
    url: Url | None = None


Action = (
    MissionStarted
    | MissionSubmitted
    | HabitLogged
    | GoalCreated
    | GoalCompleted
    | PortfolioItemAdded
    | NotificationRead
    | NudgeDismissed
    | SessionJoined
    | QuizStarted
    | AssignmentSubmitted
)
