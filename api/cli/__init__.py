"""The command `homeroom`.

Exit codes: 0 done, 1 failed, 2 bad usage or settings.
"""

from __future__ import annotations

from importlib import import_module

import click

MODULES = {
    "run": ("up", "serve"),
    "database": ("migrate", "rollback", "status", "url", "psql"),
    "people": ("token", "analyst"),
    "data": ("import",),
    "seed": ("seed",),
    "jobs": ("work", "jobs"),
    "refresh": ("refresh",),
    "truth": ("verify", "backfill"),
    "tail": ("tail",),
}
"""The modules of this package, and the commands in each."""


class Commands(click.Group):
    """Loads the module of the command that is called, and no other: they are slow to load together."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in order."""
        return sorted(name for names in MODULES.values() for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        for module, names in MODULES.items():
            if cmd_name in names:
                commands: list[click.Command] = import_module(f"api.cli.{module}").COMMANDS
                return next(command for command in commands if command.name == cmd_name)
        return None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="homeroom")
def main() -> None:
    """The dashboard backend of a learning platform, built inside PostgreSQL.

    Settings come from environment variables (docs/settings.md). Without DATABASE_URL every command works on
    the embedded server of HOMEROOM_DATA_DIR. `up` runs it. migrate, rollback, status, analyst, import,
    seed, jobs, refresh, verify and backfill join it, or start it for as long as they take; serve, work,
    token, tail, url and psql need one that runs. Only up and migrate make a new database.
    """
