"""The tree keeps its own rules: who imports whom, what the manifest lists, what is in which file.

Each rule is a function that names the breaches it finds; it finds none here and does find a planted one.
"""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from db import tree

ROOT = Path(__file__).parent.parent
DB = ROOT / "db"
FORBIDDEN_IMPORTS = {"db": {"api", "listener", "tests"}, "listener": {"api", "tests"}, "api": {"tests"}}
GENERATED = {".git", ".venv", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"}

FUNCTION = re.compile(
    r"create or replace (?:function|procedure) (\w+\.\w+)\((.*?)\n(?:as \$|return )", re.DOTALL
)
PROCEDURE = re.compile(r"create or replace procedure (\w+\.\w+)\(")
TRIGGER = re.compile(r"create (?:or replace )?trigger (\w+)")
POLICY_OR_GRANT = re.compile(r'(?:policy "[^"]*"|grant [\w, ()]+?) on ((?:schema )?[\w.]+)')
ATTRIBUTES = (
    r"\breturns ",
    r"\blanguage ",
    r"\b(immutable|stable|volatile)\b",
    r"\bparallel ",
    r"\bsecurity ",
)
PROCEDURE_ATTRIBUTES = (r"\blanguage ", r"\bsecurity ")  # a procedure has no others
REPEATABLE = re.compile(
    r"\bcreate (or replace )?((materialized )?view|function|procedure|trigger|policy)\b|\bgrant\b"
)


def imports_of(package: str, source: str) -> set[str]:
    """Packages that this source, in `package`, imports and must not."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found & FORBIDDEN_IMPORTS[package]


def misnamed(path: str, text: str) -> list[str]:
    """What a code file (`functions/board/average.sql`, say) creates under another name than its own."""
    kind, *folders, file = path.split("/")
    name = file.removesuffix(".sql")
    if kind == "functions":
        (schema,) = folders
        functions = [found for found, _ in FUNCTION.findall(text)]
        others = [found for found in functions if found != f"{schema}.{name}"]
        if name.startswith("tg_"):
            others += [found for found in TRIGGER.findall(text) if not found.startswith(name)]
        elif not functions:
            others.append("nothing")
        return others
    if kind == "views":
        views = re.findall(r"create (?:or replace |materialized )*view (?:if not exists )?(\S+)", text)
        return [found for found in views or ["nothing"] if found != f"{folders[0]}.{name}"]
    objects = POLICY_OR_GRANT.findall(text) or ["nothing"]
    return [found for found in objects if found != name and not (name == "schemas" and "schema " in found)]


def unstated(text: str) -> list[str]:
    """Attributes that a function leaves out, which `create or replace` silently resets to their defaults."""
    procedures = PROCEDURE.findall(text)
    return [
        f"{name}: {pattern}"
        for name, head in FUNCTION.findall(text)
        for pattern in (PROCEDURE_ATTRIBUTES if name in procedures else ATTRIBUTES)
        if not re.search(pattern, head)
    ]


def repeatable_code(text: str) -> list[str]:
    """What of the code that is applied anew at each release a migration creates, grants or calls."""
    bare = re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", text)
    calls = [f"{schema}.{name}" for schema, name in tree.function_names() if f"{schema}.{name}(" in bare]
    return calls + [match[0] for match in REPEATABLE.finditer(bare)]


def local_things(text: str) -> list[str]:
    """Addresses of package registries and paths of one machine."""
    registries = ("pypi", "pythonhosted", "npmjs", "crates")
    hosts = r"https?://[\w.]*\b(?:" + "|".join(registries) + r")\.(?:org|com|io)|\bindex[-_]url\b"
    homes = r"/(?:home|Users)/\w+/|/root/\w+|" + re.escape(f"{ROOT}/")
    return re.findall(f"{hosts}|{homes}", text)


def missing_targets(text: str) -> set[str]:
    """Make targets that a text tells the reader to run and the Makefile does not have."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    return set(re.findall(r"(?:^|`|\$ )make ([a-z]+)", text, re.MULTILINE)) - targets


def files() -> Iterator[Path]:
    """Every file of the tree that a person wrote."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in GENERATED and not name.endswith(".egg-info")]
        yield from (Path(folder, name) for name in names)


def test_packages_import_only_what_they_may() -> None:
    found = {
        str(path.relative_to(ROOT)): forbidden
        for package in FORBIDDEN_IMPORTS
        for path in (ROOT / package).rglob("*.py")
        if (forbidden := imports_of(package, path.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source", ["import api.app", "def f():\n    from api import app", "from listener.hub import x"]
)
def test_a_forbidden_import_is_seen(source: str) -> None:
    assert imports_of("db", source)
    assert not imports_of("api", source)


def test_the_manifest_lists_each_code_file_once() -> None:
    there = [path for kind in ("functions", "views", "policies") for path in (DB / kind).rglob("*.sql")]
    assert sorted(tree.code()) == sorted(there)


def test_code_files_are_named_after_what_is_in_them() -> None:
    found = {
        str(path): others for path in tree.code() if (others := misnamed(_in_db(path), path.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("functions/board/mean.sql", "create or replace function board.average(n int) returns int\nas $$"),
        ("functions/auth/average.sql", "create or replace function board.average(n int) returns int\nas $$"),
        ("functions/board/average.sql", "select 1;"),
        ("functions/board/tg_quiz__count.sql", "create or replace trigger tg_person__count"),
        ("views/board/rank.sql", "create view board.ranking as select 1"),
        ("policies/school.quiz.sql", 'create policy "teachers read theirs" on school.course for select'),
        ("policies/school.quiz.sql", "grant select on school.course to homeroom_teacher;"),
        ("policies/school.quiz.sql", "grant usage on schema school to homeroom_teacher;"),
    ],
)
def test_a_misnamed_file_is_seen(path: str, text: str) -> None:
    assert misnamed(path, text)


def test_functions_state_every_attribute() -> None:
    assert [line for path in tree.code() for line in unstated(path.read_text())] == []


def test_an_unstated_attribute_is_seen() -> None:
    stated = (
        "create or replace function a.b() returns int\n"
        "language sql stable parallel safe security invoker\n"
        "as $$ select 1 $$;"
    )
    assert unstated(stated) == []
    for attribute in ("returns int", "language sql", "stable", "parallel safe", "security invoker"):
        assert len(unstated(stated.replace(attribute, ""))) == 1
    procedure = "create or replace procedure a.b()\nlanguage plpgsql security invoker\nas $$ begin end $$;"
    assert unstated(procedure) == []
    for attribute in ("language plpgsql", "security invoker"):
        assert len(unstated(procedure.replace(attribute, ""))) == 1


def test_migrations_are_numbered_and_go_both_ways() -> None:
    names = [migration.name for migration in tree.migrations()]
    assert [name[:5] for name in names] == [f"{number:04}_" for number in range(1, len(names) + 1)]
    backwards = {
        path.name.removesuffix(".rollback.sql") for path in (DB / "migrations").glob("*.rollback.sql")
    }
    assert backwards == set(names)


def test_migrations_neither_make_nor_call_repeatable_code() -> None:
    found = {
        p.name: code for p in (DB / "migrations").glob("*.sql") if (code := repeatable_code(p.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "create function school.f() returns integer language sql return 1;",
        "create or replace view school.v as select 1;",
        "create materialized view board.v as select 1;",
        "create policy p on school.person using (true);",
        "create trigger t after insert on school.person execute function ops.refuse();",
        "grant select on school.person to homeroom_admin;",
        "select school.provide_interaction_months(current_date, current_date);",
    ],
)
def test_repeatable_code_in_a_migration_is_seen(text: str) -> None:
    assert repeatable_code(text)
    assert not repeatable_code(f"-- {text}\ncomment on schema school is 'no {text}';".replace("\n'", "'"))


def test_nothing_local_stands_in_the_tree() -> None:
    found = {
        str(path.relative_to(ROOT)): things
        for path in files()
        if (things := local_things(path.read_text(errors="replace")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "text", ["https://{}.org/simple", "--index{}url=x", "/{}/ann/project", "{}/README.md"]
)
def test_a_local_thing_is_seen(text: str) -> None:
    # Put together here, or this file would break the rule itself.
    assert any(local_things(text.format(part)) for part in ("pypi", "-", "home", ROOT))


def test_make_targets_that_the_documents_name_exist() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / ".ci" / "run"]
    assert {path.name: missing for path in documents if (missing := missing_targets(path.read_text()))} == {}
    assert missing_targets("`make coffee`\n    $ make tea\nmake demo") == {"coffee", "tea"}


def _in_db(path: Path) -> str:
    return path.relative_to(DB).as_posix()
