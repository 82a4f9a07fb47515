"""What OpenAPI is told about our types, where Litestar tells less than msgspec asks."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec
from litestar import Request
from litestar._openapi.schema_generation import SchemaCreator
from litestar._openapi.schema_generation.plugins.struct import StructSchemaPlugin
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Schema
from litestar.typing import FieldDefinition
from msgspec.inspect import Field, Metadata, StrType, StructType, Type, UnionType

from api.sent import Sent


class Described(StructSchemaPlugin):
    """Describes a type by its docstring, closed if clients send it, with the bounds of what may be null."""

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        """The schema of a Struct."""
        schema = super().to_openapi_schema(field_definition, schema_creator)
        # Litestar would say what the first field of that type is for.
        schema.description = inspect.getdoc(field_definition.annotation)
        if issubclass(field_definition.type_, Sent):
            schema.additional_properties = False
        struct = msgspec.inspect.type_info(field_definition.type_)
        assert isinstance(struct, StructType)
        for field in struct.fields:
            _bound((schema.properties or {})[field.encode_name], field)
        return schema


def _bound(described: object, field: Field) -> None:
    """Add the bounds of a text that may be null, too: Litestar leaves those of a union's members out."""
    wanted = _bare(field.type)
    if not isinstance(described, Schema) or not isinstance(wanted, UnionType):
        return
    for member in map(_bare, wanted.types):
        if isinstance(member, StrType):  # they hold for texts alone, and so may stand beside `oneOf`
            described.min_length, described.max_length = member.min_length, member.max_length
            described.pattern = member.pattern


def _bare(found: Type) -> Type:
    """A type without what is said about it."""
    return found.type if isinstance(found, Metadata) else found


def _texts(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


def _numbers(description: str, least: int = 0) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "integer", "minimum": least}}


HEADERS: dict[str, dict[str, Any]] = {
    "ETag": _texts("Of the body: the same in If-None-Match gets 304 while the document is the same.")
    | {"required": True},
    "RateLimit-Limit": _numbers(
        "So many requests an hour are allowed here. Absent where there is no limit.", 1
    ),
    "RateLimit-Remaining": _numbers("So many are left. Absent where there is no limit."),
    "RateLimit-Reset": _numbers("In so many seconds there will be more. Absent where there is no limit.", 1),
    "Retry-After": _numbers("Ask again in so many seconds.", 1) | {"required": True},
    "WWW-Authenticate": _texts("Which credential is missing, or what is wrong with it.") | {"required": True},
    "X-Feed-Cursor": _texts(
        "Where the live feed stood before this was read: a stream that begins with it as `?cursor=` misses "
        "nothing. Absent where there is none, and until the feed is there."
    ),
    "X-Request-ID": _texts("The request's, under which the log has it.") | {"required": True},
}
"""Headers of answers, as OpenAPI's components have them."""
OF_STATUS = {"304": ["ETag"], "401": ["WWW-Authenticate"], "429": ["Retry-After"], "503": ["Retry-After"]}
"""Those that come with a status."""
DOCUMENTS = ("200", "202", "304")
QUOTA = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


class WithHeaders(JsonRenderPlugin):
    """The document, with the headers of answers: of additional responses Litestar describes none."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The document as JSON."""
        openapi_schema["components"]["headers"] = HEADERS
        for methods in openapi_schema["paths"].values():
            for operation in methods.values():
                _describe(operation["responses"])
        return super().render(request, openapi_schema)


def _describe(responses: dict[str, Any]) -> None:
    """Add the headers of an operation's answers."""
    for status, response in responses.items():
        names = ["X-Request-ID", *OF_STATUS.get(status, ())]
        if status == "200" and "304" in responses:
            names.append("ETag")
        if "429" in responses:
            names += QUOTA
            if status in DOCUMENTS:
                names.append("X-Feed-Cursor")
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(names)}
