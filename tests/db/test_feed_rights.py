"""Rights that begin or end are events: whoever's topics change is named by one in the same transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support import feed
from tests.support.feed import Connection, value
from tests.support.servers import Cluster, Database

RIGHTS = Path(__file__).parents[1] / "support" / "rights.sql"
# One of each change to what scopes read.
CHANGES = [text.strip() for text in RIGHTS.read_text().split("\n\n")[1:]]

# Who hears what in each role that somebody could have, or the error; 'nobody' for who is not there.
TOPICS = """
create function tests.topics_of(org bigint, person uuid, role text) returns text language plpgsql as $$
begin
    perform set_config(
        'request.jwt.claims', json_build_object('org', org, 'sub', person, 'role', role)::text, true
    );
    perform set_config('session_authorization', 'homeroom_api', true);
    perform set_config('role', 'homeroom_' || role, true);
    return (select string_agg(t, ' ' order by t) from unnest(feed.topics()) as t);
exception when sqlstate 'HR401' or sqlstate 'HR403' then
    return sqlstate;
end
$$;
create table tests.pair as
select p.org_id, p.id, p.name, r.role
from school.person as p
cross join unnest('{student,parent,teacher,tutor,mentor,director,analyst,admin}'::text[]) as r (role);
"""

# What the scopes read, and of which changes there is no trigger.
UNWATCHED = """
with scope as (
    select regexp_matches(f.prosrc, 'school\\.(\\w+)', 'g') as found
    from pg_proc as f
    where f.pronamespace = 'auth'::regnamespace
        and (f.proname ~ '_scope$' or f.proname in ('admit', 'has_role', 'claims'))
),
read as (
    select distinct found[1] as name from scope
)
select r.name, c.change
from read as r
cross join (values ('insert', 4), ('delete', 8), ('update', 16)) as c (change, bit)
where not exists (
    select from pg_trigger as t
    join pg_proc as f on f.oid = t.tgfoid and f.pronamespace = 'feed'::regnamespace
    where t.tgrelid = to_regclass('school.' || r.name) and t.tgtype::integer & c.bit <> 0
        and f.prosrc like '%feed.tell_rights(%'
)
order by 1, 2
"""


@pytest.fixture
def world(cluster: Cluster) -> Iterator[Database]:
    """A database with tests.build_world()."""
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


def test_each_table_that_a_scope_reads_tells_of_its_changes(db: Connection) -> None:
    # Nobody has a role, and so a stream, in the statement that makes the person.
    assert db.execute(UNWATCHED).fetchall() == [("person", "insert")]


def test_a_new_table_in_a_scope_is_noticed(db: Connection) -> None:
    db.execute(
        "create function auth.mission_scope() returns uuid[] language sql as "
        "$$ select array(select m.id from school.mission as m) $$"
    )
    assert ("mission", "update") in db.execute(UNWATCHED).fetchall()


def snapshot(db: Connection) -> dict[tuple[int, str, str], str]:
    """What everybody would hear in every role, held or not."""
    rows = db.execute("select org_id, id::text, role, tests.topics_of(org_id, id, role) from tests.pair")
    return {(org, person, role): heard for org, person, role, heard in rows}


def test_whoever_hears_something_else_is_named(db: Connection) -> None:
    db.execute(TOPICS.encode())
    touched: set[str] = set()
    for change in CHANGES:
        with db.transaction(force_rollback=True):
            # What was written in this transaction is told by the rows themselves.
            before = snapshot(db)
            db.execute("reset session authorization")
            db.execute(change.encode())
            named: set[tuple[int, str]] = set()
            for org, topics in db.execute(
                "select org_id, topics from feed.event where kind = 'rights' and txid = pg_current_xact_id()"
            ):
                named |= {(org, topic) for topic in topics}
            after = snapshot(db)
            db.execute("reset session authorization")
        changed = {who for who in before if before[who] != after[who]}
        assert changed, change
        unnamed = {who for who in changed if (who[0], f"person:{who[1]}") not in named}
        assert unnamed == set(), change
        touched |= {role for _, _, role in changed}
    assert touched == {"student", "parent", "teacher", "tutor", "mentor", "director", "analyst", "admin"}


def test_what_changes_no_right_is_no_event(world: Database, db: Connection) -> None:
    with world.connect("homeroom_api") as api:
        since = feed.cursor(api)
        for change in (
            "update school.guardian set student_id = student_id",
            "update school.enrollment set enrolled_on = '2024-01-01'",
            "update school.enrollment set status = 'completed' where status = 'active'",
            "update school.cohort_member set status = 'completed' where status = 'active'",
            "update school.person set name = name || '!', email = 'a@b'",
            "update school.cohort set name = name || '!'",
            "update school.track set name = name || '!'",
            "update school.person_role set role = role",
        ):
            db.execute(change.encode())
            assert feed.events(api, since, "rights") == [], change


def test_who_has_become_a_parent_meanwhile_is_found_by_the_topic(world: Database, db: Connection) -> None:
    """The one transaction does not see the other: the parent's stream hears the student by then."""
    with world.connect("homeroom_api") as api, world.connect(autocommit=False) as other:
        since = feed.cursor(api)
        other.execute(CHANGES[0].encode())
        db.execute("update school.enrollment set status = 'dropped' where student_id = tests.person('bea')")
        other.commit()
        pam, bea = (value(db, "select tests.person(%s)::text", name) for name in ("pam", "bea"))
        dropped, guarded = feed.events(api, since, "rights")[::-1]
        assert f"person:{pam}" not in dropped["topics"] and f"person:{pam}" in guarded["topics"]
        assert f"student:{bea}" in dropped["topics"]


def test_thousands_at_once_are_named_in_events_of_some_hundred(world: Database, db: Connection) -> None:
    with world.connect("homeroom_api") as api:
        since = feed.cursor(api)
        db.execute("set homeroom.feed_bulk = 'on'")
        db.execute(
            "with made as (insert into school.person (org_id, name) "
            "select org_id, 'n' from school.organization, generate_series(1, 700) returning org_id, id) "
            "insert into school.person_role (org_id, person_id, role) select org_id, id, 'student' from made"
        )
        events = feed.events(api, since, "rights")
        assert sorted(len(event["topics"]) for event in events) == [200, 200, 500, 500]
        assert len({(e["org"], topic) for e in events for topic in e["topics"]}) == 1400
        assert all(re.fullmatch("person:[0-9a-f-]{36}", topic) for e in events for topic in e["topics"])


def test_no_table_of_the_scopes_can_be_emptied_without_telling(world: Database) -> None:
    """TRUNCATE fires no trigger that tells rights: it is refused."""
    found = UNWATCHED[: UNWATCHED.index("select r.name, c.change")] + "select name from read order by 1"
    with world.connect() as db:
        names = [name for (name,) in db.execute(found.encode())]
        assert {"guardian", "course_teacher", "tutor_student", "person_role"} <= set(names)
        for name in names:
            with pytest.raises(psycopg.errors.FeatureNotSupported):
                db.execute(f"truncate school.{name} cascade".encode())
