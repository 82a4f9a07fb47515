"""What OpenAPI is told about our types, where Litestar tells less than msgspec asks."""

from __future__ import annotations

import inspect

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar._openapi.schema_generation.plugins.struct import StructSchemaPlugin
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
