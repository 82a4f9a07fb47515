"""What the deployment files say is run, with what environment, and running just that."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.api.process import answers, free_port, until
from tests.support.pages import ROOT

COMPOSE = ROOT / "compose.yaml"
UNITS = ROOT / "deploy" / "systemd"
PATIENCE = 60


@dataclass
class Program:
    """A command line and the environment that it gets, without what is the machine's."""

    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)

    def on(self, installed: Path) -> Program:
        """The same, of a virtual environment."""
        program = [str(installed / "bin" / "homeroom"), *self.command[1:]]
        return Program(program, {"PATH": os.defpath, **self.environment})

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            self.command,
            env=self.environment,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    @contextmanager
    def running(self, log: Path) -> Iterator[subprocess.Popen[bytes]]:
        """Run it for as long as the block lasts, then end it as a supervisor does."""
        with log.open("ab") as sink:
            process = subprocess.Popen(self.command, env=self.environment, cwd="/", stdout=sink, stderr=sink)
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(PATIENCE) == 0, log.read_text()


def compose() -> dict[str, Any]:
    """compose.yaml."""
    content: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return content


def image() -> dict[str, list[str]]:
    """The Dockerfile's instructions, by name."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if match := re.match(r"([A-Z]+) (.*)", line):
            found.setdefault(match[1], []).append(match[2])
    return found


def service(name: str, secrets: Path) -> Program:
    """A service of compose.yaml; secrets: the folder that stands for /run/secrets."""
    said = compose()["services"][name]
    given = dict(pair.split("=", 1) for line in image()["ENV"] for pair in shlex.split(line))
    given.pop("PATH")
    given |= said.get("environment", {})
    for value in given.values():
        if value.startswith("/run/secrets/"):
            assert value.removeprefix("/run/secrets/") in said["secrets"], "it is given the file"
    return Program(
        [*json.loads(image()["ENTRYPOINT"][0]), *said["command"]],
        {name: str(value).replace("/run/secrets", str(secrets)) for name, value in given.items()},
    )


def unit(name: str) -> dict[str, list[str]]:
    """The settings of a unit, each with all its values."""
    found: dict[str, list[str]] = {}
    for line in (UNITS / name).read_text().splitlines():
        if line and line[0] not in "#[":
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


def unit_program(name: str, secrets: Path) -> Program:
    """What a unit starts; secrets: the folder that stands for its credentials'."""
    said = unit(name)
    credentials = {value.split(":")[0] for value in said.get("LoadCredential", [])}
    given = dict(pair.split("=", 1) for line in said.get("Environment", []) for pair in shlex.split(line))
    for value in given.values():
        if value.startswith("%d/"):
            assert value.removeprefix("%d/") in credentials, "it is given the file"
    (command,) = said["ExecStart"]
    return Program(
        shlex.split(command), {name: value.replace("%d", str(secrets)) for name, value in given.items()}
    )


@contextmanager
def api(program: Program, log: Path) -> Iterator[httpx.Client]:
    """A program that is the API, on a port of its own; a client for it."""
    port = free_port()
    here = program.environment | {"DASHBOARD_HOST": "127.0.0.1", "DASHBOARD_PORT": str(port)}
    with (
        Program(program.command, here).running(log) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client,
    ):
        until(lambda: answers(client) or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield client
