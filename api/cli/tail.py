"""`homeroom tail`: the live feed, as it happens, one JSON object a line."""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

import click
import psycopg

from api.cli.context import (
    admin_connection,
    open_database,
    reported,
    require_current,
    say,
    settings_from_environment,
)
from api.cli.people import ROLES, require_organization, roles_of, suitable_person
from api.settings import Settings
from db.session import as_owner, connect
from listener.feed.snapshot import CURSOR

POLL_SECONDS = 0.2
MOST = 10_000
INTERRUPTED = 130


def _a_cursor(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """The option, if it looks like a cursor."""
    if value is not None and not CURSOR.fullmatch(value):
        raise click.BadParameter("this is no cursor: a stream's last id is one, or an answer's X-Feed-Cursor")
    return value


@click.command(short_help="Follow the live feed, until Ctrl-C.")
@click.option("--as", "person", type=click.UUID, help="Only what this person hears.")
@click.option(
    "--role", type=click.Choice(ROLES), help="In which role; without it, the only one that is held."
)
@click.option("--org", type=click.IntRange(min=1), help="Only what happens in this organization.")
@click.option("--cursor", callback=_a_cursor, help="Begin here; without it, now.")
@click.option("--once", is_flag=True, help="End when everything until now was shown.")
@reported
def tail(person: uuid.UUID | None, role: str | None, org: int | None, cursor: str | None, once: bool) -> None:
    """Follow the live feed: one JSON object a line, until Ctrl-C.

    With --as (or --role alone: of a person whom the role suits) it is what that person's streams carry;
    otherwise everything, of all organizations unless --org names one. It looks by itself and is never woken:
    whoever writes pays nothing for it. An `update` has its patch in `data.patch` (where no patch can say it,
    the document in `data.document`); `snapshot` and `metrics` are no events and are not shown.
    """
    try:
        _follow(person, role, org, cursor, once)
    except KeyboardInterrupt:  # how one ends it; but with --once it was to end by itself
        sys.exit(INTERRUPTED if once else 0)


def _follow(
    person: uuid.UUID | None, role: str | None, org: int | None, cursor: str | None, once: bool
) -> None:
    """Print what is asked for, as it happens."""
    with open_database(settings_from_environment(), start=False) as settings:
        require_current(settings)
        claims = _claims(settings, person, role, org)
        # As the API's login: what it shows is what the API reads.
        with connect(settings.listen_conninfo(), "tail") as db:
            for event in _events(db, claims, cursor, once):
                if event["kind"] != "rights" and org in (None, event["org"]):
                    # The names that a stream's messages have.
                    shown = {
                        "type": event["kind"],
                        "event_id": event["id"],
                        "org": event["org"],
                        "data": event["data"],
                    }
                    click.echo(json.dumps(shown, ensure_ascii=False))


def _events(
    db: psycopg.Connection, claims: dict[str, Any] | None, cursor: str | None, once: bool
) -> Iterator[dict[str, Any]]:
    """What happens since the cursor, and goes on happening."""
    while True:
        answer = _read(db, claims, cursor)
        if answer["reset"]:
            say("the feed does not go back as far as this; it begins now")
            cursor = None
            if once:
                return
            continue
        yield from answer["events"]
        cursor = answer["cursor"]
        if once:
            return
        time.sleep(POLL_SECONDS)


def _read(db: psycopg.Connection, claims: dict[str, Any] | None, cursor: str | None) -> dict[str, Any]:
    """What was committed since the cursor; nothing but the cursor of now where there is none."""
    if claims is not None:
        statement = "select api.feed_replay(%s, %s, '{*}')::text"
        row = db.execute(statement, (json.dumps(claims), cursor)).fetchone()
    elif cursor is None:
        row = db.execute(
            "select json_build_object('reset', false, 'events', array[]::text[], "
            "'cursor', api.feed_cursor())::text"
        ).fetchone()
    else:
        row = db.execute("select api.feed_read(%s, %s)::text", (cursor, MOST)).fetchone()
    assert row is not None
    answer: dict[str, Any] = json.loads(row[0])
    return answer


def _claims(
    settings: Settings, person: uuid.UUID | None, role: str | None, org: int | None
) -> dict[str, Any] | None:
    """Who is meant; None: nobody in particular."""
    with admin_connection(settings) as db:
        with as_owner(db):
            if org is not None:
                require_organization(db, org)
            if person is not None and role is None:
                role = _only_role(db, person, org)
        if role is None:
            return None
        org_id, person_id, name = suitable_person(db, role, org, person)
    say(f"{name} as {role}, organization {org_id}")
    return {"sub": person_id, "org": org_id, "role": role}


def _only_role(db: psycopg.Connection, person: uuid.UUID, org: int | None) -> str:
    """The one role that the person holds. In a session that acts as the owner. Raises ClickException."""
    roles = roles_of(db, person, org)[1]
    if len(roles) != 1:
        raise click.ClickException(
            f"say with --role in which role; the person holds: {', '.join(roles) or 'none'}"
        )
    return roles[0]


COMMANDS = [tail]
