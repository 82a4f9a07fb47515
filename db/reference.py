"""What an analyst may read, described by the database's own comments: docs/reference.md.

`make reference` writes the page; a test compares it with the comments.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from db.apply import ensure_database, migrate
from db.embedded import Embedded

SCHEMAS = ("analytics", "board", "school")

HEAD = """\
# Reference of tables and views

What an analyst may read, from the comments in the database; [analysts.md](analysts.md) says how to get in.
Written by `make reference`: do not edit it here, edit the comment.

Row-level security decides which rows of it a person sees. `org_id`, which begins every key, is the
organization. `null` says that a table's column may be empty; of a view's columns the meaning says it.
"""

# A partition is a part of its table, and whatever analysts may not read is none of their business.
RELATIONS = """
select
    c.oid, n.nspname, c.relname, c.relkind in ('v', 'm') as is_view,
    obj_description(c.oid, 'pg_class') as comment,
    array(
        select replace(r.rolname, 'homeroom_', '')
        from pg_roles as r
        where r.rolname like 'homeroom\\_%%' and r.rolname not in ('homeroom_owner', 'homeroom_api')
            and has_table_privilege(r.oid, c.oid, 'select') and has_schema_privilege(r.oid, n.oid, 'usage')
        order by r.rolname collate "C"
    ) as readers
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = any (%s) and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
    and has_table_privilege('homeroom_analyst', c.oid, 'select')
order by array_position(%s, n.nspname::text), c.relname collate "C"
"""

COLUMNS = """
select
    a.attname, format_type(a.atttypid, a.atttypmod), not a.attnotnull,
    coalesce(col_description(a.attrelid, a.attnum), '')
from pg_attribute as a
where a.attrelid = %s and a.attnum > 0 and not a.attisdropped
order by a.attnum
"""

KEYS = """
select
    k.contype,
    array(
        select a.attname::text
        from unnest(k.conkey) with ordinality as key (attnum, position)
        join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = key.attnum
        order by key.position
    ),
    k.confrelid::regclass::text
from pg_constraint as k
where k.conrelid = %s and k.contype in ('p', 'f')
order by k.contype desc, k.conname collate "C"
"""


def markdown(connection: psycopg.Connection[Any]) -> str:
    """The page, from a migrated database."""
    parts, room = [HEAD], None
    schemas = list(SCHEMAS)
    for oid, schema, name, is_view, comment, readers in connection.execute(RELATIONS, (schemas, schemas)):
        if schema != room:
            room = schema
            parts.append(f"## Schema {schema}\n\n{_schema_comment(connection, schema)}\n")
        says, _, example = comment.partition("\nExample: ")
        parts.append(f"### {schema}.{name}\n\n{says}\n")
        if example:
            parts.append(f"```sql\n{example}\n```\n")
        if keys := _keys(connection, oid):
            parts.append(keys)
        parts.append(f"Read by: {', '.join(readers)}.\n")
        parts.append(_columns(connection, oid, is_view))
    return "\n".join(parts)


def _schema_comment(connection: psycopg.Connection[Any], schema: str) -> str:
    row = connection.execute(
        "select obj_description(to_regnamespace(%s), 'pg_namespace')", (schema,)
    ).fetchone()
    return str(row[0]) if row else ""


def _keys(connection: psycopg.Connection[Any], oid: int) -> str:
    """The primary key, and which table each foreign key points to; empty for views."""
    primary, foreign = "", []
    for kind, columns, target in connection.execute(KEYS, (oid,)):
        if kind == "p":
            primary = f"Key: {', '.join(columns)}."
        else:
            foreign.append(f"{', '.join(columns)} → {target}")
    joined = f" Joins: {'; '.join(foreign)}." if foreign else ""
    return f"{primary}{joined}\n" if primary or joined else ""


def _columns(connection: psycopg.Connection[Any], oid: int, is_view: bool) -> str:
    head = ("column", "type", "meaning") if is_view else ("column", "type", "null", "meaning")
    rows: list[tuple[str, ...]] = [head, ("---",) * len(head)]
    for name, kind, nullable, comment in connection.execute(COLUMNS, (oid,)):
        meaning = " ".join(comment.split()).replace("|", r"\|")
        null = () if is_view else ("null" if nullable else "",)
        rows.append((f"`{name}`", kind, *null, meaning))
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page to the path given, from a throw-away database of this tree."""
    with tempfile.TemporaryDirectory(prefix="homeroom-reference-") as folder:
        Path(folder).chmod(0o711)  # for root the server runs as another user, who must get in
        with Embedded(Path(folder) / "server") as server:
            ensure_database(server.url())
            migrate(server.url())
            with psycopg.connect(server.url()) as connection:
                Path(sys.argv[1]).write_text(markdown(connection))


if __name__ == "__main__":
    main()
