"""Thousands of clients that only read, in a process of their own: they cost the same for every server."""

from __future__ import annotations

import resource
import select
import socket
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

CONNECTING = 64
"""So many connect at a time."""
PATIENCE = 120


def open_files(number: int) -> None:
    """Let this process have so many files open, as far as it may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(number, most), most))


class Swarm:
    """Handle of a process with many clients of one URL. Use it as a context manager."""

    def __init__(self, url: str, clients: int, header: str = "", stalled: str = "") -> None:
        """header: lines of the request. stalled: those of one more client, which never reads."""
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_run, args=(theirs, url, clients, header, stalled), daemon=True
        )

    def __enter__(self) -> Swarm:
        self._process.start()
        self._take("connected")
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.join()

    def expect(self) -> None:
        """From now on, wait for the next message at every client."""
        self._pipe.send("expect")
        self._take("expecting")

    def last(self) -> tuple[float, bytes]:
        """When (time.monotonic) the last client had its message, and what the first one got."""
        at, got = self._take("all")
        return at, got

    def arrivals(self, number: int) -> list[tuple[float, bytes]]:
        """What the clients got, chunk by chunk, with the time of each, until there were so many messages."""
        self._pipe.send(number)
        found: list[tuple[float, bytes]] = self._take("arrived")[0]
        return found

    def _take(self, wanted: str) -> tuple:  # type: ignore[type-arg]
        if not self._pipe.poll(PATIENCE):
            raise TimeoutError(f"not {wanted}")
        said, *rest = self._pipe.recv()
        assert said == wanted, (said, rest)
        return tuple(rest)


def _run(pipe: Connection, url: str, clients: int, header: str, stalled: str) -> None:
    open_files(clients + 100)
    target = urlsplit(url)
    path = target.path + (f"?{target.query}" if target.query else "")
    request = f"GET {path} HTTP/1.1\r\nHost: {target.netloc}\r\n"
    where = (target.hostname or "", target.port or 80)
    everybody = _connect(where, f"{request}{header}\r\n".encode(), clients)
    idle = _connect(where, f"{request}{stalled}\r\n".encode(), 1 if stalled else 0, buffer=4096)
    poll = select.epoll()
    for number, one in everybody.items():
        poll.register(number, select.EPOLLIN)
        one.setblocking(False)
    pipe.send(("connected",))
    while True:
        order = pipe.recv()
        if order == "expect":
            pipe.send(("expecting",))
            pipe.send(("all", *_wait_for_all(poll, everybody)))
        else:
            pipe.send(("arrived", _collect(poll, everybody, order)))
        assert len(idle) == bool(stalled)


def _connect(
    where: tuple[str, int], request: bytes, clients: int, buffer: int = 0
) -> dict[int, socket.socket]:
    """So many connections, each with its answer begun."""
    found: dict[int, socket.socket] = {}
    while len(found) < clients:
        some: list[socket.socket] = []
        for _ in range(min(CONNECTING, clients - len(found))):
            one = socket.socket()
            if buffer:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            one.connect(where)
            one.sendall(request)
            some.append(one)
        for one in some:
            one.settimeout(PATIENCE)
            answer = b""
            while b"\r\n\r\n" not in answer or b"retry" not in answer:
                answer += one.recv(4096)
                assert answer.startswith(b"HTTP/1.1 200"), answer
            found[one.fileno()] = one
    return found


def _wait_for_all(poll: select.epoll, everybody: dict[int, socket.socket]) -> tuple[float, bytes]:
    waiting = set(everybody)
    first = b""
    while waiting:
        for number, _ in poll.poll():
            got = everybody[number].recv(65536)
            if b"data:" in got:
                waiting.discard(number)
                first = first or got
    return time.monotonic(), first


def _collect(
    poll: select.epoll, everybody: dict[int, socket.socket], number: int
) -> list[tuple[float, bytes]]:
    found: list[tuple[float, bytes]] = []
    messages = 0
    while messages < number:
        for one, _ in poll.poll():
            got = everybody[one].recv(1 << 20)
            found.append((time.monotonic(), got))
            messages += got.count(b"data:")
    return found
