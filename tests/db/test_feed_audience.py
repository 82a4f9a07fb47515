"""Who hears what: exactly those who may select the row, in every role, in two organizations."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.support import feed
from tests.support.feed import Connection, Event, value
from tests.support.servers import Cluster, Database

# What an event is about: the table, and the payload's key that names the row.
ABOUT = {
    "submission": ("school.submission", "submission_id"),
    "grade": ("school.submission", "submission_id"),
    "assignment": ("school.assignment", "assignment_id"),
    "assignment_closed": ("school.assignment", "assignment_id"),
    "notification": ("school.notification", "notification_id"),
    "quiz": ("school.quiz_attempt", "quiz_attempt_id"),
    "mission": ("school.mission_attempt", "mission_attempt_id"),
    "readiness": ("school.readiness_score", "readiness_score_id"),
    "opened": ("board.alert", "alert_id"),
}

# Each statement touches rows of both organizations.
STATEMENTS = {
    "submission": "update school.submission set submitted_at = now()",
    "grade": "update school.submission set grade = grade / 2, graded_at = now()",
    "assignment": "update school.assignment set title = title || '!' where status = 'published'",
    "assignment_closed": "update school.assignment set status = 'closed' where status = 'published'",
    "notification": "insert into school.notification (org_id, person_id, title) "
    "select p.org_id, p.id, 'more' from school.person as p",
    "quiz": "update school.quiz_attempt set score = 100 - score",
    "mission": "update school.mission_attempt set state = 'submitted', submitted_at = now()",
    "readiness": "insert into school.readiness_score (org_id, student_id, scored_at, score) "
    "select r.org_id, r.person_id, now(), 70 from school.person_role as r where r.role = 'student'",
    "opened": "update board.alert_rule set metric = 'seats_total', threshold = 1 "
    "where name = 'below_readiness'; "
    "select board.evaluate_alerts(o.org_id, array(select c.id from school.cohort as c "
    "where c.org_id = o.org_id)) from school.organization as o",
}

# The enrollment that a submission's name hangs on: a student who was never in the course.
STRANGER = """
insert into school.submission (org_id, assignment_id, course_id, student_id, submitted_at)
select a.org_id, a.id, a.course_id, p.id, now()
from school.assignment as a join school.person as p on p.org_id = a.org_id
where a.title = 'sets' and p.name = 'cyd'
"""


@pytest.fixture
def world(cluster: Cluster) -> Iterator[Database]:
    """A database with tests.build_world(): two organizations in which everybody has a stranger."""
    with cluster.database(cluster.tap_template) as database:
        with database.connect() as db:
            db.execute("select tests.build_world()")
            db.execute("select feed.current_epoch()")
        yield database


@pytest.fixture
def db(world: Database) -> Iterator[Connection]:
    """A superuser's session."""
    with world.connect() as connection:
        yield connection


@pytest.fixture
def api(world: Database) -> Iterator[Connection]:
    """A session of the API's login."""
    with world.connect("homeroom_api") as connection:
        yield connection


def actors(db: Connection) -> dict[str, str]:
    """Everybody in each of the roles held ('ann student'), and what their token says."""
    rows = db.execute(
        "select p.name || ' ' || r.role, p.org_id, p.id, r.role from school.person as p "
        "join school.person_role as r on r.org_id = p.org_id and r.person_id = p.id"
    )
    return {name: feed.claims(org, person, role) for name, org, person, role in rows}


def selectable(api: Connection, who: str, table: str) -> set[str]:
    """The ids of the rows of a table that somebody may select; none where the role lacks the privilege."""
    try:
        with api.transaction(force_rollback=True):
            api.execute("select auth.enter(%s, %s)", (who, _role(who)))
            return {str(key) for (key,) in api.execute(f"select id from {table}".encode())}
    except psycopg.errors.InsufficientPrivilege:
        return set()


def what(event: Event) -> str:
    """The event's kind; of student_progress, in what."""
    return str(event["data"].get("what", event["kind"]))


def _role(who: str) -> str:
    return who.split('"role": "')[1].split('"')[0]


def test_every_event_is_heard_by_exactly_those_who_may_select_its_row(
    db: Connection, api: Connection
) -> None:
    assert set(ABOUT) == set(STATEMENTS)
    everybody = actors(db)
    assert len(everybody) == 19
    heard_of = dict.fromkeys(ABOUT, 0)
    for kind, statement in STATEMENTS.items():
        since = feed.cursor(api)
        db.execute(statement.encode())
        table, key = ABOUT[kind]
        written = [event for event in feed.events(api, since) if what(event) == kind]
        assert len({event["org"] for event in written}) == 2, kind
        told = {str(event["data"][key]) for event in written}
        for name, who in everybody.items():
            events = [event for event in feed.replay(api, who, since)["events"] if what(event) == kind]
            rows = selectable(api, who, table)
            heard = {str(event["data"][key]) for event in events}
            assert len(heard) == len(events)
            # Analysts read everything at rest, and follow nothing.
            assert heard == (set() if name.endswith(" analyst") else rows & told), (kind, name)
            heard_of[kind] += len(heard)
            people = selectable(api, who, "school.person")
            for event in events:
                assert event["org"] == int(who.split('"org": ')[1].split(",")[0])
                assert event["data"]["timestamp"].endswith("Z")
                student = event["data"].get("student")
                if kind in ("submission", "grade"):
                    assert set(student) == {"id", "name", "email"}
                    assert student["id"] in people, (kind, name)
    assert all(heard_of.values()), heard_of


