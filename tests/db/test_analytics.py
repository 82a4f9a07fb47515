"""The analyst's way in: each view against a plain recount, who sees its rows, its documentation."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest

from db import reference
from tests.support import school
from tests.support.analytics import CHANGES, OVERALL, SUMS, VIEWS, difference, unlike
from tests.support.servers import Cluster, Database

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/analysts.md").read_text()
NOTHING = "-- no row"  # how a query of the page begins that must find nothing

Session = psycopg.Connection[Any]


@dataclass
class World:
    """Two schools whose facts have changed since they were made, and an analyst's login in each."""

    database: Database
    home: int
    other: int
    analyst: str
    stranger: str


def _two_schools(db: Session) -> tuple[int, int]:
    home = _one(db, "select ops.seed_school('Doc', 60, current_date)")
    other = _one(db, "select ops.seed_school('Other', 20, current_date)")
    db.execute(CHANGES.encode())
    return home, other


@pytest.fixture
def world(cluster: Cluster) -> Iterator[World]:
    with cluster.prepared(_two_schools) as (database, (home, other)):
        yield from _with_logins(database, home, other)


def _with_logins(database: Database, home: int, other: int) -> Iterator[World]:
    with database.connect() as db:
        logins = [_login(db, f"{database.name}_analyst_{org}", org) for org in (home, other)]
        yield World(database, home, other, *logins)
    with database.connect() as db:
        for login in logins:
            end = "select pg_terminate_backend(pid, 1000) from pg_stat_activity where usename = %s"
            db.execute(end, (login,))
            db.execute(f"drop role {login}")


def _login(db: Session, name: str, org: int) -> str:
    person = school.make_person(db, org, "analyst")
    db.execute(f"create role {name} login in role homeroom_analyst")
    db.execute("insert into auth.db_login values (%s, %s, %s, 'analyst')", (name, org, person))
    return name


def _one(db: Session, query: str) -> Any:
    row = db.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_each_view_equals_a_plain_recount(world: World) -> None:
    with world.database.connect() as db:
        views = db.execute("select viewname from pg_views where schemaname = 'analytics'")
        assert {name for (name,) in views} == set(VIEWS)
        for view in VIEWS:
            assert _one(db, f"select count(*) from analytics.{view} where org_id = {world.home}") > 0
            assert difference(db, view) == [], view


def test_a_view_that_is_wrong_is_seen(world: World) -> None:
    """A regrade that no trigger has heard of makes every view of kept numbers differ from its recount."""
    with world.database.connect() as db:
        db.execute("set session_replication_role = replica")
        db.execute("""
            update school.submission as s set grade = grade / 2 where grade > 1 and exists (
                select from school.enrollment as e
                where e.student_id = s.student_id and e.course_id = s.course_id and e.status = 'active'
            )
        """)
        for view in ("organization", "course", "student", "student_course"):
            assert difference(db, f"{view}_performance"), view


def test_history_agrees_with_the_function_behind_the_api(world: World) -> None:
    with world.database.connect(world.analyst) as session:
        for since in ("date '2000-01-01'", "current_date - 30"):
            view = f"""
                select student_id, day, {SUMS}
                from analytics.student_performance_history where day >= {since}
            """
            function = f"""
                select s.student_id, h.day, {SUMS}
                from (select student_id from analytics.student_performance) as s
                cross join lateral board.performance_history(s.student_id, {since}) as h
            """
            assert session.execute(view.encode()).fetchone()
            assert unlike(session, view, function) == []


def test_history_ends_with_the_students_numbers(world: World) -> None:
    with world.database.connect(world.analyst) as session:
        columns = f"student_id, {SUMS}, {OVERALL}"
        now = f"select {columns} from analytics.student_performance where overall_average_score is not null"
        assert session.execute(now.encode()).fetchone()
        last = f"""
            select {columns} from (
                select distinct on (student_id) * from analytics.student_performance_history
                order by student_id, day desc
            ) as h
        """
        assert unlike(session, now, last) == []


