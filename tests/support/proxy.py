"""A connection that falls silent: between a client and PostgreSQL, without either being told."""

from __future__ import annotations

import selectors
import shutil
import socket
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo


class Proxy:
    """Forwards what comes on a Unix socket of its own to a server's, until it is told to be silent."""

    def __init__(self, conninfo: str) -> None:
        """conninfo: how to reach the server's socket, for libpq."""
        parts = conninfo_to_dict(conninfo)
        self._home = Path(tempfile.mkdtemp(prefix="proxy-"))
        name = f".s.PGSQL.{parts.get('port', 5432)}"
        self._target = f"{parts['host']}/{name}"
        self.conninfo = make_conninfo(conninfo, host=str(self._home))
        """How to reach the server through this."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._home / name))
        self._listener.listen()
        self._listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._other: dict[socket.socket, socket.socket] = {}
        self._heard = threading.Event()
        self._heard.set()
        self._over = False
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        self._thread.join(60)
        for each in (self._listener, *self._other):
            each.close()
        self._selector.close()
        shutil.rmtree(self._home)

    def silent(self) -> None:
        """Forward nothing from now on. New connections are made, and are as silent."""
        self._heard.clear()

    def speak(self) -> None:
        """Go on where it stopped."""
        self._heard.set()

    def _run(self) -> None:
        while not self._over:
            if not self._heard.wait(0.01):
                continue
            for key, _ in self._selector.select(0.01):
                if not self._heard.is_set():
                    break
                if key.fileobj is self._listener:
                    self._connect()
                elif key.fileobj in self._other:
                    self._forward(key.fileobj)

    def _connect(self) -> None:
        client, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._target)
        self._other[client], self._other[server] = server, client
        for each in (client, server):
            self._selector.register(each, selectors.EVENT_READ)

    def _forward(self, source: socket.socket) -> None:
        target = self._other[source]
        try:
            data = source.recv(1 << 16)
            if data:
                target.sendall(data)
                return
        except OSError:
            pass
        for each in (source, target):
            self._selector.unregister(each)
            del self._other[each]
            each.close()
