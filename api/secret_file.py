"""A setting that stands in a file, as orchestrators hand secrets over."""

from __future__ import annotations

import stat
import unicodedata
from pathlib import Path

MOST_BYTES = 65_536
LINE_ENDS = "\r\n"
BYTE_ORDER_MARK = "\ufeff"


class NoSecretError(Exception):
    """There is none. The message has neither the path, which may be the secret by mistake, nor its text."""


def text(path: str, *, lines: bool) -> str:
    """What stands in a file, without the ends of lines behind it. lines: it may be several, as of a PEM.

    What an editor or a shell leaves in a file unseen would be part of the secret. Raises NoSecretError.
    """
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):  # a pipe would be waited for
            raise NoSecretError("names what is no file")
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise NoSecretError(f"names a file that cannot be read: {reason}") from None
    try:
        found = content.decode().rstrip(LINE_ENDS)
    except UnicodeDecodeError:
        found = ""
    if not found or len(content) > MOST_BYTES:
        raise NoSecretError("must be: a file with a line of text")
    allowed = LINE_ENDS if lines else ""
    if BYTE_ORDER_MARK in found or any(
        unicodedata.category(character) == "Cc" and character not in allowed for character in found
    ):
        raise NoSecretError("must be: a file with a line of text, no byte order mark, no control characters")
    return found
