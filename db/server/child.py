"""A child process that dies with its owner, is deaf to the terminal's Ctrl-C, and writes to a bounded log."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from signal import Signals
from threading import Thread

from db.server.user import User

LOG_BYTES = 10_000_000  # two such files are kept at most
AGAIN_SECONDS = 1.0
TAIL_CHARACTERS, TAIL_LINES = 4000, 8


class Child:
    """A program that runs as another user (if this is root), from construction until it ends.

    A thread of its own starts it, writes its output to the log, and waits for its end. The kernel ties
    PR_SET_PDEATHSIG to the thread that forked, so that thread must last as long as the child; a caller's
    thread (an executor's, say) may end earlier.
    """

    def __init__(
        self, command: Sequence[str | Path], user: User, *, death_signal: Signals, inherit: int, log: Path
    ) -> None:
        """Start the program.

        Arguments: its absolute path and its arguments; the user; the signal it gets when this process dies; a
        file descriptor that it inherits; the log file. Raises OSError if that fails.
        """
        become = [str(Path(__file__).with_name("become.py")), str(os.getpid()), str(int(death_signal))]
        # -I -S: heed nothing of the environment or of site-packages. It takes 10 ms.
        self._command = [sys.executable, "-I", "-S", *become, *map(str, (*user, *command))]
        self._inherit = inherit
        self._log = log
        self._tail = ""
        born: Future[subprocess.Popen[bytes]] = Future()
        self._thread = Thread(target=self._live, args=[born], name=Path(command[0]).name, daemon=True)
        self._thread.start()
        self._process = born.result()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Return the exit status (negative: the signal that killed it), or None while the program runs."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait for the program's end and return its exit status."""
        return self._process.wait()

    def end(self, *steps: tuple[Signals, float]) -> None:
        """End the program if it still runs: per step, send the signal and give it so many seconds.

        The signal is sent every second: who has only just begun, in a process that ignores it, may not heed
        it yet.
        """
        for signal, seconds in steps:
            until = time.monotonic() + seconds
            while self._process.poll() is None and (left := until - time.monotonic()) > 0:
                self._process.send_signal(signal)
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(min(left, AGAIN_SECONDS))

    def last_words(self) -> str:
        """Return the last lines that the program wrote."""
        if self.poll() is not None:
            self._thread.join(1)  # what it wrote just before it ended may still be in the pipe
        return "\n".join(self._tail.strip().splitlines()[-TAIL_LINES:])

    def _live(self, born: Future[subprocess.Popen[bytes]]) -> None:
        try:
            log = RotatingFileHandler(self._log, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
            process = subprocess.Popen(
                self._command,
                bufsize=0,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd="/",  # this process's own folder may be closed to the user
                # Nothing more: neither this process's secrets nor a PGPORT are for the server.
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
                pass_fds=[self._inherit],
                start_new_session=True,  # Ctrl-C is for the owner, who then ends things in order
            )
        except BaseException as error:
            born.set_exception(error)
            return
        born.set_result(process)
        log.terminator = ""
        with closing(log), process:
            assert process.stdout is not None
            while chunk := os.read(process.stdout.fileno(), 65536):
                text = chunk.decode(errors="replace")
                self._tail = (self._tail + text)[-TAIL_CHARACTERS:]
                log.emit(logging.makeLogRecord({"msg": text}))
