"""What this source tree says the database should be: migrations, code in order, and a digest of both."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
ROLES = HERE / "roles.sql"
RESET = HERE / "reset.sql"
MIGRATIONS = HERE / "migrations"
MANIFEST = HERE / "manifest.txt"


@dataclass(frozen=True)
class Migration:
    """One migration: its name (the file's stem) and the SHA-256 of its content, way up and way down."""

    name: str
    path: Path
    checksum: str


def migrations() -> list[Migration]:
    """All migrations in the order in which they are applied."""
    paths = sorted(p for p in MIGRATIONS.glob("*.sql") if not p.name.endswith(".rollback.sql"))
    return [Migration(p.stem, p, _sha256(p, p.with_suffix(".rollback.sql"))) for p in paths]


def code() -> list[Path]:
    """The repeatable files (functions, views, policies) in the manifest's order."""
    return [HERE / line for line in _manifest_lines()]


def function_names() -> set[tuple[str, str]]:
    """(schema, name) of every function and procedure of the tree; a file is named after the one in it."""
    paths = (p for p in code() if p.is_relative_to(HERE / "functions"))
    return {
        (p.parent.name, p.stem)
        for p in paths
        if re.search(rf"create or replace (function|procedure) {p.parent.name}\.{p.stem}\(", p.read_text())
    }


def view_names() -> set[tuple[str, str]]:
    """(schema, name) of every view that the tree defines: one a file."""
    return {(p.parent.name, p.stem) for p in code() if p.is_relative_to(HERE / "views")}


@cache
def release_digest() -> str:
    """SHA-256 (hex) over roles, migrations and code; a current database answers the same in api.release()."""
    up = [m.path for m in migrations()]
    return _sha256(ROLES, *up, RESET, MANIFEST, *code())


def _manifest_lines() -> Iterator[str]:
    for line in MANIFEST.read_text().splitlines():
        text = line.split("#", 1)[0].strip()
        if text:
            yield text


def _sha256(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
