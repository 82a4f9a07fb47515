"""A cohort that alerts are about: its people, what they do, what it is judged by."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.support import school
from tests.support.dashboards import Connection, add

RULES = "update board.alert_rule set is_active = false where org_id = %s and name <> all (%s)"


class Watched:
    """An active cohort of a director's track with a mentor and two students, both of readiness 80."""

    def __init__(self, db: Connection, org: int | None = None, rules: tuple[str, ...] = ()) -> None:
        """rules: of those that an organization has, the only ones that are active; all unless given."""
        self.db = db
        self.org = org if org is not None else school.make_org(db)
        if rules:
            db.execute(RULES.encode(), (self.org, list(rules)))
        self.director = school.make_person(db, self.org, "director")
        self.mentor = school.make_person(db, self.org, "mentor")
        self.students = [school.make_person(db, self.org, "student") for _ in range(2)]
        self.program = self.add("program", name="prep")
        self.track = self.make_track(self.director)
        self.cohort: UUID = self.make_cohort(self.track)
        for student in self.students:
            self.score(student, 80)

    def add(self, table: str, **row: Any) -> Any:
        """Add a fact."""
        return add(self.db, self.org, table, **row)

    def make_track(self, director: UUID | None = None) -> UUID:
        """Add a track."""
        track: UUID = self.add("track", program_id=self.program, name="data", director_id=director)
        return track

    def make_cohort(self, track: UUID, name: str = "fall") -> UUID:
        """Add an active cohort with ten seats, the mentor and the students."""
        dates = {"starts_on": "2024-01-01", "ends_on": "2034-01-01"}
        cohort: UUID = self.add("cohort", track_id=track, name=name, status="active", seats_paid=10, **dates)
        self.add("cohort_mentor", cohort_id=cohort, mentor_id=self.mentor)
        for student in self.students:
            self.add("cohort_member", cohort_id=cohort, student_id=student)
        return cohort

    def score(self, student: UUID, score: float) -> None:
        """Give a student a new readiness score."""
        self.db.execute(
            "insert into school.readiness_score (org_id, student_id, scored_at, score) "
            "values (%s, %s, clock_timestamp(), %s)",
            (self.org, student, score),
        )

    def ready(self, score: float) -> None:
        """Let all students, and so the cohort, have this readiness."""
        for student in self.students:
            self.score(student, score)

    def rule(self, which: str = "below_readiness", /, **changes: Any) -> None:
        """Change a rule of the organization."""
        written = ", ".join(f"{column} = %({column})s" for column in changes)
        self.db.execute(
            f"update board.alert_rule set {written} "
            "where org_id = %(org)s and name = %(rule)s and track_id is null".encode(),
            {"org": self.org, "rule": which, **changes},
        )

    def evaluate(self, *cohorts: UUID, db: Connection | None = None) -> int:
        """Judge the cohort, or others; how many alerts opened, changed or closed."""
        row = (
            (db or self.db)
            .execute("select board.evaluate_alerts(%s, %s)", (self.org, list(cohorts or (self.cohort,))))
            .fetchone()
        )
        assert row is not None
        return int(row[0])

    def alerts(self, *columns: str, cohort: UUID | None = None) -> list[Any]:
        """These columns of the cohort's alerts, the first opened first; of several a tuple each."""
        rows = self.db.execute(
            f"select {', '.join(columns)} from board.alert where org_id = %s and cohort_id = %s "
            "order by opened_at, name".encode(),
            (self.org, cohort or self.cohort),
        ).fetchall()
        return [row[0] if len(columns) == 1 else row for row in rows]

    def history(self, *columns: str) -> list[Any]:
        """These columns of the history of the cohort's alerts."""
        rows = self.db.execute(
            f"select {', '.join(columns or ('change',))} from board.alert_change as c "
            "join board.alert as a on a.org_id = c.org_id and a.id = c.alert_id "
            "where c.org_id = %s and a.cohort_id = %s order by c.id".encode(),
            (self.org, self.cohort),
        ).fetchall()
        return [row[0] if len(columns) < 2 else row for row in rows]

    def let_pass(self, minutes: int) -> None:
        """Let so many minutes have passed for the alerts that are open."""
        self.db.execute(
            "update board.alert set clear_since = clear_since - %s * interval '1 minute' "
            "where org_id = %s and status = 'open'",
            (minutes, self.org),
        )
