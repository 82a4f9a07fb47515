"""What a tier does not see leaves the database by no way; to each way a control: the value is there."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from api.student_documents import has_path
from tests.api.student import ACTION, ACTIONS, DASHBOARD, body_of
from tests.api.support import People, School, bearer, school_of, token
from tests.support import program as programs
from tests.support import school as build
from tests.support.dashboards import refresh
from tests.support.patches import MESSAGE
from tests.support.program import Own, Program
from tests.support.servers import Cluster
from tests.support.streams import sse

MASKS = {
    ("readiness", "gaps"): "upgrade_required",
    ("readiness", "time_to_ready"): None,
    ("ai_nudge",): "upgrade_required",
    ("ai_nudge_id",): None,
    ("leaderboard", "percentile"): None,
    ("cards", "portfolio", "health"): None,
}
ROOMS = ("school", "board", "analytics", "ops", "api", "auth", "ingest", "public")

# Facts of Ada that no other number resembles, of which the masked values are made.
PLANT = """
update school.competency_score set level = 13.371337 where student_id = %(ada)s;
update school.readiness_score set score = 61.234567 - (now()::date - scored_at::date) * 0.003789
where student_id = %(ada)s;
update school.portfolio_item set quality = 71.372915
where student_id = %(ada)s and reviewed_at is not null;
"""


@dataclass
class World:
    """Ada, of the free tier, among seven others of her cohort, and what she is not to see."""

    school: School
    db: psycopg.Connection[Any]
    program: Program
    own: Own
    secrets: dict[str, str]
    """What is masked, as it would be written, by a name for it: and the facts that it is made of."""

    def seen(self, text: str) -> set[str]:
        """Which secrets a text holds."""
        return {name for name, secret in self.secrets.items() if re.search(_alone(secret), text)}

    def read(self, **params: Any) -> Any:
        """Ada's dashboard."""
        answer = self.school.get(DASHBOARD, self.school.ada, "student", None, **params)
        assert answer.status_code == 200, answer.text
        return answer

    def subscribe(self, tier: str) -> None:
        """Give Ada a tier."""
        self.db.execute(
            "update school.subscription set tier = %s where student_id = %s", (tier, self.school.ada)
        )

    @property
    def claims(self) -> str:
        """What Ada's token says."""
        return json.dumps({"sub": str(self.school.ada), "org": self.school.org, "role": "student"})


NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


def _alone(secret: str) -> str:
    """A pattern for a text; a number only where it stands alone, not in a time, id, name or other number."""
    return (
        rf"(?<![\w.:-])(?<![a-z] ){re.escape(secret)}(?![\w.:-])"
        if NUMBER.fullmatch(secret)
        else re.escape(secret)
    )


DERIVED = {"gaps", "time_to_ready", "nudge", "nudge id", "percentile", "health"}


class Secretive(People):
    """Ada and seven others in a cohort, computed, ranked and analyzed; and Ada's secrets."""

    def __init__(self, db: psycopg.Connection[Any]) -> None:
        super().__init__(db)
        self.program = programs.make_program(db, self.org)
        self.own = programs.enter(db, self.program, self.ada, tier="free", points=200)
        others = [build.make_person(db, self.org, "student") for _ in range(7)]
        for place, other in enumerate(others):
            programs.enter(db, self.program, other, points=100 + 150 * place)
        db.execute(sql.SQL(PLANT).format().as_string(db).replace("%(ada)s", f"'{self.ada}'").encode())
        db.execute(
            "update school.ai_nudge set message = 'Quite alone ' || id where student_id = %s", (self.ada,)
        )
        db.execute("select board.refresh_leaderboard(%s)", (self.org,))
        db.execute("select board.drain_for_a_while(%s)", (self.org,))
        db.execute("analyze")
        row = db.execute(
            "select c.time_to_ready::text, c.portfolio_health::text, l.percentile::text, n.message "
            "from board.student_dashboard_cache as c "
            "join board.leaderboard as l using (org_id, student_id) "
            "join school.ai_nudge as n using (org_id, student_id) where c.student_id = %s",
            (self.ada,),
        ).fetchone()
        assert row is not None
        days, health, percentile, nudge = row
        self.secrets = {
            "gaps": "Statistics",
            "time_to_ready": days,
            "nudge": nudge,
            "nudge id": str(self.own.nudge),
            "percentile": percentile,
            "health": health,
            "level": "13.371337",
            "old score": "61.219411",
            "quality": "71.372915",
        }


