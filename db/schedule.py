"""The clock inside the database: pg_cron, where it is installed, runs the jobs that are due every minute."""

from __future__ import annotations

import psycopg

from db.session import Say

NAME = "homeroom jobs"
# With a bound, so that a long queue does not keep one call going past the next minute.
COMMAND = "call ops.run_due_jobs('50 seconds')"


def schedule(connection: psycopg.Connection, say: Say) -> bool:
    """Have pg_cron call the jobs as this session's login; False where pg_cron is not, or not for this login.

    Safe to repeat: the same login's schedule is replaced. Without pg_cron `homeroom work` is the clock.
    """
    if not _installed(connection):
        return False
    try:
        connection.execute("select cron.schedule(%s, '* * * * *', %s)", (NAME, COMMAND))
    except psycopg.errors.InsufficientPrivilege as error:
        say(f"pg_cron is here, but not for this login ({error.diag.message_primary}); see docs/operate.md")
        return False
    return True


def unschedule(connection: psycopg.Connection) -> None:
    """Take back what `schedule` did, before the procedure goes: it would fail every minute."""
    if _installed(connection) and _permitted(connection):
        connection.execute(
            "select cron.unschedule(jobid) from cron.job "
            "where jobname = %s and database = current_database()",
            (NAME,),
        )


def _installed(connection: psycopg.Connection) -> bool:
    found = connection.execute("select 1 from pg_extension where extname = 'pg_cron'").fetchone()
    return found is not None


def _permitted(connection: psycopg.Connection) -> bool:
    return connection.execute("select has_schema_privilege('cron', 'usage')").fetchone() == (True,)
