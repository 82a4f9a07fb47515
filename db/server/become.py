"""Become a program that runs as the server's user and is told when its parent dies.

Run as a script, between the fork and the program: the process keeps its pid and its parent. A `preexec_fn`
would do the same, but is unsafe in a process that has threads.

Arguments: the parent's pid, the signal to get when the parent dies, uid, gid, the program, and its arguments.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, death_signal: int, uid: int, gid: int, program: list[str]) -> None:
    """Give up root if this is root, ask for the signal, and become the program. Does not return."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # Only now: the kernel forgets the wish when the uid changes.
    if ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        sys.exit("the kernel refused PR_SET_PDEATHSIG")
    if os.getppid() != parent:
        sys.exit("the parent died first")
    os.execv(program[0], program)


if __name__ == "__main__":
    parent, death_signal, uid, gid = map(int, sys.argv[1:5])
    main(parent, death_signal, uid, gid, sys.argv[5:])
