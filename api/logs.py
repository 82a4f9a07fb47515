"""One JSON object per line on standard error, from our code and from the libraries alike."""

from __future__ import annotations

import logging
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog

from api.settings import Level
from api.visit import request_id

AT_LEAST = {
    # uvicorn's, which it gives to websockets: that writes heads and frames, tokens and cookies with them.
    "uvicorn.error": logging.INFO,
    "websockets": logging.INFO,
    # Every request that we make, URL included, and the headers of its answer.
    "httpx": logging.WARNING,
    "httpcore": logging.INFO,
    "urllib3": logging.INFO,
}
"""Loggers that are never listened to below this level: what they say there is for nobody's log."""

before_errors: list[Callable[[], None]] = []
"""Called before an error is written: what happened ahead of it and waits to be written comes first."""


class Handler(logging.StreamHandler[Any]):
    """Standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        if record.levelno >= logging.ERROR:
            for write in before_errors:
                write()
        super().emit(record)


def configure(level: Level) -> None:
    """Send everything at or above `level` to standard error. Call once per process, before the first line."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
        _drop_color,
        # The stack as text: renderers that show local variables would show tokens.
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = Handler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name, least in AT_LEAST.items():
        logging.getLogger(name).setLevel(max(least, logging.getLevelNamesMapping()[level]))


def _add_request_id(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if (taken := request_id.get(None)) is not None:
        event["request_id"] = taken
    return event


def _drop_color(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """uvicorn gives each message twice, once for terminals."""
    event.pop("color_message", None)
    return event
