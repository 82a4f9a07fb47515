"""The command `homeroom`.

Exit codes: 0 done, 1 failed, 2 bad usage or settings.
"""

from __future__ import annotations

import click

from api.cli import data, database, jobs, people, refresh, run, seed, tail, truth


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="homeroom")
def main() -> None:
    """The dashboard backend of a learning platform, built inside PostgreSQL.

    Settings come from environment variables (docs/settings.md). Without DATABASE_URL every command works on
    the embedded server of HOMEROOM_DATA_DIR. `up` runs it. migrate, rollback, status, analyst, import,
    seed, jobs, verify and backfill join it, or start it for as long as they take; serve, work, token,
    tail, url and psql need one that runs. Only up and migrate make a new database.
    """


for module in (run, database, people, data, seed, jobs, refresh, truth, tail):
    for command in module.COMMANDS:
        main.add_command(command)