@pytest.fixture
def world(cluster: Cluster) -> Iterator[World]:
    """The world of one test."""
    with (
        cluster.prepared(Secretive) as (database, people),
        school_of(database, people) as school,
        database.connect() as db,
    ):
        yield World(school, db, people.program, people.own, people.secrets)


# --- The document


def test_the_free_tier_sees_none_of_it_and_premium_all(world: World) -> None:
    for include in (True, False):
        params = {"include_notifications": include, "include_ai_nudge": include}
        answer = world.read(**params)
        assert world.seen(answer.text) == set()
        for path, instead in MASKS.items():
            if include or not path[0].startswith("ai_nudge"):
                assert value_at(answer.json(), path) == instead, path
    world.subscribe("premium")
    answer = world.read()
    assert world.seen(answer.text) == DERIVED
    for path, instead in MASKS.items():
        assert value_at(answer.json(), path) not in (None, instead), path


def value_at(document: Any, path: tuple[str, ...]) -> Any:
    """What stands at a path."""
    for key in path:
        document = document[key]
    return document


def test_no_endpoint_tells_it(world: World) -> None:
    """Whatever the API has, with a student's token and everybody's ids."""
    paths = world.school.client.get("/schema/openapi.json").json()["paths"]
    told = ""
    for path, methods in paths.items():
        lasts = 2 if path.endswith("/stream") else 60  # it ends with the token
        for name in (world.school.ada, world.own.nudge):
            for method in methods:
                url = path.replace("{", "").replace("}", "") if "{" not in path else path
                for parameter in methods[method].get("parameters", []):
                    url = url.replace("{" + parameter["name"] + "}", str(name))
                assert "{" not in url
                headers = bearer(
                    token(world.school.ada, world.school.org, "student", exp=int(time.time()) + lasts)
                )
                told += world.school.client.request(method, url, headers=headers).text
    assert '"readiness"' in told
    assert world.seen(told) - {"nudge id"} == set()  # 404 and 422 say no value; the id was ours


@pytest.mark.parametrize("tier", ["free", "premium"])
def test_no_action_answers_it(world: World, tier: str) -> None:
    """Not even to those who may see it: an answer to an action holds nothing of the dashboard."""
    world.subscribe(tier)
    told = ""
    for name, key in itertools.product(ACTIONS, (None, "a key", "a key")):
        headers = bearer(token(world.school.ada, world.school.org, "student"))
        answer = world.school.client.post(
            ACTION,
            headers=headers | ({"Idempotency-Key": f"{key} {name}"} if key else {}),
            json=body_of(name, (world.program, world.own)),
        )
        assert answer.status_code == 202, answer.text
        told += answer.text
    assert world.seen(told) == set()
    dashboard = world.read()
    assert world.seen(dashboard.text) == (
        DERIVED - {"nudge", "nudge id", "health"} if tier == "premium" else set()
    )


# --- SQL

Session = psycopg.Connection[Any]


def as_the_api(world: World) -> Session:
    """Ada's transaction as the API makes one; whoever asks may set more."""
    session = world.school.database.connect("homeroom_api")
    session.execute("set role homeroom_student")
    session.execute("select set_config('request.jwt.claims', %s, false)", (world.claims,))
    return session


def as_the_api_boasting(world: World) -> Session:
    """The same, with claims that a token never has."""
    session = as_the_api(world)
    boast = json.loads(world.claims) | {"tier": "premium", "is_admin": True, "roles": ["admin", "student"]}
    session.execute("select set_config('request.jwt.claims', %s, false)", (json.dumps(boast),))
    return session


def as_a_login(world: World) -> Session:
    """A login of Ada's own. There is no such thing; here the rule that forbids it is taken away."""
    login = f"ada_{world.school.database.name}"
    world.db.execute("alter table auth.db_login drop constraint db_login_role_reads_sql")
    world.db.execute(f"create role {login} login in role homeroom_student".encode())
    world.db.execute(
        "insert into auth.db_login values (%s, %s, %s, 'student')",
        (login, world.school.org, world.school.ada),
    )
    return world.school.database.connect(login)


@pytest.fixture(params=[as_the_api, as_the_api_boasting, as_a_login], ids=lambda how: how.__name__)
def session(world: World, request: pytest.FixtureRequest) -> Iterator[Session]:
    """Ada in SQL, in each way that there is or might be."""
    opened: Callable[[World], Session] = request.param
    with opened(world) as session:
        yield session
    if opened is as_a_login:
        name = f"ada_{world.school.database.name}"
        world.db.execute("delete from auth.db_login")
        world.db.execute(f"drop role {name}".encode())


