"""The command `homeroom`, as a process of its own with an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.servers import Database

PATIENCE = 120  # seconds
ROOT = Path(__file__).parents[2]


def environment(**settings: str) -> dict[str, str]:
    """What a command needs to run, and these settings; nothing else of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "100", **settings}


def run(settings: dict[str, str], *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    """`homeroom <arguments>` to its end, in an environment; its questions are answered like this."""
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments],
        env=settings,
        cwd="/",
        input=answer,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def homeroom(database: Database | str, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    """`homeroom <arguments>` on that database, or that of a URL."""
    url = database if isinstance(database, str) else database.url()
    return run(environment(DATABASE_URL=url), *arguments, answer=answer)
