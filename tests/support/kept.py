"""A cache as a process of the API has one: answers with their tags, and what feed_stale says of them."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

Session = psycopg.Connection[Any]

ASK = (
    "select a.document, a.tags, a.seconds "
    "from (select (r).* from (select api.{}({}) as r offset 0) as s) as a"
)
# Whom nothing is told, and what is not (any more) there for them.
REFUSALS = {"HR401", "HR403", "HR404"}


@dataclass(frozen=True)
class Question:
    """A function of the schema api that answers api.cacheable, and who asks it for what."""

    function: str
    org: int
    person: UUID
    role: str
    arguments: tuple[Any, ...] = ()

    def ask(self, api: Session) -> tuple[str, list[str], float] | None:
        """What is answered now: document, tags, seconds. None: it is refused."""
        places = ", ".join(["%s"] * (1 + len(self.arguments)))
        claims = json.dumps({"org": self.org, "sub": str(self.person), "role": self.role})
        try:
            with api.transaction():
                row = api.execute(
                    ASK.format(self.function, places).encode(), (claims, *self.arguments)
                ).fetchone()
        except psycopg.Error as error:
            if error.sqlstate not in REFUSALS:
                raise
            return None
        assert row is not None
        return row[0], row[1], row[2]


@dataclass
class Kept:
    """Answers to questions, in a session of the API's login.

    told: what the last call of feed_stale said.
    """

    api: Session
    questions: list[Question]
    entries: dict[Question, tuple[str, list[str], float]] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)

    def read(self, questions: Iterable[Question] | None = None) -> int:
        """Ask what is not held, and hold it; return how much that was."""
        count = 0
        for question in self.questions if questions is None else questions:
            if question in self.entries:
                continue
            began = time.monotonic()
            answer = question.ask(self.api)
            if answer is not None and answer[2] > 0:
                self.entries[question] = answer[0], answer[1], began + answer[2]
                count += 1
        return count

    def catch_up(self) -> int:
        """Hear what has changed, and let go of it; return how many answers that were."""
        row = self.api.execute("select api.feed_stale(%s)", (self.told.get("cursor"),)).fetchone()
        assert row is not None
        self.told = json.loads(row[0])
        held = len(self.entries)
        now = time.monotonic()
        tags = {(org, tag) for org, named in self.told["tags"] for tag in named}
        people = {(org, person) for org, person in self.told["people"]}
        self.entries = {
            question: entry
            for question, entry in self.entries.items()
            if not self.told["flush"]
            and question.org not in self.told["flush_orgs"]
            and (question.org, str(question.person)) not in people
            and not any((question.org, tag) in tags for tag in entry[1])
            and now < entry[2]
        }
        return held - len(self.entries)

    def wrong(self) -> list[tuple[Question, str, str | None]]:
        """What is held and would be answered otherwise now: the question, what is held, what is so."""
        found = []
        for question, (document, _tags, until) in self.entries.items():
            now = question.ask(self.api)
            if time.monotonic() < until and (now is None or said(now[0]) != said(document)):
                found.append((question, document, None if now is None else now[0]))
        return found


def said(document: str) -> Any:
    """What a document says, but for when it was computed and ranked: that alone may be of another moment."""
    found = json.loads(document)
    for key in ("last_updated", "cache_updated_at"):
        found.pop(key, None)
    if isinstance(found.get("leaderboard"), dict):
        found["leaderboard"].pop("as_of", None)
    return found


def questions(db: Session, org: int) -> list[Question]:
    """Everything that everybody in an organization may ask and a process may keep."""
    found = []
    roles = db.execute(
        "select person_id, role from school.person_role where org_id = %s order by 1, 2", (org,)
    ).fetchall()
    children = db.execute(
        "select parent_id, student_id from school.guardian where org_id = %s", (org,)
    ).fetchall()
    cohorts = db.execute(
        "select c.id, t.director_id from school.cohort as c join school.track as t on t.id = c.track_id "
        "where c.org_id = %s",
        (org,),
    ).fetchall()
    for person, role in roles:
        if role == "student":
            found += [
                Question("student_dashboard", org, person, role, shown)
                for shown in ((True, True), (False, True), (False, False))
            ]
            found.append(Question("student_performance", org, person, role))
        elif role in ("teacher", "tutor", "parent"):
            found.append(Question(f"{role}_dashboard", org, person, role))
        elif role in ("director", "admin"):
            found.append(Question("director_summary", org, person, role))
            found += [
                Question("director_cohort", org, person, role, (cohort,))
                for cohort, director in cohorts
                if role == "admin" or director == person
            ]
    found += [
        Question("parent_student_performance", org, parent, "parent", (child, days))
        for parent, child in children
        for days in (30, 366)
    ]
    return found
