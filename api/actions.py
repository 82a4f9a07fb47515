"""What a student may say that they did, for validation and OpenAPI: a type each, told apart by `action`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api import patterns
from api.sent import Sent

# PostgreSQL stores no NUL.
Title = Annotated[str, Meta(min_length=1, max_length=500, pattern=patterns.TITLE)]
Url = Annotated[str, Meta(min_length=1, max_length=500, pattern=patterns.URL)]
Moment = Annotated[datetime, Meta(tz=True)]


class _Action(Sent, tag_field="action", omit_defaults=True):
    """The part that all actions share: the name that tells them apart."""


class MissionStarted(_Action, tag="mission_started"):
    """Began a mission that is offered to me, or says anew when it will be done."""

    mission_id: Annotated[UUID, Meta(description="Which mission.")]
    estimated_completion: Annotated[Moment | None, Meta(description="When it will be done.")] = None


class MissionSubmitted(_Action, tag="mission_submitted"):
    """Handed in a mission that I began, or that was sent back."""

    mission_id: Annotated[UUID, Meta(description="Which mission.")]
    url: Annotated[Url | None, Meta(description="Where it can be seen.")] = None


class HabitLogged(_Action, tag="habit_logged"):
    """Kept one of my habits, today or on another day."""

    habit_id: Annotated[UUID, Meta(description="Which habit.")]
    on: Annotated[date | None, Meta(description="Which day; today unless given.")] = None


class GoalCreated(_Action, tag="goal_created"):
    """Set myself a goal."""

    title: Annotated[Title, Meta(description="What it is called.")]
    due_on: Annotated[date | None, Meta(description="Until when.")] = None


class GoalCompleted(_Action, tag="goal_completed"):
    """Reached one of my goals."""

    goal_id: Annotated[UUID, Meta(description="Which goal.")]


class PortfolioItemAdded(_Action, tag="portfolio_item_added"):
    """Put something into my portfolio, as a draft."""

    title: Annotated[Title, Meta(description="What it is called.")]
    url: Annotated[Url, Meta(description="Where it can be seen.")]


class NotificationRead(_Action, tag="notification_read"):
    """Read one of my notifications."""

    notification_id: Annotated[UUID, Meta(description="Which notification.")]


class NudgeDismissed(_Action, tag="nudge_dismissed"):
    """Do not want to see a nudge of the AI coach any more."""

    nudge_id: Annotated[UUID, Meta(description="Which nudge.")]


class SessionJoined(_Action, tag="session_joined"):
    """Joined a session of my cohort."""

    session_id: Annotated[UUID, Meta(description="Which session.")]


class QuizStarted(_Action, tag="quiz_started"):
    """Began a quiz of a course that I attend."""

    quiz_id: Annotated[UUID, Meta(description="Which quiz.")]


class AssignmentSubmitted(_Action, tag="assignment_submitted"):
    """Handed in an assignment of a course that I attend."""

    assignment_id: Annotated[UUID, Meta(description="Which assignment.")]
    url: Annotated[Url | None, Meta(description="Where it can be seen.")] = None


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
