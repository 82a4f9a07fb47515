"""Random changes from several sessions at once (churn.sql makes them), and what came of them."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

SQL = Path(__file__).with_suffix(".sql")
# Few enough to meet all the time: students, courses, assignments (and as many quizzes).
POPULATION = (8, 4, 12)
# Sessions deadlock now and then, as such statements do: they shall notice at once.
OPTIONS = "-c deadlock_timeout=10ms"

Session = psycopg.Connection[Any]


def prepare(db: Session, orgs: Sequence[int]) -> None:
    """Install the procedures and give each organization its people, courses, works and cohorts."""
    students, courses, works = POPULATION
    db.execute(SQL.read_bytes())
    for org in orgs:
        db.execute("call tests_churn.create_people(%s, %s)", (org, students))
        db.execute("call tests_churn.create_courses(%s, %s)", (org, courses))
        db.execute("call tests_churn.create_works(%s, %s)", (org, works))
        db.execute("call tests_churn.create_cohorts(%s)", (org,))
        db.execute(
            "insert into school.enrollment (org_id, student_id, course_id) "
            "select p.org_id, p.id, c.id from school.person as p join school.course as c using (org_id) "
            "where p.org_id = %s",
            (org,),
        )


@contextmanager
def churning(
    url: str, orgs: Sequence[int], operations: int, seed: int = 0
) -> Iterator[list[threading.Thread]]:
    """Make so many changes in each organization's session while the block runs; leave it when all are done.

    `orgs` names the organization of each session. An error in one is raised at the end.
    """
    errors: list[BaseException] = []

    def run(number: int, org: int) -> None:
        arguments = (org, operations, number, seed * 1000 + number, *POPULATION)
        try:
            with psycopg.connect(url, autocommit=True, options=OPTIONS) as db:
                db.execute("call tests_churn.run(%s, %s, %s, %s, %s, %s, %s)", arguments)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number, org)) for number, org in enumerate(orgs)]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]


def counts(db: Session) -> dict[str, int]:
    """Return how often each kind of change was committed, and what ended otherwise; 0 for what never was."""
    rows = db.execute(
        "select k, coalesce(sum(d.n), 0)::bigint "
        "from (select distinct unnest(tests_churn.kinds()) as k) as kind "
        "left join tests_churn.done as d on d.kind = k group by k "
        "union all select kind, sum(n)::bigint from tests_churn.done "
        "where kind <> all (tests_churn.kinds()) group by kind order by 1"
    )
    return {str(kind): int(n) for kind, n in rows}
