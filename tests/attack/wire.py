"""Requests as bytes: what no well-behaved client would send."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass

import httpx

PATIENCE = 60
"""Seconds after which something hangs."""


@dataclass
class Reply:
    """One answer as it came; status 0: the connection ended without one."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def names(self) -> list[str]:
        """The headers' names."""
        return [name for name, _ in self.headers]

    def header(self, name: str) -> str | None:
        """A header's value."""
        return next((value for found, value in self.headers if found == name), None)


def connect(client: httpx.Client) -> socket.socket:
    """A connection to the server of a client."""
    url = client.base_url
    return socket.create_connection((url.host, url.port or 80), PATIENCE)


def request(target: str | bytes, *headers: str | bytes, method: str = "GET", body: bytes = b"") -> bytes:
    """A request whose connection ends with it."""
    lines = [method.encode() + b" " + _bytes(target) + b" HTTP/1.1", *map(_bytes, headers)]
    if not any(line.lower().startswith(b"host:") for line in lines):
        lines.append(b"Host: school.example")
    if not any(line.lower().startswith(b"connection:") for line in lines):
        lines.append(b"Connection: close")
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def exchange(client: httpx.Client, sent: bytes) -> list[Reply]:
    """Send these bytes, say that there are no more, and read all that comes."""
    with connect(client) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # it would not hear more; what it said is there
            connection.sendall(sent)
        return replies(everything(connection))


def ask(client: httpx.Client, target: str | bytes, *headers: str | bytes, method: str = "GET") -> Reply:
    """The one answer to a request."""
    found = exchange(client, request(target, *headers, method=method))
    assert len(found) <= 1, found
    return found[0] if found else Reply(0, [], b"")


def everything(connection: socket.socket) -> bytes:
    """What comes until the other side ends. Raises TimeoutError if it does not."""
    received = b""
    with suppress(ConnectionResetError):
        while chunk := connection.recv(65_536):
            received += chunk
    return received


def replies(received: bytes) -> list[Reply]:
    """The answers in what a connection said, none of them to a HEAD."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        assert first.startswith("HTTP/1.1 "), received[:200]
        headers = []
        for line in lines:
            name, colon, value = line.partition(":")
            assert colon, line
            headers.append((name.lower(), value.strip()))
        length = next((int(value) for name, value in headers if name == "content-length"), None)
        chunked = ("transfer-encoding", "chunked") in headers
        body, received = (rest, b"") if length is None or chunked else (rest[:length], rest[length:])
        found.append(Reply(int(first.split()[1]), headers, body))
    return found


def _bytes(line: str | bytes) -> bytes:
    return line if isinstance(line, bytes) else line.encode()
