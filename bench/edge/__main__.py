"""What stands around the answers, under load: what each part costs, many people at once, stops, freshness.

    python -m bench.edge [parts] [people] [stop] [fresh] [--seconds 60] [--rounds 5]

parts   GET /api/v1/student/dashboard from the response cache, with one thing more at a time, against bare
        uvicorn that sends the same bytes with the least of headers; alternating rounds, medians.
people  --tokens (1,000) people by --connections (256), each request somebody else's, for --seconds: errors,
        memory all along, hits, and the rate against bare uvicorn with the same load.
stop    SIGTERM under load, --stops times: requests that went out on open connections and got no answer.
fresh   --reads (1,000,000) of two processes while 200 facts a second are written: answers that lack what was
        committed a lease before they were asked for.

Without a name all four run. Exits 1 if there were errors, if memory grew, if requests were lost or
answers were late. wrk makes the load (the last two have readers of their own). Everything runs on
an embedded server that is thrown away.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench.edge.fresh import fresh
from bench.edge.parts import parts
from bench.edge.people import people
from bench.edge.stop import stop
from db.embedded import Embedded

PARTS = ("parts", "people", "stop", "fresh")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.edge",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="*", help=f"of {', '.join(PARTS)} [all]")
    parser.add_argument("--seconds", type=int, default=60, help="of the load of many people [60]")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each part, of 2 s [5]")
    parser.add_argument("--tokens", type=int, default=1000, help="people [1000]")
    parser.add_argument("--connections", type=int, default=256, help="of theirs [256]")
    parser.add_argument("--stops", type=int, default=10, help="servers that are stopped [10]")
    parser.add_argument("--reads", type=int, default=1_000_000, help="that are held against the facts")
    options = parser.parse_args()
    chosen = options.what or PARTS
    if set(chosen) - set(PARTS):
        parser.error(f"one of {', '.join(PARTS)}")
    failed = False
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="homeroom-bench-") as home:
            Path(home).chmod(0o711)  # as root, PostgreSQL runs as another user and must get in
            with Embedded(Path(home) / "data") as server:
                match name:
                    case "parts":
                        parts(server, options.rounds)
                    case "people":
                        failed |= people(server, Path(home), options)
                    case "stop":
                        failed |= stop(server, options.stops, options.connections)
                    case "fresh":
                        failed |= fresh(server, Path(home), options.reads)
    sys.exit(failed)


if __name__ == "__main__":
    main()
