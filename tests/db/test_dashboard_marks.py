"""A stored dashboard of a teacher, tutor or parent that differs from one computed now is never answered."""

import random
from collections import Counter

import psycopg
import pytest

from tests.support import dashboards, school
from tests.support.changes import REFUSED, dirty_tables, random_change, savepoint
from tests.support.columns import SHOWN
from tests.support.dashboard_columns import SHOWN_TO_OTHERS, staffed
from tests.support.dashboards import OTHERS_COMPARED, Rich


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
def test_random_changes_of_two_sessions(rich: Rich, seed: int) -> None:
    """One driver moves two sessions and a worker step by step: which overlap is drawn, not left to chance."""
    database, org, names = rich.database, rich.org, rich.names
    dice = random.Random(seed)
    shown = SHOWN | SHOWN_TO_OTHERS
    with database.connect() as db:
        names["far"] = dashboards.noon_zone(half_a_day_away=True)
        staffed(db, rich)
        for name, students in (("peg", ("ann", "ben")), ("pip", ("cid",)), ("pia", ("ben", "cid"))):
            parent = school.make_person(db, org, "parent", name=name)
            for student in students:
                school.make_guardian(db, org, parent, names[student])
        dashboards.refresh_others(db, org)
        # Nobody has looked yet, and only what is looked at is kept ready.
        db.execute("update board.dashboard_cache set seen_at = now()")
        tables = dirty_tables(database, SHOWN_TO_OTHERS)
        deck: list[str] = []
        at_hand: dict[psycopg.Connection, str] = {}
        changes: Counter[str] = Counter()
        found: Counter[tuple[bool, bool]] = Counter()
        options = "-c lock_timeout=20ms"
        with (
            database.connect(autocommit=False, options=options) as one,
            database.connect(autocommit=False, options=options) as two,
            database.connect(options=options) as worker,
        ):
            while changes.total() < (300 if database.version == 18 else 100):
                session = dice.choice([one, two])
                step = dice.choices(
                    ["change", "commit", "rollback", "refresh", "drain", "refresh mid-way"],
                    [35, 25, 2, 10, 15, 8],
                )[0]
                try:
                    if step == "change":
                        # Mostly of one kind: nothing else in the transaction marks what its trigger forgets.
                        if not deck:
                            deck = dice.sample(list(tables), len(tables))
                        idle = session.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
                        if idle or session not in at_hand or dice.random() < 0.2:
                            at_hand[session] = deck.pop()
                        table = at_hand[session]
                        changes[table] += random_change(session, dice, table, tables[table], names, shown)
                    elif step == "commit":
                        if dice.random() < 0.5:
                            # So that nothing but this transaction makes a difference.
                            dashboards.refresh_others(worker, org)
                        session.commit()
                    elif step == "rollback":
                        session.rollback()
                    elif step == "refresh":
                        dashboards.refresh_others(worker, org)
                    elif step == "drain":
                        worker.execute("select board.drain_students(%s)", (org,))
                    else:
                        with savepoint(session):
                            dashboards.refresh_others(session, org)
                except REFUSED:
                    continue
                if step in ("change", "rollback"):
                    continue  # nobody else sees it
                looks = db.execute(OTHERS_COMPARED, {"org": org}).fetchall()
                assert [row for row in looks if row[2] and row[3]] == [], (seed, step, changes)
                found.update((row[2], row[3]) for row in looks)
        assert found[True, False] > 20 and found[False, True] > 20
        assert len(changes) > 5


@pytest.mark.long
def test_a_thousand_changes_are_read_at_once(rich: Rich) -> None:
    """Written by one connection, read by another as soon as they are committed: nothing is stale."""
    database, org, names = rich.database, rich.org, rich.names
    dice = random.Random(7)
    shown = SHOWN | SHOWN_TO_OTHERS
    changes = 0
    stale = []
    hits = 0
    with database.connect() as writer, database.connect() as reader, database.connect() as db:
        staffed(writer, rich)
        names["far"] = dashboards.noon_zone(half_a_day_away=True)
        tables = dirty_tables(database, SHOWN_TO_OTHERS)
        while changes < (1000 if database.version == 18 else 150):
            table = dice.choice(list(tables))
            try:
                changes += random_change(writer, dice, table, tables[table], names, shown)
            except REFUSED:
                continue
            if dice.random() < 0.1:
                db.execute("select board.drain_students(%s), board.drain_dashboards(%s)", (org, org))
            role, person = dice.choice(
                reader.execute("select role, person_id from board.dashboard_cache order by 1, 2").fetchall()
            )
            was = reader.execute(
                "select version, coalesce(board.is_current(c), false) from board.dashboard_cache as c "
                "where role = %s and person_id = %s",
                (role, person),
            ).fetchone()
            read = reader.execute(
                "select (board.current_dashboard(%s, %s, %s)).document::jsonb", (org, role, person)
            ).fetchone()
            now = db.execute(
                "select d.document::jsonb from board.dashboard_documents(%s, %s, array[%s]) as d",
                (org, role, person),
            ).fetchone()
            assert was and read and now
            hits += was[1]
            if read[0] != now[0]:
                stale.append((table, role, read[0], now[0]))
    assert stale == []
    assert hits > 20, "some were answered as they were kept"