def relations(world: World) -> list[tuple[str, str, list[str]]]:
    """Every table, partition, view and materialized view of Homeroom, with its columns."""
    found = world.db.execute(
        "select n.nspname, c.relname, array_agg(a.attname order by a.attnum) "
        "from pg_class as c join pg_namespace as n on n.oid = c.relnamespace "
        "join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
        "where n.nspname = any (%s) and c.relkind in ('r', 'p', 'v', 'm', 'f') group by 1, 2",
        (list(ROOMS),),
    ).fetchall()
    assert len(found) > 60
    return found


def told_by(session: Session, schema: str, relation: str, columns: list[str]) -> str:
    """All that a session gets out of a relation: rows, single columns, how many there are."""
    told = ""
    name = sql.Identifier(schema, relation)
    queries = [sql.SQL("select to_jsonb(t)::text from {} as t").format(name)]
    queries += [
        sql.SQL("select {}::text from {} as t").format(sql.Identifier(column), name) for column in columns
    ]
    # What a condition or an order lets through, where the column itself is refused.
    queries += [
        sql.SQL("select count(*) || {2} from {0} as t where {1} is not null having count(*) > 0").format(
            name, sql.Identifier(column), sql.Literal(f" {schema}.{relation}.{column}")
        )
        for column in columns
    ]
    for query in queries:
        try:
            told += "\n".join(str(row[0]) for row in session.execute(query))
        except psycopg.errors.InsufficientPrivilege:
            session.rollback()
    return told


def test_no_table_or_view_tells_it(world: World, session: Session) -> None:
    world.read()
    held: dict[str, set[str]] = {}
    told: dict[str, set[str]] = {}
    everything = ""
    for schema, relation, columns in relations(world):
        privileged = told_by(world.db, schema, relation, columns)
        if secrets := world.seen(privileged):
            held[f"{schema}.{relation}"] = secrets
        own = told_by(session, schema, relation, columns)
        everything += own
        # The names of competencies are no secret; which of them are missing is.
        if secrets := world.seen(own) - ({"gaps"} if relation == "competency" else set()):
            told[f"{schema}.{relation}"] = secrets
    assert told == {}
    for name, secrets in {
        "school.ai_nudge": {"nudge", "nudge id"},
        "school.competency_score": {"level"},
        "school.readiness_score": {"old score"},
        "school.portfolio_item": {"quality"},
        "board.leaderboard": {"percentile"},
        "board.student_dashboard_cache": {"time_to_ready", "health"},
    }.items():
        assert held[name] >= secrets
    for hidden in (
        "competency_score.level",
        "ai_nudge.message",
        "portfolio_item.quality",
        "leaderboard.rank",
    ):
        assert hidden not in everything, "not even how many there are"
    assert "portfolio_item.title" in everything and "Work 1" in everything


def test_no_function_tells_it(world: World, session: Session) -> None:
    """Every function that a student may execute, with every argument that might get something out of it."""
    free = told_by_functions(world, session)
    assert {name for name, told in free.items() if world.seen(told)} == set()
    assert "readiness" in free["board.student_dashboard(boolean,boolean)"]
    world.subscribe("premium")
    premium = told_by_functions(world, session)
    assert set(premium) == set(free)
    assert {name: world.seen(told) for name, told in premium.items() if world.seen(told)} == {
        "board.cacheable_student(boolean,boolean)": DERIVED,
        "board.student_dashboard(boolean,boolean)": DERIVED,
        "board.student_snapshot()": DERIVED,
    }


