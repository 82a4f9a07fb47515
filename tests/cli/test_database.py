"""`homeroom rollback` and `status` as an operator runs them."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from db import apply, tree
from tests.support.cli import homeroom
from tests.support.servers import Cluster, Database

NAMES = [m.name for m in tree.migrations()]


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[Database]:
    """A database that has never been migrated."""
    with cluster.database("template1") as database:
        yield database


def test_rollback_lists_what_goes_before_it_asks(database: Database) -> None:
    refused = homeroom(database, "rollback", "--steps", "2", answer="n\n")
    assert refused.returncode == 1
    *listed, question = refused.stdout.splitlines()
    assert listed == [f"migration {name}" for name in NAMES[: -2 - 1 : -1]]
    assert question.startswith("Undo this and drop what it made, data included?")
    assert apply.applied(database.url()) == NAMES
    done = homeroom(database, "rollback", "--steps", "2", answer="y\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("2 migrations undone\n")
    assert apply.applied(database.url()) == NAMES[:-2]


def test_rollback_of_more_than_there_is_is_refused_unasked(database: Database) -> None:
    steps = len(NAMES) + 1
    refused = homeroom(database, "rollback", "--steps", str(steps))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"Error: {len(NAMES)} migrations are applied: {steps} cannot be undone\n"
    assert apply.applied(database.url()) == NAMES


def test_rollback_of_nothing_says_so(empty: Database) -> None:
    result = homeroom(empty, "rollback")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "no migration is applied: nothing to undo\n"


def test_status_says_what_is_pending(database: Database) -> None:
    assert "\nrelease    current\n" in homeroom(database, "status").stdout
    apply.rollback(database.url())
    result = homeroom(database, "status")
    assert result.returncode == 1
    waiting = f"migration {NAMES[-1]}; code of another release"
    assert f"\nrelease    pending: {waiting} (homeroom migrate)\n" in result.stdout


def test_status_names_masks_that_hide_nothing(database: Database) -> None:
    fine = homeroom(database, "status")
    assert fine.returncode == 0
    assert "\nmasks      each hides something\n" in fine.stdout
    mask = "insert into ops.tier_mask (tier, path) values (%s, %s)"
    with database.connect() as db:
        for path in (
            "readiness.gasp",
            "cards.cohort.mentr",
            "gaps",
            "cards.cohort",
            "today.secondary_actions.x",
        ):
            db.execute(mask, ("premium", path))
    result = homeroom(database, "status")
    assert result.returncode == 1
    assert result.stdout.endswith(
        "\nmasks      cards.cohort.mentr of the tier premium hides nothing: no document has it\n"
        "           gaps of the tier premium hides nothing: no document has it\n"
        "           readiness.gasp of the tier premium hides nothing: no document has it\n"
    )


def test_a_wrong_mask_is_refused_in_a_sentence(database: Database) -> None:
    mask = "insert into ops.tier_mask (tier, path) values (%s, %s)"
    with database.connect() as db:
        with pytest.raises(psycopg.Error, match="there is no tier gold: a tier is free or premium"):
            db.execute(mask, ("gold", "readiness.score"))
        with pytest.raises(psycopg.Error, match="a path is keys of the document joined by dots"):
            db.execute(mask, ("free", "$.readiness"))
        with pytest.raises(psycopg.Error, match="there is no tier Free"):
            db.execute("update ops.tier_mask set tier = 'Free'")


@pytest.mark.parametrize(
    "arguments", [["jobs"], ["verify"], ["analyst", "remove", "ada"], ["token", "--role", "admin"]]
)
def test_on_a_database_that_was_never_migrated_it_says_what_to_do(
    empty: Database, arguments: list[str]
) -> None:
    result = homeroom(empty, *arguments)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "Error: the database is not of this release: run `homeroom migrate` first\n"
