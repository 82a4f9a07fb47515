"""SIGTERM under load."""

from __future__ import annotations

import random
import selectors
import signal
import threading

from api import auth
from bench.cache import MODULE as SERVERS
from bench.cache import PATH
from bench.edge.shared import CACHED, school
from bench.serving import Server, serve
from db.embedded import Embedded
from tests.support.freshness import Line, request


def stop(server: Embedded, stops: int, connections: int) -> bool:
    """SIGTERM again and again; whether a request got no answer."""
    settings, students = school(server, 20)
    requests = [request(PATH, auth.sign(settings, student, 3600)) for student in students]
    given = settings.environment() | CACHED
    answered, lost, exits = 0, 0, []
    for _ in range(stops):
        with serve(SERVERS, "api", given) as api:
            port = int(api.url.rpartition(":")[2])
            count, failed = ask_until_closed(api, port, connections, requests)
            exits.append(api.process.wait(20))
            answered += count
            lost += failed
    print(
        f"\nSIGTERM under load, {stops} times, {connections} connections each: "
        f"{answered:,} requests answered, {lost} without an answer; exit codes {sorted(set(exits))}"
    )
    return bool(lost) or set(exits) != {0}


def ask_until_closed(api: Server, port: int, connections: int, requests: list[bytes]) -> tuple[int, int]:
    """Ask on all connections at once until the server has closed each; requests answered, and not answered.

    It is stopped when each connection has been answered: who waits to be accepted has no connection yet. One
    thread: between an answer and the next request there is nothing that could take long.
    """
    dice = random.Random(port)
    answered = lost = 0
    silent: set[Line] = set()
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            line = Line(port)
            line.send(dice.choice(requests))
            selector.register(line.socket, selectors.EVENT_READ, line)
            silent.add(line)
        while selector.get_map():
            for key, _ in selector.select():
                line = key.data
                try:
                    status, head, _ = line.receive()
                    assert status == 200, head
                    answered += 1
                    if line in silent:
                        silent.remove(line)
                        if not silent:
                            threading.Timer(0.5, api.process.send_signal, [signal.SIGTERM]).start()
                    goes_on = b"\r\nconnection: close\r\n" not in head and not line.is_closed()
                    if goes_on:
                        line.send(dice.choice(requests))
                except OSError:
                    lost += 1
                    goes_on = False
                if not goes_on:
                    selector.unregister(line.socket)
                    line.close()
    return answered, lost