def told_by_functions(world: World, session: Session) -> dict[str, str]:
    """What each function that the session may execute answers, over all our candidates for its arguments."""
    candidates: dict[str, list[Any]] = {
        "bigint": [world.school.org],
        "uuid": [world.school.ada, world.program.cohort, world.own.nudge],
        "uuid[]": [[world.school.ada]],
        "text": ["student", "premium", "admin", None],
        "text[]": [["student", "admin"]],
        "boolean": [True, False],
        "integer": [1, 1000],
        "date": ["2000-01-01", "2100-01-01"],
        "interval": ["1 hour"],
        "numeric": [1],
        "double precision": [4102444800],
        "timestamp with time zone": ["2026-01-01"],
        "json": [world.claims],
        "jsonb": [world.claims, '{"action": "nothing"}', None],
        "board.student_dashboard_cache": [None],
    }
    functions = session.execute(
        "select p.oid::regprocedure::text, n.nspname, p.proname, p.proretset, "
        "array(select format_type(u.t, null) from unnest(p.proargtypes::oid[]) with ordinality as u (t, i) "
        "order by u.i) "
        "from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace "
        "where n.nspname = any (%s) and p.prokind = 'f' and p.prorettype <> 'trigger'::regtype "
        "and has_schema_privilege(n.oid, 'usage') and has_function_privilege(p.oid, 'execute')",
        (list(ROOMS),),
    ).fetchall()
    assert len(functions) >= 10
    # It says what it is given, and asks nobody.
    functions = [row for row in functions if row[0] != "board.document_tags(text,uuid,uuid[])"]
    told: dict[str, str] = {}
    for signature, schema, name, _, types in functions:
        told[signature] = ""
        for arguments in itertools.product(*(candidates[type_] for type_ in types)):
            call = sql.SQL("select to_jsonb(f)::text from {}({}) as f").format(
                sql.Identifier(schema, name),
                sql.SQL(", ").join(
                    sql.SQL("{}::{}").format(sql.Placeholder(), sql.SQL(type_)) for type_ in types
                ),
            )
            try:
                told[signature] += "".join(str(row[0]) for row in session.execute(call, arguments))
            except psycopg.Error as error:
                told[signature] += str(error)
    return told


TELLING_NOBODY = [
    "select board.current_student_dashboard(%(org)s, '%(ada)s')::text",
    "select to_jsonb(t)::text from pg_stats_ext as t",
    "select to_jsonb(t)::text from pg_stat_activity as t",
    "select to_jsonb(t)::text from pg_prepared_statements as t",
    "explain (analyze, verbose) select * from school.ai_nudge where message like 'Q%%'",
    "delete from ops.tier_mask where false returning path",
    "update school.subscription set tier = tier returning tier",
    "insert into school.subscription (org_id, student_id) values (%(org)s, '%(ada)s') on conflict do nothing",
]
CATALOG = [
    # Other tables' numbers may happen to be the same.
    "select to_jsonb(t)::text from pg_stats as t where tablename in "
    "('ai_nudge', 'competency_score', 'readiness_score', 'leaderboard', 'student_dashboard_cache')",
    "copy (select * from board.student_dashboard_cache) to stdout",
    "table board.leaderboard",
    "select (t).time_to_ready::text from board.student_dashboard_cache as t",
    "select board.student_documents(%(org)s, array['%(ada)s'::uuid])::text",
    "select board.refresh_student_dashboard(%(org)s, '%(ada)s')::text",
    "select board.student_readiness(%(org)s, array['%(ada)s'::uuid])::text",
    "select board.student_messages(%(org)s, array['%(ada)s'::uuid])::text",
    "select board.student_portfolio(%(org)s, array['%(ada)s'::uuid])::text",
    "select board.student_leaderboard(%(org)s, '%(ada)s', '%(cohort)s', 'premium')",
    *TELLING_NOBODY,
]


def test_no_statement_gets_round_it(world: World, session: Session) -> None:
    told = [told_by_statement(world, session, statement) for statement in CATALOG]
    assert [world.seen(text) for text in told] == [set()] * len(CATALOG)
    assert world.seen(world.read().text) == set()
    privileged = {
        statement: world.seen(told_by_statement(world, world.db, statement)) for statement in CATALOG
    }
    assert {statement for statement, seen in privileged.items() if not seen} == set(TELLING_NOBODY)


def told_by_statement(world: World, session: Session, statement: str) -> str:
    """What a statement answers; nothing where the session lacks the privilege."""
    ids = {"org": world.school.org, "ada": world.school.ada, "cohort": world.program.cohort}
    query = (statement % ids).encode()
    try:
        if query.startswith(b"copy"):
            with session.cursor().copy(query) as copy:
                return b"".join(copy).decode()
        cursor = session.execute(query)
        return str(cursor.fetchall()) if cursor.description else ""
    except psycopg.errors.InsufficientPrivilege:
        return ""


def test_no_login_can_be_a_student(world: World) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        world.db.execute(
            "insert into auth.db_login values ('ada', %s, %s, 'student')",
            (world.school.org, world.school.ada),
        )


