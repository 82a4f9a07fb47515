"""A student at a desk of their own, for the formulas of the dashboard."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.support import dashboards, school
from tests.support.dashboards import Connection, add

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class Desk:
    """A student without any fact in an organization of its own, in an open transaction, at `now`."""

    db: Connection
    org: int
    student: UUID
    now: datetime

    def add(self, table: str, **row: Any) -> Any:
        """Add a fact, of the student where it is a student's."""
        if table in OWN:
            row = {"person_id" if table == "notification" else "student_id": self.student, **row}
        return add(self.db, self.org, table, **row)

    def premium(self) -> None:
        """Let the student see everything."""
        self.add("subscription", tier="premium")

    def join(self, target: int = 80) -> tuple[UUID, UUID]:
        """Put the student into a cohort; return track and cohort."""
        track = self.add(
            "track", program_id=self.add("program", name="prep"), name="data", target_readiness=target
        )
        cohort = self.add(
            "cohort",
            track_id=track,
            name="fall",
            starts_on="2024-01-01",
            ends_on="2034-01-01",
            status="active",
        )
        self.add("cohort_member", cohort_id=cohort)
        return track, cohort

    def enroll(self) -> UUID:
        """Put the student into a course."""
        course = school.make_course(self.db, self.org)
        school.enroll(self.db, self.org, self.student, course)
        return course

    def row(self) -> dict[str, Any]:
        """Return what would be stored; numbers as text."""
        return dashboards.computed(self.db, self.org, self.student)

    def document(self) -> dict[str, Any]:
        """Return the document."""
        found: dict[str, Any] = self.row()["document"]
        return found

    def clock(self) -> tuple[date, datetime, datetime]:
        """Return the organization's today, midnight, and beginning of the week."""
        query = "select today, midnight, week_begins from board.clock(%s)"
        found = self.db.execute(query, (self.org,)).fetchone()
        assert found
        return found[0], found[1], found[2]

    def zone(self, name: str) -> None:
        """Move the organization."""
        self.db.execute("update school.organization set time_zone = %s where org_id = %s", (name, self.org))

    def let_it_be(self, minutes: int) -> None:
        """Move the organization to where it is so many minutes past midnight, and some seconds."""
        utc = self.db.execute("select now() at time zone 'UTC'").fetchone()
        assert utc
        ahead = minutes - (utc[0].hour * 60 + utc[0].minute)
        self.zone(f"<home>{'-' if ahead >= 0 else '+'}{abs(ahead) // 60:02d}:{abs(ahead) % 60:02d}")

    def utc(self, moment: datetime) -> str:
        """Write a moment as documents do."""
        found = self.db.execute("select board.utc(%s)", (moment,)).fetchone()
        assert found
        return str(found[0])


OWN = {
    "cohort_member", "competency_score", "readiness_score", "mission_attempt", "portfolio_item", "habit",
    "habit_log", "goal", "point_award", "badge", "notification", "ai_nudge", "subscription", "interaction",
}  # fmt: skip