def test_the_backlog_adds_up_to_the_courses_ungraded(world: World) -> None:
    with world.database.connect(world.analyst) as session:
        courses = """
            select course_id, ungraded_submissions::numeric
            from analytics.course_performance where ungraded_submissions > 0
        """
        assert session.execute(courses).fetchone()
        backlog = "select course_id, sum(ungraded_submissions) from analytics.grading_backlog group by 1"
        assert unlike(session, courses, backlog) == []


def test_analysts_see_their_own_organization_alone(world: World) -> None:
    with (
        world.database.connect() as db,
        world.database.connect(world.analyst) as ours,
        world.database.connect(world.stranger) as theirs,
    ):
        for view in VIEWS:
            query = f"select org_id, count(*) from analytics.{view} group by org_id".encode()
            everything = dict(db.execute(query).fetchall())
            for session, org in ((ours, world.home), (theirs, world.other)):
                assert everything[org] > 0
                assert dict(session.execute(query).fetchall()) == {org: everything[org]}


def test_directors_read_no_view_without_row_rules(world: World) -> None:
    granted = "select has_table_privilege(%s, 'analytics.' || %s, 'select')"
    with world.database.connect() as db:
        for view in VIEWS:
            of_cohorts = view == "cohort_performance"
            for role, may in (
                ("analyst", True), ("admin", True), ("director", of_cohorts), ("mentor", of_cohorts),
                ("teacher", False),
            ):  # fmt: skip
                assert db.execute(granted, (f"homeroom_{role}", view)).fetchone() == (may,)


@pytest.mark.parametrize(
    ("view", "column"),
    [
        ("student_performance", "student_id"),
        ("student_course_performance", "student_id"),
        ("student_course_performance", "course_id"),
        ("course_performance", "course_id"),
        ("student_performance_history", "student_id"),
        ("grading_backlog", "course_id"),
        ("activity", "student_id"),
        ("activity", "course_id"),
    ],
)
def test_a_condition_reaches_the_facts(world: World, view: str, column: str) -> None:
    """An analyst who asks for one student or course has no large table read for all the others."""
    large = r"enrollment|submission|quiz_attempt|interaction|student_.*performance|course_rollup|work_delta"
    with world.database.connect() as db:
        db.execute("analyze")
        some = f"from analytics.{view} where org_id = {world.home} and {column} is not null limit 1"
        key = _one(db, f"select {column} {some}")
    with world.database.connect(world.analyst) as session:
        plan = _one(session, f"explain (format json) select * from analytics.{view} where {column} = '{key}'")
    scans = [node for node in _nodes(plan[0]["Plan"]) if re.match(large, node.get("Relation Name", ""))]
    assert scans
    assert [scan["Relation Name"] for scan in scans if not _narrowed(scan, str(key))] == []


def _narrowed(scan: dict[str, Any], key: str) -> bool:
    """Whether a scan, or the index search below a bitmap's, looks for the key."""
    kinds = ("Index Cond", "Recheck Cond", "Filter")
    return any(key in str(node.get(kind)) for node in _nodes(scan) for kind in kinds)


def test_a_condition_on_time_spares_the_other_months(world: World) -> None:
    query = "explain (format json) select day, count(*) from analytics.activity where {} group by day"
    with world.database.connect(world.analyst) as session:

        def partitions(condition: str) -> int:
            nodes = _nodes(_one(session, query.format(condition))[0]["Plan"])
            return len({n["Relation Name"] for n in nodes if "interaction" in n.get("Relation Name", "")})

        everything = partitions("day = current_date")
        assert everything > 4
        assert partitions("occurred_at >= now() - interval '7 days'") < everything
        # A day at a month's end has two; and what has no month yet lies in one of its own.
        assert partitions("occurred_at >= current_date - 1 and occurred_at < current_date") <= 3
        assert partitions("occurred_at >= '2020-01-01' and occurred_at < '2020-02-01'") == 1


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def undocumented(db: Session) -> list[str]:
    """Columns without comment; views without question and example, org_id or invoker's rights."""
    rows = db.execute(r"""
        with seen as (
            select c.oid, c.relname, c.reloptions, obj_description(c.oid, 'pg_class') as comment
            from pg_class as c
            where c.relnamespace = 'analytics'::regnamespace and c.relkind in ('v', 'm', 'r', 'p')
        )
        select s.relname || '.' || a.attname
        from seen as s
        join pg_attribute as a on a.attrelid = s.oid and a.attnum > 0
        where coalesce(col_description(s.oid, a.attnum), '') = ''
        union all
        select s.relname
        from seen as s
        where (s.comment ~ '^[^\n]*\?.*\nExample: select [^\n]*;$') is not true
            or not coalesce('security_invoker=true' = any (s.reloptions), false)
            or not exists (select from pg_attribute as a where a.attrelid = s.oid and a.attname = 'org_id')
    """)
    return sorted(name for (name,) in rows)