def test_an_admin_reads_the_values_that_are_masked(world: World) -> None:
    """The control of all of the above by a person: the policies let an admin of the school read them."""
    with world.school.database.connect("homeroom_api") as session:
        session.execute("set role homeroom_admin")
        claims = {"sub": str(world.school.admin), "org": world.school.org, "role": "admin"}
        session.execute("select set_config('request.jwt.claims', %s, false)", (json.dumps(claims),))
        told = "".join(
            told_by(session, schema, relation, columns)
            for schema, relation, columns in relations(world)
            if schema in ("school", "board")
        )
    assert world.seen(told) >= {
        "time_to_ready",
        "nudge",
        "nudge id",
        "health",
        "level",
        "old score",
        "quality",
    }


# --- The stream


def test_a_stream_tells_none_of_it(world: World) -> None:
    """Neither the snapshot, nor patches, nor a place, nor a reset; nor a replay of a better time."""
    told, _ = streamed(world, "")
    assert world.seen(told) == set()
    world.subscribe("premium")
    told, better = streamed(world, "")
    assert world.seen(told) == DERIVED
    told, _ = streamed(world, f"?cursor={better}")
    assert world.seen(told) == DERIVED, "by patches alone"
    world.subscribe("free")
    for cursor in (better, "old"):
        told, _ = streamed(world, f"?cursor={cursor}")
        assert world.seen(told) == set(), cursor


CHANGES = """
update school.ai_nudge set dismissed_at = {} where student_id = %(ada)s;
update school.competency set name = {} where name in ('Statistics', 'Other');
update school.portfolio_item set quality = {} where student_id = %(ada)s and quality is not null;
update school.readiness_score set score = score + {} where student_id = %(ada)s
"""


def streamed(world: World, query: str) -> tuple[str, str]:
    """What a stream of Ada's says while all of it changes, and changes back; and where it began."""
    value = token(world.school.ada, world.school.org, "student")
    with sse(world.school.client.base_url, f"{DASHBOARD}/stream{query}", value) as stream:
        began = stream.last_id or ""
        for values in (
            ("now()", "'Other'", "quality / 2", "1"),
            ("null", "'Statistics'", "quality * 2", "-1"),
        ):
            for statement in CHANGES.format(*values).split(";"):
                world.db.execute(statement.encode(), {"ada": world.school.ada})
            refresh(world.db, world.school.org, world.school.ada)
        world.db.execute("select board.tell_leaderboard(%s, %s)", (world.school.org, [world.school.ada]))
        last = "select feed.send_to_person(%s, %s, 'last' || %s, '{}')"
        name = str(time.monotonic_ns())
        world.db.execute(last, (world.school.org, world.school.ada, name))
        messages = [stream.snapshot or {}, *stream.until("last" + name)]
    # Their own numbers are no secrets, whichever they are.
    said = [{key: value for key, value in message.items() if key not in MESSAGE} for message in messages]
    for message in said:
        message.get("data", {}).pop("version", None)
    return json.dumps(said), began


# --- Changes of masks and tiers


def mask(path: tuple[str, ...]) -> str:
    """How ops.tier_mask calls a path."""
    return ".".join(path)


def test_the_masks_that_are_tried_here_are_those_that_are_delivered(world: World) -> None:
    rows = world.db.execute("select path, shows_upgrade from ops.tier_mask where tier = 'free'").fetchall()
    assert dict(rows) == {mask(path): instead is not None for path, instead in MASKS.items()}
    assert world.db.execute("select * from ops.tier_mask where tier <> 'free'").fetchall() == []


@pytest.mark.parametrize("path", MASKS, ids=mask)
def test_a_mask_that_is_taken_away_or_put_back_counts_at_the_next_read(
    world: World, path: tuple[str, ...]
) -> None:
    assert value_at(world.read().json(), path) == MASKS[path]
    world.db.execute("delete from ops.tier_mask where path = %s", (mask(path),))
    document = world.read().json()
    assert value_at(document, path) not in (None, "upgrade_required")
    for other, instead in MASKS.items():
        assert other == path or value_at(document, other) == instead
    world.db.execute("insert into ops.tier_mask values ('free', %s, true)", (mask(path),))
    assert value_at(world.read().json(), path) == "upgrade_required"
    world.db.execute("update ops.tier_mask set shows_upgrade = false where path = %s", (mask(path),))
    assert value_at(world.read().json(), path) is None


