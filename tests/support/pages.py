"""Shell commands as the documentation says them, run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 300


def block(page: str, name: str) -> str:
    """The commands of the block of docs/<page> that is marked so."""
    found = re.findall(rf"^```sh {name}\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.M | re.S)
    assert len(found) == 1, f"{page} has {len(found)} blocks {name}"
    commands: str = found[0]
    return commands


def shell(commands: str, folder: Path, programs: Path, **variables: str) -> str:
    """Run commands to their end or first failure, in a folder; what they print.

    programs: PostgreSQL's. `homeroom` is the one of this source tree.
    """
    command = folder / "bin" / "homeroom"
    command.parent.mkdir(exist_ok=True)
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m api.cli "$@"\n')
    command.chmod(0o755)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env={
            "PATH": f"{command.parent}:{programs}:{os.environ['PATH']}",
            "PYTHONDONTWRITEBYTECODE": "1",
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
