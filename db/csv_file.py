"""CSV files from elsewhere, plain or compressed, read so that a bad line never breaks or hides others.

One line is one row, so a field cannot hold a line break. In return a quotation mark that nobody closes costs
its own line only, and the number of its line tells a row from all others.
"""

import csv
import gzip
import lzma
import zlib
from collections.abc import Iterator, Sequence
from io import BufferedReader
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Self

SUFFIXES = (".csv", ".csv.xz", ".csv.gz")
KEPT_BYTES = 1000  # of a line that cannot be taken apart


class CsvError(Exception):
    """A file is missing, damaged, or lacks a column; the message says which."""


def find(directory: Path, *names: str) -> Path:
    """Return the first file that has one of `names`, in this order, with one of SUFFIXES. Raises CsvError."""
    for name in names:
        for suffix in SUFFIXES:
            if (path := directory / f"{name}{suffix}").is_file():
                return path
    raise CsvError(f"{directory} holds no {names[0]}.csv, {names[0]}.csv.xz or {names[0]}.csv.gz")


class CsvFile:
    """An open file, of which some columns are read, once and in order. A context manager."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        """Open the file and read its header, which must name each of `columns` (two or more) once.

        Their order is free, and other columns are ignored. Raises CsvError.
        """
        self.path = path
        try:
            self._raw = path.open("rb")
        except OSError as error:
            raise CsvError(f"{path} cannot be read: {error.strerror}") from error
        try:
            self.size = path.stat().st_size
            self._lines = self._decompress()
            header = self._read_header()
            if wrong := [column for column in columns if header.count(column) != 1]:
                raise CsvError(f"{path} must name once in its first line: {', '.join(wrong)}")
        except BaseException:
            self._raw.close()
            raise
        self._width = len(header)
        self._nothing = (None,) * len(columns)
        self._pick = itemgetter(*map(header.index, columns))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.close()

    @property
    def position(self) -> int:
        """How many of `size` bytes have been read, as they lie on the disk."""
        return self._raw.tell()

    def rows(self) -> Iterator[tuple[int, tuple[str | None, ...]]]:
        """Yield (line, (*columns, raw, fault)) for each line that is not blank.

        line: its number, where the header is line 1. raw and fault: None; or, if the line cannot be taken
        apart, its beginning and what is wrong with it, while the columns are None. Raises CsvError when it
        comes to damage.
        """
        for line, raw in enumerate(self._lines, start=2):
            if raw.isspace():
                continue
            try:
                text = raw.decode()
                fields = _split(text)
                if len(fields) != self._width:
                    fault = f"the line has {len(fields)} fields, the header has {self._width}"
                elif "\0" in text:
                    fault = "the line has a NUL character"
                else:
                    yield line, (*self._pick(fields), None, None)
                    continue
            except UnicodeDecodeError:
                fault = "the line is not UTF-8"
            except csv.Error as error:
                fault = f"the line's quotation marks are wrong: {error}"
            shown = raw.rstrip(b"\r\n")[:KEPT_BYTES].decode(errors="backslashreplace").replace("\0", "\\x00")
            yield line, (*self._nothing, shown, fault)

    def _read_header(self) -> list[str]:
        try:
            return _split(next(self._lines, b"").decode("utf-8-sig"))
        except (UnicodeDecodeError, csv.Error):
            return []

    def _decompress(self) -> Iterator[bytes]:
        """Yield the lines with their ends."""
        try:
            match self.path.suffix:
                case ".xz":
                    with lzma.LZMAFile(self._raw) as stream:
                        yield from BufferedReader(stream)
                case ".gz":
                    with gzip.GzipFile(fileobj=self._raw) as stream:
                        yield from BufferedReader(stream)
                case _:
                    yield from self._raw
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            raise CsvError(f"{self.path} is damaged: {error}") from error


def _split(text: str) -> list[str]:
    """Take one line apart. Raises csv.Error if its quotation marks do not match."""
    if '"' in text:
        return next(csv.reader([text], strict=True))
    return text.rstrip("\r\n").split(",")