def test_every_view_and_column_says_what_it_is(database: Database) -> None:
    with database.connect() as db:
        assert undocumented(db) == []


def test_an_undocumented_view_is_seen(database: Database) -> None:
    with database.connect() as db:
        db.execute("create view analytics.bad with (security_invoker = true) as select 1 as org_id, 2 as n")
        db.execute("comment on column analytics.bad.org_id is 'The organization.'")
        assert undocumented(db) == ["bad", "bad.n"]
        db.execute("comment on column analytics.bad.n is 'Two.'")
        db.execute("comment on view analytics.bad is 'How many?\nExample: select n from analytics.bad;'")
        assert undocumented(db) == []
        db.execute("alter view analytics.bad reset (security_invoker)")
        assert undocumented(db) == ["bad"]


def test_the_examples_in_the_comments_run(world: World) -> None:
    comment = "select obj_description(('analytics.' || %s)::regclass)"
    with world.database.connect(world.analyst) as session:
        found = session.execute("""
            select student_id, student_name from analytics.student_performance where overall_average_score > 0
        """).fetchone()
        assert found
        student, name = found
        for view in VIEWS:
            (text,) = session.execute(comment, (view,)).fetchone() or ("",)
            example = text.partition("Example: ")[2].replace("…", str(student)).replace("Ada Lovelace", name)
            assert session.execute(example.encode()).fetchone(), example


def test_the_reference_is_what_the_database_says(database: Database) -> None:
    committed = (ROOT / "docs/reference.md").read_text()
    with database.connect() as db:
        assert reference.markdown(db) == committed, "the comments have changed: run `make reference`"
        db.execute("comment on column school.person.name is 'Something new.'")
        assert reference.markdown(db) != committed


def test_the_queries_of_the_page_run(world: World) -> None:
    queries = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    assert len(queries) >= 10
    with world.database.connect(world.analyst) as session:
        for query in queries:
            found = session.execute(query.encode()).fetchall()
            assert bool(found) is not query.startswith(NOTHING), query


def test_the_pages_proofs_find_a_planted_difference(world: World) -> None:
    proofs = re.findall(rf"```sql\n({NOTHING}.*?)```", PAGE, re.DOTALL)
    assert len(proofs) == 2
    with world.database.connect() as db:
        db.execute(
            "update board.student_course_performance set assignment_score_sum = 1 + assignment_score_sum"
        )
        db.execute("""
            insert into board.work_delta (org_id, course_id, ungraded_submissions)
            select org_id, id, 1 from school.course
        """)
    with world.database.connect(world.analyst) as session:
        for proof in proofs:
            assert session.execute(proof.encode()).fetchall()


def test_the_python_of_the_page_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the real driver, and stand-ins for the two libraries that Homeroom does not depend on."""
    pandas, sqlalchemy = ModuleType("pandas"), ModuleType("sqlalchemy")

    def read_sql(query: str, url: str, params: dict[str, object]) -> list[tuple[Any, ...]]:
        with psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:", 1)) as session:
            return session.execute(re.sub(r":(\w+)", r"%(\1)s", query).encode(), params).fetchall()

    vars(pandas)["read_sql"] = read_sql
    vars(sqlalchemy).update(create_engine=str, text=str)
    monkeypatch.setitem(sys.modules, "pandas", pandas)
    monkeypatch.setitem(sys.modules, "sqlalchemy", sqlalchemy)
    url = world.database.url(world.analyst).replace("postgresql:", "postgresql+psycopg:", 1)
    monkeypatch.setenv("HOMEROOM_ANALYST_URL", url)
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(block, "docs/analysts.md", "exec"), names)
    assert names["courses"]