def test_a_name_that_a_teacher_may_not_read_is_not_told(db: Connection, api: Connection) -> None:
    since = feed.cursor(api)
    db.execute(STRANGER)
    everybody = actors(db)
    for name in ("tom teacher", "abe admin", "cyd student", "pip parent"):
        (event,) = feed.replay(api, everybody[name], since)["events"]
        assert set(event["data"]["student"]) == {"id"}, name
    student = feed.events(api, since, "submission")[0]["data"]["student"]["id"]
    assert student not in selectable(api, everybody["tom teacher"], "school.person")
    assert student in selectable(api, everybody["abe admin"], "school.person")


def test_a_right_that_ends_ends_what_is_replayed(db: Connection, api: Connection) -> None:
    """Also of what was written before."""
    everybody = actors(db)
    for name, loss, kind in (
        ("pam parent", "delete from school.guardian", "submission"),
        ("uma tutor", "delete from school.tutor_student", "submission"),
        ("tom teacher", "delete from school.course_teacher", "submission"),
        ("ann student", "update school.enrollment set status = 'dropped'", "assignment"),
        ("mia mentor", "update school.cohort_member set status = 'withdrawn'", "mission"),
    ):
        since = feed.cursor(api)
        db.execute(STATEMENTS[kind].encode())
        before = [
            event for event in feed.replay(api, everybody[name], since)["events"] if what(event) == kind
        ]
        db.execute(loss.encode())
        after = [event for event in feed.replay(api, everybody[name], since)["events"] if what(event) == kind]
        assert before and not after, name


@pytest.mark.parametrize(
    ("loss", "code"),
    [
        ("update school.person set is_active = false where name = 'ann'", "HR401"),
        ("delete from school.person where name = 'ann'", "HR401"),
        ("delete from school.person_role where role = 'student'", "HR403"),
    ],
)
def test_who_may_not_be_here_any_more_is_refused(
    db: Connection, api: Connection, loss: str, code: str
) -> None:
    ann = actors(db)["ann student"]
    since = feed.replay(api, ann, None)["cursor"]
    db.execute(loss.encode())
    for query in ("select api.feed_topics(%s)", f"select api.feed_replay(%s, '{since}', null)"):
        with pytest.raises(psycopg.Error) as error:
            api.execute(query.encode(), (ann,))
        assert error.value.sqlstate == code


def test_kinds_are_chosen_and_rights_are_for_nobody(db: Connection, api: Connection) -> None:
    abe = actors(db)["abe admin"]
    since = feed.cursor(api)
    db.execute("update school.submission set submitted_at = now(), grade = 1, graded_at = now()")
    db.execute("delete from school.guardian")
    assert {e["kind"] for e in feed.events(api, since)} == {"submission", "grade", "rights"}
    assert {e["kind"] for e in feed.replay(api, abe, since)["events"]} == {"submission", "grade"}
    assert {e["kind"] for e in feed.replay(api, abe, since, ["grade", "rights"])["events"]} == {"grade"}
    assert feed.replay(api, abe, since, [])["events"] == []


def test_nobody_reads_writes_or_forges_events_by_sql(world: Database, db: Connection) -> None:
    """Not the API's login, nor a person who connects by psql, whatever the role."""
    roles = [role for (role,) in db.execute("select rolname from pg_roles where rolname ~ '^homeroom_'")]
    functions = [
        text
        for (text,) in db.execute(
            "select oid::regprocedure::text from pg_proc where pronamespace = 'feed'::regnamespace"
        )
    ]
    open_to: dict[str, set[str]] = {}
    for role in set(roles) - {"homeroom_owner"}:
        for privilege in ("select", "insert", "update", "delete", "truncate", "references", "trigger"):
            assert not value(
                db,
                "select bool_or(has_table_privilege(%s, c.oid, %s) "
                "or has_any_column_privilege(%s, c.oid, 'select, insert')) "
                "from pg_class as c where c.relnamespace = 'feed'::regnamespace and c.relkind in ('r', 'p')",
                role, privilege, role,
            )  # fmt: skip
        for function in functions:
            if value(db, "select has_function_privilege(%s, %s, 'execute')", role, function):
                open_to.setdefault(function.split("(")[0].removeprefix("feed."), set()).add(
                    role.removeprefix("homeroom_")
                )
    people = {"student", "parent", "teacher", "tutor", "mentor", "director", "analyst", "admin", "service"}
    assert open_to == {
        "topics": people,
        "replay": people,
        "send_to_person": {"admin", "service"},
        "send_to_group": {"admin", "service"},
        "post": {"admin", "service"},
        "invalidate_caches": {"admin"},
        "warm_caches": {"admin"},
        "cache_stats": {"admin"},
    }
