"""The command line offers what its modules have."""

from importlib import import_module
from pathlib import Path

import api.cli


def test_each_command_is_listed_with_its_module() -> None:
    """Only the module of the command that is called is loaded: what the table forgets, nobody can call."""
    names = [file.stem for file in Path(api.cli.__path__[0]).glob("[!_]*.py")]
    modules = {name: vars(import_module(f"api.cli.{name}")) for name in names}
    have = {name: {command.name for command in of.get("COMMANDS", [])} for name, of in modules.items()}
    listed = {name: set(commands) for name, commands in api.cli.MODULES.items()}
    assert {name: commands for name, commands in have.items() if commands} == listed
