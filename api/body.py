"""Request bodies: JSON that says it is JSON, or an error that says what is wrong."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import InternalServerException, ValidationException

from api.errors import NO_OBJECT, ApiError

MEDIA_TYPE = "application/json"


class JsonRequest(Request[Any, Any, Any]):
    """Litestar's request, less what it lets through: JSON of any type, and bodies that break its parser."""

    async def body(self) -> bytes:
        """The body's bytes. Raises ApiError if the client left before it sent them all: no defect of ours."""
        try:
            return await super().body()
        except InternalServerException as error:
            raise ApiError("HR400", "The body ended before all of it was there.") from error

    async def json(self) -> Any:
        """The body, an object. Raises ApiError for another content type and for what is no JSON in UTF-8."""
        if self.content_type[0] != MEDIA_TYPE:
            raise ApiError("HR415", f"The body's content type has to be {MEDIA_TYPE}.")
        try:
            body = await super().json()
        except UnicodeDecodeError as error:
            raise ApiError("HR400", "The body is not UTF-8.") from error
        except RecursionError as error:
            raise ApiError("HR400", "The body's JSON is nested too deeply.") from error
        if not isinstance(body, dict):  # Litestar would say so of `data`, which may be one of its fields
            raise ValidationException(extra=[{"key": "body", "message": NO_OBJECT}])
        self._check(body)
        return body

    def _check(self, body: dict[str, Any]) -> None:
        """Refuse what only Litestar would convert: a number for a moment, say, which JSON has as a text."""
        field = self.route_handler.parsed_data_field
        if field is None:
            return
        with suppress(msgspec.ValidationError):  # Litestar says what is wrong
            msgspec.convert(body, field.annotation, strict=False)
            try:
                msgspec.convert(body, field.annotation)
            except msgspec.ValidationError as error:
                message, _, path = str(error).partition(" - at `$.")
                raise ValidationException(extra=[{"key": path.rstrip("`"), "message": message}]) from None
