"""Nothing is missing: writers commit late and out of order, clients come and go, and everything is killed.

    python -m bench.feed_soak [--writers 8] [--events 20000] [--clients 50] [--api-kills 3]
                              [--database-kills 1]

Each client ends with exactly the events that SQL says its person hears, or this fails. The same as
tests/listener/test_feed_soak.py, at full size, on an embedded server that is thrown away.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from db.apply import ensure_database, migrate
from db.embedded import Embedded
from tests.support.soak import Client, Size, Soak

USUAL = {"writers": 8, "events": 20_000, "clients": 50, "api-kills": 3, "database-kills": 1}


def main() -> None:
    """Run one soak and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, usual in USUAL.items():
        parser.add_argument(f"--{name}", type=int, default=usual, help=f"[{usual}]")
    size = Size(**vars(parser.parse_args()))
    with thrown_away() as server:
        soak = Soak(server, str(conninfo_to_dict(server.url())["dbname"]), size)
        began = time.monotonic()
        clients = soak.run()
        report(soak, clients, time.monotonic() - began)


def report(soak: Soak, clients: list[Client], seconds: float) -> None:
    """Print; exit 1 if any client has not exactly what it is to have."""
    wrong = [client for client in clients if client.got != soak.heard(client)]
    print(
        f"{soak.written:,} transactions in {seconds:.0f} s; {len(clients)} clients connected "
        f"{sum(client.connections for client in clients):,} times and got "
        f"{sum(len(client.got) for client in clients):,} events, "
        f"{sum(client.twice for client in clients):,} of them twice; "
        f"{sum(client.resets for client in clients)} resets; {len(wrong)} clients with a gap or too much"
    )
    sys.exit(1 if wrong else 0)


@contextmanager
def thrown_away() -> Iterator[Embedded]:
    """An embedded server with a migrated database."""
    with tempfile.TemporaryDirectory(prefix="homeroom-bench-") as home:
        Path(home).chmod(0o711)  # as root, PostgreSQL runs as another user and must get in
        with Embedded(Path(home) / "data") as server:
            ensure_database(server.url())
            migrate(server.url())
            yield server


if __name__ == "__main__":
    main()
