"""What a process keeps is let go before it differs from what would be answered, whoever changes what."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.support import dashboards, school
from tests.support.changes import REFUSED, random_change
from tests.support.columns import SHOWN, columns_of
from tests.support.dashboard_columns import SHOWN_TO_OTHERS, staffed
from tests.support.dashboards import Rich
from tests.support.faculty import SHOWN_TO_DIRECTORS, Faculty, make_faculty
from tests.support.kept import Kept, Question, questions, said
from tests.support.servers import Cluster, Database

Session = psycopg.Connection[Any]

# What is no fact of a school, and what happens to people. `some`: a number that is drawn.
OPERATIONS = (
    "update ops.setting set value = value + case when value > 3 then -1 else 1 end "
    "where name = (array['attention_overdue', 'attention_days', 'mentor_capacity', 'stalled_review_days'])"
    "[1 + %(some)s %% 4]",
    "update ops.setting set value = case value when 50 then 60 else 50 end where name = 'attention_average'",
    "update ops.setting set value = case value when 1 then 0.001 else 1 end where name = 'trend_threshold'",
    "insert into ops.tier_mask (tier, path) values ('premium', 'quick_stats.points') on conflict do nothing",
    "delete from ops.tier_mask where path = 'quick_stats.points'",
    "select board.refresh_leaderboard(%(org)s)",
    "select board.refresh_leaderboard(%(org)s)",
    "insert into school.point_award (org_id, student_id, points, reason) select %(org)s, p.id, %(some)s, 'x' "
    "from school.person as p where p.org_id = %(org)s and p.name in ('ann', 'ben', 'student 1', 'student 2') "
    "order by random() limit 1",
    "update school.person set is_active = not is_active where org_id = %(org)s and id = "
    "(select id from school.person where org_id = %(org)s order by md5(id::text || %(some)s) limit 1)",
    "update school.person set is_active = true where org_id = %(org)s and not is_active",
    "delete from school.person_role where (org_id, person_id, role) in (select org_id, person_id, role "
    "from school.person_role where org_id = %(org)s order by md5(person_id::text || %(some)s) limit 1)",
    "insert into school.person_role (org_id, person_id, role) select org_id, person_id, role "
    "from tests_roles on conflict do nothing",
    "insert into school.person_role (org_id, person_id, role) select org_id, person_id, role "
    "from tests_roles on conflict do nothing",
    "select board.recalculate_requested(%(org)s)",
    "select board.evaluate_alerts(%(org)s, array(select c.id from school.cohort as c "
    "where c.org_id = %(org)s))",
)
WORKER = (
    "select board.drain_students(%(org)s)",
    "select board.drain_dashboards(%(org)s)",
    "select board.drain_cohorts(%(org)s)",
    "select board.fold(%(org)s)",
    "select board.refresh_stale_dashboards(%(org)s)",
    "select board.prune_queue()",
)


def _change(session: Session, dice: random.Random, names: dict[str, Any], shown: Any, tables: Any) -> str:
    """Change a fact, or something else, in the session's transaction; return what."""
    if dice.random() < 0.25:
        statement = dice.choice(OPERATIONS)
        with _savepoint(session):
            session.execute(statement.encode(), {**names, "some": dice.randrange(100)})
        return statement[:40]
    table = dice.choice(list(tables))
    random_change(session, dice, table, tables[table], names, shown)
    return str(table)


@contextmanager
def _savepoint(session: Session) -> Iterator[None]:
    session.execute("select 1")
    with session.transaction():
        yield


@contextmanager
def _sides(database: Database, org: int) -> Iterator[tuple[list[Session], Session, Kept]]:
    """Two sessions that change facts, a worker, and a cache that holds what everybody may ask."""
    options = "-c lock_timeout=20ms"
    with (
        database.connect() as db,
        database.connect("homeroom_api") as api,
        database.connect(autocommit=False, options=options) as one,
        database.connect(autocommit=False, options=options) as two,
        database.connect(options=options) as worker,
    ):
        db.execute(
            "create table tests_roles as select org_id, person_id, role from school.person_role "
            "where org_id = %s",
            (org,),
        )
        kept = Kept(api, questions(db, org))
        kept.catch_up()
        yield [one, two], worker, kept


