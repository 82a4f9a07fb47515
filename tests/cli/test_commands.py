"""The command line offers what its modules have."""

import re
from importlib import import_module
from pathlib import Path

from click import Context
from click.testing import CliRunner

import api.cli
from api.cli.run import DEMO


def test_each_command_is_listed_with_its_module() -> None:
    """Only the module of the command that is called is loaded: what the table forgets, nobody can call."""
    names = [file.stem for file in Path(api.cli.__path__[0]).glob("[!_]*.py")]
    modules = {name: vars(import_module(f"api.cli.{name}")) for name in names}
    have = {name: {command.name for command in of.get("COMMANDS", [])} for name, of in modules.items()}
    listed = {name: set(commands) for name, commands in api.cli.MODULES.items()}
    assert {name: commands for name, commands in have.items() if commands} == listed


def test_the_list_says_of_each_command_what_it_does_and_cuts_nothing() -> None:
    shown = CliRunner().invoke(api.cli.main, ["--help"], terminal_width=80).output
    listed = shown.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == api.cli.main.list_commands(Context(api.cli.main))
    assert [line for line in listed if line.endswith("...") or not line.endswith(".")] == []


def test_the_help_says_of_each_command_which_database_it_works_on() -> None:
    assert api.cli.main.help
    sentences = api.cli.main.help.partition("`up` runs it.")[2]
    commands = set(api.cli.main.list_commands(Context(api.cli.main)))
    assert set(re.findall(r"\w+", sentences)) >= commands - {"up"}


def test_the_help_says_how_many_schools_the_demo_has_and_what_the_worker_does() -> None:
    assert len(DEMO) == 2
    assert "two synthetic schools" in CliRunner().invoke(api.cli.main, ["up", "--help"]).output
    assert "/demo" in CliRunner().invoke(api.cli.main, ["up", "--help"]).output
    assert "two synthetic schools" in (Path(api.cli.__path__[0]).parents[1] / "Makefile").read_text()
    assert "queue" in CliRunner().invoke(api.cli.main, ["work", "--help"]).output


def test_the_help_of_tail_says_where_a_patch_stands_and_what_is_not_shown() -> None:
    shown = CliRunner().invoke(api.cli.main, ["tail", "--help"]).output
    assert "data.patch" in shown
    assert "`snapshot` and `metrics`" in " ".join(shown.split())
