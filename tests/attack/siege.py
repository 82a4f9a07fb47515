"""The school that is attacked: somebody of every role, something of everything that has an id."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

from tests.api.student import Programs
from tests.support import school
from tests.support.alerts import Watched

ROLES = ("student", "parent", "teacher", "tutor", "mentor", "director", "analyst", "admin", "service")
"""Every role that a token may name."""


class Siege(Programs):
    """The usual people with a program each, a director whose cohort has an alert, and all other roles."""

    def __init__(self, db: psycopg.Connection[Any]) -> None:
        super().__init__(db)
        watched = Watched(db, self.org)
        watched.ready(40)
        watched.evaluate()
        self.director, self.mentor = watched.director, watched.mentor
        self.track, self.program, self.director_cohort = watched.track, watched.program, watched.cohort
        self.alert: UUID = watched.alerts("id")[0]
        self.analyst, self.service = (
            school.make_person(db, self.org, role, name=role.title()) for role in ("analyst", "service")
        )
        # Pages need more than one of what is listed.
        for name in ("Dora", "Emil"):
            school.enroll(
                db, self.org, school.make_person(db, self.org, "student", name=name), self.courses[0]
            )
        for mate in ("ben", "cleo"):
            school.enroll(db, self.org, getattr(self, mate), self.courses[0])
            school.submit(db, self.org, self.assignment, getattr(self, mate), 60)

    def who(self, role: str) -> UUID:
        """Somebody of this role in the first organization."""
        person: UUID = self.ada if role == "student" else getattr(self, role)
        return person
