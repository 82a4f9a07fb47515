"""What a process logs, read while it writes."""

from pathlib import Path


def whole_lines(log: Path) -> list[str]:
    """What stands in a log, without a line that is being written."""
    return log.read_text().rpartition("\n")[0].splitlines()
