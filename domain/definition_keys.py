"""What the JSON Schema of ``service.yaml`` says of one key: what it is for, which keys are in it."""

from __future__ import annotations

from functools import cache
from typing import Any

from domain.service import definition_schema
from domain.strict_yaml import Path

Schema = dict[str, Any]


def description(path: Path) -> str:
    """What a key is for, as its field says; empty when it says nothing."""
    return str(_schema(path).get("description", "")).partition("\n")[0]


def keys(path: Path) -> list[str]:
    """The keys that a mapping may have; none where any will do."""
    return sorted(_schema(path).get("properties", {}))


def _schema(path: Path) -> Schema:
    schema = _whole()
    for part in path:
        if isinstance(part, int):
            inner = schema.get("items", {})
        else:
            inner = schema.get("properties", {}).get(part) or schema.get("propertyNames", {})
        schema = _resolved(inner)
    return schema


def _resolved(schema: Schema) -> Schema:
    """Without references, and without the ``null`` of what may be left out; a field's own words win."""
    for option in schema.get("anyOf", []):
        if option.get("type") != "null":
            return _resolved({**option, **schema, "anyOf": []})
    target = _whole()["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else {}
    return {**target, **schema}


@cache
def _whole() -> Schema:
    return definition_schema()
