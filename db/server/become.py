"""Become a program that runs as the server's user and is told when its parent dies.

Run as a script, between the fork and the program: the process keeps its pid and its parent. A `preexec_fn`
would do the same, but is unsafe in a process that has threads.

Arguments: the parent's pid, the signal to get when the parent dies, uid, gid, the program, and its arguments.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
SIG_DFL = 0
IGNORED_IN_BACKGROUND = (2, 3)  # SIGINT, SIGQUIT; the module `signal` would take longer to load than all else


def main(parent: int, death_signal: int, uid: int, gid: int, program: list[str]) -> None:
    """Give up root if this is root, heed signals, ask for one, and become the program. Does not return."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    libc = ctypes.CDLL(None)
    # A script ignores these for what it starts with `&`, and children inherit that: who ends us would wait.
    for number in IGNORED_IN_BACKGROUND:
        libc.signal(number, SIG_DFL)
    # Only now: the kernel forgets the wish when the uid changes.
    if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        sys.exit("the kernel refused PR_SET_PDEATHSIG")
    if os.getppid() != parent:
        sys.exit("the parent died first")
    os.execv(program[0], program)


if __name__ == "__main__":
    parent, death_signal, uid, gid = map(int, sys.argv[1:5])
    main(parent, death_signal, uid, gid, sys.argv[5:])
