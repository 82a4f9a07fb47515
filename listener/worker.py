"""The worker: what happens by itself. It refreshes dashboards that wait in the queue, and runs due jobs.

It may run beside pg_cron and beside other workers: the database lets nobody refresh or run the same at once.
"""

from __future__ import annotations

import random
import threading
import time

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from db.refresh import drain_batch
from db.session import NOT_CURRENT, connect

log = structlog.get_logger(__name__)

JOB_SECONDS = 2.0
"""How long to wait before looking for jobs again, when none was left."""
QUEUE_SECONDS = 0.2
"""How long to wait before looking into the queue again, when it was empty."""
BUDGET = "1 second"
"""How long one call may go on starting jobs. The worker stops between two calls."""
BACKOFF_SECONDS = (0.2, 10.0)
"""First and longest pause between attempts, while the database is away or not ready for us."""
# A server that vanished without a word is noticed within a minute, also in the middle of a call.
LIVELY = {"connect_timeout": 5, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


def run(url: str, stopped: threading.Event) -> None:
    """Work until `stopped` is set; a job that runs then is finished first.

    url: any libpq connection string, of a login that is a member of homeroom_owner. A database that is away,
    restarts or has not been migrated yet is waited for: nothing but `stopped` ends this.
    """
    conninfo = make_conninfo("", **{**LIVELY, **conninfo_to_dict(url)})
    pause, trouble = BACKOFF_SECONDS[0], ""
    while not stopped.is_set():
        try:
            with connect(conninfo, "worker") as connection:
                connection.add_notice_handler(_report)
                unfinished, looked = run_due_jobs(connection), time.monotonic()
                log.info("working")
                pause, trouble = BACKOFF_SECONDS[0], ""
                refreshed = 0
                while not stopped.wait(0 if unfinished or refreshed else QUEUE_SECONDS):
                    refreshed = drain_batch(connection)
                    if unfinished or time.monotonic() > looked + JOB_SECONDS:
                        unfinished, looked = run_due_jobs(connection), time.monotonic()
        except psycopg.Error as error:
            if str(error) != trouble:  # said once, not at every attempt
                trouble = str(error)
                unmigrated = isinstance(
                    error, (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedFunction)
                )
                log.error("waiting for the database", reason=NOT_CURRENT if unmigrated else trouble)
            stopped.wait(pause * random.uniform(0.5, 1))
            pause = min(pause * 2, BACKOFF_SECONDS[1])


def run_due_jobs(connection: psycopg.Connection) -> bool:
    """Run jobs that are due for a while; True if some are left."""
    row = connection.execute(f"call ops.run_due_jobs('{BUDGET}')").fetchone()
    return row == (True,)


def _report(notice: psycopg.errors.Diagnostic) -> None:
    """Log what the database says of its own accord: that a job failed, above all."""
    if notice.severity_nonlocalized == "WARNING":
        log.error(notice.message_primary, detail=notice.message_detail)