def _live(
    database: Database, org: int, names: dict[str, Any], shown: Any, seed: int, commits: int
) -> tuple[list[Any], Counter[str], Counter[str]]:
    """Let sessions change this and that at once, until so many commits, or something held is wrong.

    Return what was held wrongly, what was changed, and how often answers stayed and went.
    """
    dice = random.Random(seed)
    columns: dict[str, list[str]] = {table: [] for table in shown}
    for table, column, _ in columns_of(database):
        if table in columns and (table, column) != ("interaction", "id"):
            columns[table].append(column)
    names = {**names, "org": org}
    changes: Counter[str] = Counter()
    held: Counter[str] = Counter()
    with _sides(database, org) as (sessions, worker, kept):
        while held["commits"] < commits:
            session = dice.choice(sessions)
            step = dice.choices(["change", "commit", "rollback", "work", "read"], [40, 25, 2, 12, 12])[0]
            try:
                if step == "change":
                    changes[_change(session, dice, names, shown, columns)] += 1
                    if dice.random() < 0.9:
                        continue  # nobody else sees it
                elif step == "commit":
                    # Mostly so that nothing but this transaction makes a difference.
                    if dice.random() < 0.7:
                        kept.read()
                    session.commit()
                    held["commits"] += 1
                elif step == "rollback":
                    session.rollback()
                elif step == "work":
                    worker.execute(dice.choice(WORKER).encode(), names)
                else:
                    kept.read(dice.sample(kept.questions, len(kept.questions) // 2))
            except REFUSED:
                if step == "commit":
                    session.rollback()
                continue
            except psycopg.errors.RaiseException:
                continue
            except psycopg.DatabaseError as error:
                if not (error.sqlstate or "").startswith("HR"):
                    raise
                continue
            held["gone"] += kept.catch_up()
            held["stayed"] += len(kept.entries)
            wrong = kept.wrong()
            if wrong:
                return [(seed, step, dict(changes), *wrong)], changes, held
        for session in sessions:
            session.rollback()
        # In the end all of it goes, in whatever order.
        for table in dice.sample(["submission", "course", "mission", "cohort", "track", "person"], 6):
            kept.read()
            worker.execute("set lock_timeout = 0")
            worker.execute(f"delete from school.{table} where org_id = %s".encode(), (org,))
            held["gone"] += kept.catch_up()
            wrong = kept.wrong()
            if wrong:
                return [(seed, f"delete {table}", *wrong)], changes, held
    return [], changes, held


def _merged(*parts: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """All columns that any of these shows."""
    tables = {table for part in parts for table in part}
    return {
        table: {name: way for part in parts for name, way in part.get(table, {}).items()}
        for table in sorted(tables)
    }


def _of_rich(rich: Rich) -> tuple[Database, int, dict[str, Any], Any]:
    """A school of students, and of all who look after them; and its directors."""
    with rich.database.connect() as db:
        rich.names["far"] = dashboards.noon_zone(half_a_day_away=True)
        staffed(db, rich)
        for name, students in (("peg", ("ann", "ben")), ("pip", ("cid",))):
            parent = school.make_person(db, rich.org, "parent", name=name)
            for student in students:
                school.make_guardian(db, rich.org, parent, rich.names[student])
        director = school.make_person(db, rich.org, "director", name="dora")
        school.make_person(db, rich.org, "admin", name="abe")
        db.execute("update school.track set director_id = %s", (director,))
        db.execute("select board.refresh_leaderboard(%s)", (rich.org,))
    return rich.database, rich.org, rich.names, _merged(SHOWN, SHOWN_TO_OTHERS)


@pytest.fixture
def faculty(cluster: Cluster) -> Iterator[Faculty]:
    """A school as directors see it, of one test."""
    with cluster.prepared(make_faculty) as (database, (org, names)):
        yield Faculty(database, org, dict(names))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
def test_nothing_held_is_wrong_while_students_work(rich: Rich, seed: int) -> None:
    database, org, names, shown = _of_rich(rich)
    found, changes, held = _live(database, org, names, shown, seed, 120 if database.version == 18 else 40)
    assert found == []
    assert len(changes) > 20 and held["stayed"] > held["gone"] > 100, (changes, held)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
def test_nothing_held_is_wrong_while_cohorts_change(faculty: Faculty, seed: int) -> None:
    database, org, names = faculty.database, faculty.org, faculty.names
    found, changes, held = _live(
        database, org, names, SHOWN_TO_DIRECTORS, seed, 60 if database.version == 18 else 25
    )
    assert found == []
    assert len(changes) > 10 and held["stayed"] > held["gone"] > 100, (changes, held)


MARKS = "board.mark_tags(bigint,text,uuid,uuid,uuid)"
DOCUMENTS = "board.document_tags(text,uuid,uuid[])"


def _break(database: Database, function: str, right: str, wrong: str) -> None:
    with database.connect() as db:
        row = db.execute("select pg_get_functiondef(%s::regprocedure)", (function,)).fetchone()
        assert row and right in row[0], row
        db.execute(row[0].replace(right, wrong).encode())


@pytest.mark.long
@pytest.mark.parametrize(
    ("function", "right", "wrong"),
    [
        (MARKS, "'t' || course_id]", "'x' || course_id]"),
        (MARKS, "array['s' || subject_id, 'c' || subject_id, 't' || course_id]", "array['s' || subject_id]"),
        (MARKS, "return array['s' || subject_id];", "return '{}';"),
        (MARKS, "'{org}'::text[]", "'{}'::text[]"),
        (MARKS, "array['s' || subject_id, 'c' || subject_id, 't' || subject_id, 'd' || subject_id]", "'{}'"),
    ],
)
def test_a_lost_tag_is_noticed(rich: Rich, function: str, right: str, wrong: str) -> None:
    database, org, names, shown = _of_rich(rich)
    _break(database, function, right, wrong)
    found, changes, _ = _live(database, org, names, shown, 5, 400)
    assert found, changes


@pytest.mark.long
@pytest.mark.parametrize(
    ("function", "right", "wrong"),
    [
        (MARKS, "array['a', case", "array['x', case"),
        (MARKS, "'d' || cohort_id end]", "'x' end]"),
        (MARKS, "'d' || cohort_id end]", "'d' || cohort_id end]; return tags"),
    ],
)
def test_a_lost_tag_of_directors_is_noticed(faculty: Faculty, function: str, right: str, wrong: str) -> None:
    _break(faculty.database, function, right, wrong)
    found, changes, _ = _live(faculty.database, faculty.org, faculty.names, SHOWN_TO_DIRECTORS, 5, 400)
    assert found, changes


# What an operator changes behind the triggers, as a restore of a table does, and then has computed anew:
# what was changed tells nobody, and no right has changed.
BEHIND = (
    "set session_replication_role = replica",
    "update school.person set name = name || '!'",
    "update school.cohort set name = name || '!'",
    "set session_replication_role = origin",
)
ANEW = ("select board.mark_dashboards(%(org)s)", "select board.mark_directors(%(org)s)")


def _anew(database: Database, org: int) -> set[str]:
    """Of which functions something is held wrongly after that."""
    with database.connect() as db, _sides(database, org) as (_sessions, _worker, kept):
        _settle(kept)
        for statement in BEHIND + ANEW:
            db.execute(statement.encode(), {"org": org} if "%" in statement else None)
        kept.catch_up()
        assert kept.told["people"] == [] and not kept.told["flush"]
        return {question.function for question, *_ in kept.wrong()}


@pytest.mark.parametrize(
    ("right", "wrong", "noticed"),
    [
        ("", "", set()),
        (
            "array['c' || subject_id];",
            "'{}';",
            {"parent_dashboard", "parent_student_performance", "tutor_dashboard"},
        ),
        ("return array['t' || subject_id];", "return '{}';", {"teacher_dashboard"}),
    ],
)
def test_what_an_operator_has_computed_anew_is_not_held(
    rich: Rich, right: str, wrong: str, noticed: set[str]
) -> None:
    database, org, _, _ = _of_rich(rich)
    if right:
        _break(database, MARKS, right, wrong)
    assert _anew(database, org) == noticed


@pytest.mark.parametrize(
    ("right", "wrong", "noticed"),
    [
        ("", "", set()),
        ("when cohort_id is null then 'd'", "when cohort_id is null then 'x'", {"director_cohort"}),
        ("array['a', case", "array['x', case", {"director_summary"}),
    ],
)
def test_nor_of_directors(faculty: Faculty, right: str, wrong: str, noticed: set[str]) -> None:
    if right:
        _break(faculty.database, MARKS, right, wrong)
    assert _anew(faculty.database, faculty.org) == noticed


def _settle(kept: Kept) -> None:
    """Hold everything, also once the alerts are shown that reading has opened."""
    for _ in range(3):
        kept.catch_up()
        kept.read()
    assert kept.catch_up() == 0 and len(kept.entries) > 10


def _held(kept: Kept) -> set[tuple[str, Any, Any]]:
    """What is held: of which function, for whom, and about whom."""
    return {
        (q.function, q.person, q.arguments[0] if "parent_s" in q.function else None) for q in kept.entries
    }


def test_a_classmates_graded_work_leaves_mine(rich: Rich) -> None:
    """It goes from those who show it: the student's own, the teacher's, the parents' and the tutors'."""
    database, org, names, _ = _of_rich(rich)
    with database.connect() as db, _sides(database, org) as (_sessions, _worker, kept):
        _settle(kept)
        every = _held(kept)
        work = school.make_assignment(db, org, names["course"])
        kept.catch_up()
        kept.read()
        assert _held(kept) == every
        school.submit(db, org, work, names["ben"], 70)
        kept.catch_up()
        # Peg is Ben's parent, Tom teaches the course.
        parents = {
            row[0]
            for row in db.execute(
                "select parent_id from school.guardian where student_id = %s", (names["ben"],)
            )
        }
        assert every - _held(kept) == {
            ("student_dashboard", names["ben"], None), ("student_performance", names["ben"], None),
            ("teacher_dashboard", names["tom"], None),
            *(("parent_dashboard", parent, None) for parent in parents),
            *(("parent_student_performance", parent, names["ben"]) for parent in parents),
        }  # fmt: skip
        assert kept.wrong() == []


def test_what_a_student_does_beside_work_leaves_everybody_elses(rich: Rich) -> None:
    database, org, names, _ = _of_rich(rich)
    with database.connect() as db, _sides(database, org) as (_sessions, _worker, kept):
        _settle(kept)
        every = _held(kept)
        dashboards.add(db, org, "habit", student_id=names["ann"], title="swimming")
        kept.catch_up()
        assert every - _held(kept) == {("student_dashboard", names["ann"], None)}


def test_another_place_is_told_to_whom_it_concerns(rich: Rich) -> None:
    """The time of the ranking moves for all, and is told to nobody."""
    database, org, names, _ = _of_rich(rich)
    with database.connect() as db, _sides(database, org) as (_sessions, _worker, kept):
        _settle(kept)
        every = _held(kept)
        db.execute("select board.refresh_leaderboard(%s)", (org,))
        kept.catch_up()
        assert _held(kept) == every and kept.wrong() == []
        dashboards.add(db, org, "point_award", student_id=names["ben"], points=99, reason="diligence")
        kept.catch_up()
        kept.read()
        db.execute("select board.refresh_leaderboard(%s)", (org,))
        kept.catch_up()
        assert every - _held(kept) == {("student_dashboard", names["ben"], None)}
        assert kept.wrong() == []


def test_who_loses_a_right_is_named(rich: Rich) -> None:
    database, org, names, _ = _of_rich(rich)
    with database.connect() as db, _sides(database, org) as (_sessions, _worker, kept):
        kept.read()
        for change in (
            "update school.person set is_active = false where id = %(tom)s",
            "update school.person set is_active = true where id = %(tom)s",
            "delete from school.person_role where person_id = %(tom)s",
        ):
            db.execute(change.encode(), names)
            kept.catch_up()
            assert kept.told["people"] == [[org, str(names["tom"])]], change
            assert ("teacher_dashboard", names["tom"], None) not in _held(kept)
            kept.read()
        assert ("teacher_dashboard", names["tom"], None) not in _held(kept)
        assert kept.wrong() == []


def test_what_commits_late_is_told_when_it_does(rich: Rich) -> None:
    """However many came and went meanwhile."""
    database, org, names, _ = _of_rich(rich)
    with database.connect() as db, _sides(database, org) as ((writer, _other), _worker, kept):
        _settle(kept)
        dashboards.add(writer, org, "badge", student_id=names["ann"], name="moon")
        for number in range(3):
            dashboards.add(db, org, "badge", student_id=names["ben"], name=f"star {number}")
            kept.read()
            kept.catch_up()
            assert [tag for _org, tags in kept.told["tags"] for tag in tags] == [f"s{names['ben']}"]
        kept.read()
        writer.commit()
        assert kept.catch_up() == 3
        assert kept.told["tags"] == [[org, [f"s{names['ann']}"]]]
        kept.read()
        assert kept.catch_up() == 0 and kept.told["tags"] == []


@pytest.mark.parametrize(
    "cursor",
    [None, "", "nonsense", "0123456789ab.5:5:", "{epoch}.5:99999999999:", "{epoch}.7:5:", "{epoch}.1:1:"],
)
def test_a_cursor_that_cannot_be_honoured_flushes(rich: Rich, cursor: str | None) -> None:
    """The last one is a right one, of before all that has been forgotten."""
    with rich.database.connect() as db, rich.database.connect("homeroom_api") as api:
        kept = Kept(api, questions(db, rich.org))
        kept.catch_up()
        db.execute("update board.dashboard_update_queue set processed_at = now() - interval '9 days'")
        db.execute("select board.prune_queue()")
        good = kept.told["cursor"]
        kept.read()
        kept.told["cursor"] = cursor and cursor.replace("{epoch}", good.split(".")[0])
        assert kept.catch_up() > 0
        assert kept.told["flush"] and kept.entries == {} and kept.told["tags"] == []
        kept.catch_up()
        assert not kept.told["flush"], "with the cursor that came it goes on"


def test_another_epoch_flushes_and_brings_no_marks_of_the_future(rich: Rich) -> None:
    database, org = rich.database, rich.org
    with database.connect() as db, _sides(database, org) as (_sessions, _worker, kept):
        kept.read()
        # As a restored dump: marks of transactions that are still to come here.
        db.execute("update board.dashboard_update_queue set txid = '99999999'")
        db.execute("update feed.pruned set txid = '99999998'")
        db.execute("update feed.epoch set database = 1")
        kept.catch_up()
        assert kept.told["flush"]
        _settle(kept)
        dashboards.add(db, org, "badge", student_id=rich.names["ann"], name="moon")
        kept.catch_up()
        assert not kept.told["flush"] and kept.told["tags"] == [[org, [f"s{rich.names['ann']}"]]]


def test_a_mark_that_is_forgotten_before_it_was_told_flushes(rich: Rich) -> None:
    """Its own transaction has processed it, and stays open for longer than marks are kept."""
    database, org, names = rich.database, rich.org, rich.names
    with database.connect() as db, _sides(database, org) as ((writer, _other), _worker, kept):
        dashboards.add(writer, org, "badge", student_id=names["ann"], name="moon")
        writer.execute("select board.refresh_students(%s, array[%s])", (org, names["ann"]))
        writer.execute(
            "update board.dashboard_update_queue set processed_at = now() - interval '2 hours' "
            "where processed_at is not null"
        )
        kept.catch_up()
        kept.read()
        writer.commit()
        db.execute("select board.prune_queue()")
        kept.catch_up()
        assert kept.told["flush"]
        kept.read()
        assert kept.wrong() == []
        kept.catch_up()
        assert not kept.told["flush"]


def test_much_at_once_is_an_organizations_flush(rich: Rich) -> None:
    database, org = rich.database, rich.org
    with database.connect() as db, _sides(database, org) as (_sessions, _worker, kept):
        other = school.make_org(db)
        kept.catch_up()
        kept.read()
        insert = (
            "insert into board.dashboard_update_queue (org_id, subject, subject_id, reason) "
            "select %s, 'student', gen_random_uuid(), 'x' from generate_series(1, %s)"
        )
        db.execute(insert, (other, 20000))
        kept.catch_up()
        assert kept.told["flush_orgs"] == [] and len(kept.told["tags"][0][1]) == 20000
        db.execute(insert, (other, 20001))
        assert kept.catch_up() == 0
        assert kept.told["flush_orgs"] == [other] and kept.told["tags"] == []
        db.execute(insert, (org, 60000))
        assert kept.catch_up() > 0
        assert kept.told["flush"]
        assert kept.catch_up() == 0 and not kept.told["flush"]


def test_a_process_is_not_told_what_its_own_transaction_did(rich: Rich) -> None:
    with rich.database.connect(autocommit=False) as db:
        row = db.execute("select feed.stale(null)").fetchone()
        dashboards.add(db, rich.org, "badge", student_id=rich.names["ann"], name="moon")
        cursor = json.loads(row[0])["cursor"] if row else None
        row = db.execute("select feed.stale(%s)", (cursor,)).fetchone()
        assert row and json.loads(row[0])["tags"] == []
        db.commit()
        row = db.execute("select feed.stale(%s)", (json.loads(row[0])["cursor"],)).fetchone()
        assert row and json.loads(row[0])["tags"] == [[rich.org, [f"s{rich.names['ann']}"]]]


def test_the_answer_says_until_when(rich: Rich) -> None:
    """Of what time alone changes, until then; and what a transaction that began before reads, no longer."""
    database, org, names, _ = _of_rich(rich)
    with database.connect() as db, database.connect("homeroom_api") as api:
        asked = {question: question.ask(api) for question in questions(db, org)}
        assert {bool(answer and 800 < answer[2] <= 900) for answer in asked.values()} == {True}
        dashboards.add(db, org, "milestone", cohort_id=names["cohort"], title="soon",
                       due_at=datetime.now(UTC) + timedelta(seconds=100))  # fmt: skip
        answer = Question("student_dashboard", org, names["ann"], "student", (True, True)).ask(api)
        assert answer and 90 < answer[2] <= 100
        document = json.loads(answer[0])
        assert said(answer[0]) != document and said(answer[0]).keys() < document.keys()
