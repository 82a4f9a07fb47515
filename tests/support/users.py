"""Who runs a command: this user, or an ordinary one where the tests run as root."""

import os
import sys
from pathlib import Path

from db.embedded import bundled_bin
from db.server.user import User, reachable

ROOT = Path(__file__).parents[2]
IS_ROOT = os.geteuid() == 0
USERS = ["root", "ordinary"] if IS_ROOT else ["ordinary"]
ORDINARY = User(65534, 65534) if IS_ROOT else User(os.geteuid(), os.getegid())


def as_ordinary_user(command: list[str]) -> list[str]:
    """Return the command that runs `command` as an ordinary user; the process keeps its pid."""
    if not IS_ROOT:
        return command
    switch = ["setpriv", f"--reuid={ORDINARY.uid}", f"--regid={ORDINARY.gid}", "--clear-groups"]
    if not all(reachable(path, ORDINARY) for path in (Path(sys.executable), bundled_bin(), ROOT)):
        # The project lies in /root, say. Let the user in there; nothing else changes for it.
        switch += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return switch + command