def test_each_path_of_a_document_is_one_that_a_mask_may_have(world: World) -> None:
    def paths(value: Any, *before: str) -> Iterator[str]:
        for key, inner in value.items() if isinstance(value, dict) else ():
            yield mask((*before, key))
            yield from paths(inner, *before, key)

    world.db.execute("truncate ops.tier_mask")
    found = set(paths(world.read().json()))
    assert {"readiness.gaps", "cards.cohort.mentor.name", "leaderboard.percentile"} <= found
    assert {path for path in found if not has_path(path)} == set()
    assert not any(has_path(f"{path}x") for path in found)


def test_without_masks_the_free_tier_sees_all_until_they_are_back(world: World) -> None:
    assert world.seen(world.read().text) == set()
    masks = world.db.execute("select tier, path, shows_upgrade from ops.tier_mask").fetchall()
    world.db.execute("truncate ops.tier_mask")
    assert world.seen(world.read().text) == DERIVED
    for row in masks:
        world.db.execute("insert into ops.tier_mask values (%s, %s, %s)", row)
    assert world.seen(world.read().text) == set()


def test_any_path_can_be_masked_and_of_any_tier(world: World) -> None:
    world.subscribe("premium")
    assert world.read().json()["readiness"]["score"] is not None
    world.db.execute(
        "insert into ops.tier_mask values ('premium', 'readiness.score', false), "
        "('premium', 'cards.cohort', true), ('premium', 'nothing.there', true)"
    )
    document = world.read().json()
    assert document["readiness"]["score"] is None
    assert document["cards"]["cohort"] == "upgrade_required"
    assert "nothing" not in document
    world.subscribe("free")
    assert world.read().json()["readiness"]["score"] is not None


def test_a_change_of_masks_counts_while_it_is_committed_and_not_before(world: World) -> None:
    with world.school.database.connect(autocommit=False) as operator:
        operator.execute("delete from ops.tier_mask")
        assert world.seen(world.read().text) == set()
        operator.commit()
    assert world.seen(world.read().text) == DERIVED


@pytest.mark.parametrize(
    ("change", "sees"),
    [
        ("update school.subscription set tier = 'premium' where student_id = '%s'", True),
        (
            "update school.subscription set enhanced_until = now() + interval '1 hour' where "
            "student_id = '%s'",
            True,
        ),
        (
            "update school.subscription set tier = 'premium', ends_at = now() - interval '1 second' "
            "where student_id = '%s'",
            False,
        ),
        ("update school.subscription set enhanced_until = now() where student_id = '%s'", False),
        ("delete from school.subscription where student_id = '%s'", False),
    ],
)
def test_a_change_of_tier_counts_at_the_next_read(world: World, change: str, sees: bool) -> None:
    assert world.seen(world.read().text) == set()
    world.db.execute((change % world.school.ada).encode())
    assert world.seen(world.read().text) == (DERIVED if sees else set())
    world.db.execute(
        "insert into school.subscription (org_id, student_id, tier) values (%s, %s, 'free') "
        "on conflict (org_id, student_id) do update set tier = 'free', ends_at = null, enhanced_until = null",
        (world.school.org, world.school.ada),
    )
    assert world.seen(world.read().text) == set()


@pytest.mark.parametrize("column", ["ends_at", "enhanced_until"])
def test_a_tier_that_ends_by_itself_is_masked_from_that_moment_on(world: World, column: str) -> None:
    world.db.execute(
        "update school.subscription set tier = %s, ends_at = null where student_id = %s",
        ("premium" if column == "ends_at" else "free", world.school.ada),
    )
    world.db.execute(
        f"update school.subscription set {column} = clock_timestamp() + interval '1500 ms' "
        "where student_id = %s".encode(),
        (world.school.ada,),
    )
    ended = f"select {column} <= now() from school.subscription where student_id = %s".encode()
    before = world.read()
    is_over = world.db.execute(ended, (world.school.ada,)).fetchone() == (True,)
    assert is_over or world.seen(before.text) == DERIVED
    while world.db.execute(ended, (world.school.ada,)).fetchone() != (True,):
        world.read()
        time.sleep(0.01)  # one may ask 600 times
    assert world.seen(world.read().text) == set()


def test_others_of_another_tier_see_theirs(world: World) -> None:
    """Masked is the document of who has the tier, and nobody else's."""
    (other,) = world.db.execute(
        "select student_id from board.leaderboard where student_id <> %s limit 1", (world.school.ada,)
    ).fetchone() or (UUID(int=0),)
    for _ in range(2):
        document = world.school.get(DASHBOARD, other, "student").json()
        assert document["readiness"]["gaps"] == programs.GAPS
        assert world.seen(world.read().text) == set()
