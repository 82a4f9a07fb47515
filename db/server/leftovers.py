"""What a server leaves behind that was killed, or whose owner was: processes, and a pid file that may lie.

All processes of a server inherit one open, locked file. Whoever has it open belongs to the server beyond
doubt (a pid in a file proves nothing), and as long as it stays locked, one of them lives.
"""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from db.server import EmbeddedError

PROC = Path("/proc")


def try_lock(descriptor: int) -> bool:
    """Take the exclusive lock of an open file, unless it is held through another opening of that file."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def no_leftovers(lock: Path, data: Path, seconds: float) -> Iterator[int]:
    """End what is left of an earlier server; yield the locked descriptor that the next server is to inherit.

    Only for the owner of the data: whatever still runs there has lost its own. A postmaster is asked to shut
    down in order. Where it is gone, its orphans are killed: all they can do is hold up the recovery.

    Arguments: the lock file, PostgreSQL's data directory, how long to wait. Raises EmbeddedError after that.
    """
    descriptor = os.open(lock, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        deadline = time.monotonic() + seconds
        while not try_lock(descriptor):
            left = _holders(descriptor)
            if time.monotonic() > deadline:
                raise EmbeddedError(f"Processes of an earlier server on {data} do not end: {sorted(left)}.")
            postmaster = left & {read_pid_file(data)[0]}
            for pid in postmaster or left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT if postmaster else signal.SIGKILL)
            time.sleep(0.02)
        yield descriptor
    finally:
        os.close(descriptor)


def drop_stale_pid_file(data: Path) -> None:
    """Remove a postmaster.pid that names a live process which is no server of this data directory.

    PostgreSQL would not start while any process of its user has that pid, as may be after a container's
    restart. (A pid that no process has, it sees through itself.) Call it inside `no_leftovers`. Raises
    EmbeddedError if a server runs there that was started by other means.
    """
    pid, _ = read_pid_file(data)
    with suppress(OSError):  # no such process, or another user's
        if (PROC / str(pid) / "cwd").samefile(data):  # where every process of a server works
            raise EmbeddedError(f"Process {pid}, a server that Homeroom did not start, uses {data}. Stop it.")
    if pid == 0 or (PROC / str(pid)).exists():
        (data / "postmaster.pid").unlink(missing_ok=True)


def read_pid_file(data: Path) -> tuple[int, str]:
    """Return the pid and the status (at last `ready`) in postmaster.pid; the pid 0 where there is none."""
    with suppress(OSError, ValueError, IndexError):
        lines = (data / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), "".join(lines[7:8]).strip()
    return 0, ""


def _holders(descriptor: int) -> set[int]:
    """Return the pids of the other processes that have the same file open, as far as this user may look."""
    file = os.fstat(descriptor)
    found = set()
    for process in PROC.glob("[0-9]*"):
        with suppress(OSError):  # it has just ended, or is another user's
            if any(os.path.samestat(file, opened.stat()) for opened in (process / "fd").iterdir()):
                found.add(int(process.name))
    return found - {os.getpid()}
