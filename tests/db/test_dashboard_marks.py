"""A stored dashboard of a teacher, tutor or parent that differs from one computed now is never answered."""

import random
from collections import Counter

import psycopg
import pytest

from tests.support import dashboards, school
from tests.support.changes import REFUSED, dirty_tables, random_change, savepoint
from tests.support.columns import SHOWN
from tests.support.dashboard_columns import SHOWN_TO_OTHERS
from tests.support.dashboards import OTHERS_COMPARED, Rich


@pytest.mark.parametrize("seed", range(2))
def test_random_changes_of_two_sessions(rich: Rich, seed: int) -> None:
    """One driver moves two sessions and a worker step by step: which overlap is drawn, not left to chance."""
    database, org, names = rich.database, rich.org, rich.names
    dice = random.Random(seed)
    shown = SHOWN | SHOWN_TO_OTHERS
    with database.connect() as db:
        names["far"] = dashboards.noon_zone(half_a_day_away=True)
        for name, students in (("pat", ("ann", "ben")), ("pip", ("cid",)), ("pia", ("ben", "cid"))):
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
