"""A database's schema as text, to compare two."""

import subprocess

from db.embedded import bundled_bin
from tests.support.servers import Database


def schema_of(database: Database) -> str:
    """All definitions, grants and comments, as pg_dump writes them, and yoyo's list of what was applied."""
    dump = subprocess.run(
        [bundled_bin() / "pg_dump", "--schema-only", database.url()],
        capture_output=True,
        text=True,
        check=True,
    )
    # \restrict carries a key of each dump's own.
    lines = [line for line in dump.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]
    with database.connect() as db:
        applied = db.execute(
            "select migration_id, sha256 from _yoyo.checksum join _yoyo._yoyo_migration using (migration_id) "
            "order by migration_id"
        )
        lines += [" ".join(row) for row in applied]
    return "\n".join(lines)
