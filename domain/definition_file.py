"""Read a ``service.yaml`` and say exactly what is wrong with it: file, line, key, expected."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain import strict_yaml
from domain.errors import InvalidDefinition
from domain.service import ServiceDefinition
from domain.strict_yaml import Document, YamlError, YamlFault
from domain.unsupported import unsupported_keys

#: How pydantic's error types read to a person; the rest keep pydantic's own sentence.
EXPECTED = {
    "extra_forbidden": "a key that service.yaml knows",
    "missing": "this key",
    "string_type": "text (put it in quotes)",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "tuple_type": "a list",
}


def parse_definition(text: str, file: str) -> ServiceDefinition:
    """The definition that a file's text holds.

    :param text: the file's content.
    :param file: how to name the file in errors, such as ``cart/service.yaml``.
    :raises InvalidDefinition: with a line for each fault: ``file:line: key: problem; expected …``.
    """
    try:
        document = strict_yaml.load(text)
    except YamlError as error:
        raise _invalid(file, [error.fault]) from None
    try:
        definition = ServiceDefinition.model_validate_json(json.dumps(document.value), strict=True)
    except ValidationError as error:
        raise _invalid(file, [_fault(document, detail) for detail in error.errors()]) from None
    unsupported = [
        YamlFault(document.line_of(path), path, "not supported by this version of Onward", expected)
        for path, expected in unsupported_keys(definition)
    ]
    if unsupported:
        raise _invalid(file, unsupported)
    return definition


def _fault(document: Document, detail: ErrorDetails) -> YamlFault:
    path = tuple(part for part in detail["loc"] if part != "[key]")
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        expected = str(context["error"])
    elif kind == "enum":
        expected = f"one of {context['expected']}"
    elif kind == "string_pattern_mismatch":
        expected = f"{_described(path)}text that matches {context['pattern']}"
    else:
        expected = EXPECTED.get(kind, detail["msg"].removeprefix("Input should be ").removeprefix("Value error, "))
    problem = {"extra_forbidden": "unknown key", "missing": "missing key"}.get(kind)
    return YamlFault(document.line_of(path), path, problem or _shown(detail["input"]), expected)


def _described(path: strict_yaml.Path) -> str:
    field = ServiceDefinition.model_fields.get(str(path[0])) if len(path) == 1 else None
    return f"{field.description}: " if field and field.description else ""


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "…"


def _invalid(file: str, faults: Iterable[YamlFault]) -> InvalidDefinition:
    lines = [f"{file}:{fault.line}: {_key(fault.path)}{fault.problem}; expected {fault.expected}" for fault in faults]
    return InvalidDefinition("\n".join(lines), next="onward check DIR, once it is mended")


def _key(path: strict_yaml.Path) -> str:
    return ".".join(str(part) for part in path) + ": " if path else ""
