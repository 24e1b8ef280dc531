"""Read a ``service.yaml`` and say exactly what is wrong with it: file, line, key, expected."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from domain import definition_keys, strict_yaml
from domain.duration import format_duration
from domain.errors import InvalidDefinition
from domain.key_fault import KEY_FAULT, MISSING, KeyFault
from domain.service import DEFINITION_FILE, ServiceDefinition
from domain.service_files import ServiceFiles, missing_build_files
from domain.strict_yaml import Document, Path, YamlError, YamlFault

#: So many faults are told; who has more has given another file.
FAULTS_LIMIT = 20

CHECK_AGAIN = "onward check DIR, once it is mended"

MAPPING = "a mapping of keys to values"

#: How pydantic's error types read to a person; the rest keep pydantic's own sentence.
EXPECTED = {
    "int_type": "a whole number, without quotes",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "dict_type": MAPPING,
    "model_type": MAPPING,
    "tuple_type": "a list",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "some text",
    "too_short": "a list with something in it",
}


def read_definition(files: ServiceFiles) -> ServiceDefinition:
    """The definition of a service's directory, which has all files that it names.

    :raises InvalidDefinition: as :func:`parse_definition`.
    """
    file = files.named(DEFINITION_FILE)
    definition = parse_definition(files.definition, file)
    missing = missing_build_files(definition, files)
    if missing:
        raise invalid_keys(files.definition, file, missing)
    return definition


def parse_definition(content: str | bytes, file: str) -> ServiceDefinition:
    """The definition that a file's content holds.

    :param file: how to name the file in errors, such as ``cart/service.yaml``.
    :raises InvalidDefinition: with a line for each fault: ``file:line: key: problem; expected …``.
    """
    try:
        document = strict_yaml.load(content)
    except YamlError as error:
        raise _invalid(file, [error.fault]) from None
    try:
        definition = ServiceDefinition.model_validate_json(json.dumps(document.value), strict=True)
    except ValidationError as error:
        raise _invalid(file, [_fault(document, detail) for detail in error.errors()]) from None
    return definition


def invalid_keys(
    content: str | bytes, file: str, faults: Sequence[KeyFault], *, next: str = CHECK_AGAIN
) -> InvalidDefinition:
    """What refuses a definition for faults that do not show in the file alone; it can be parsed."""
    document = strict_yaml.load(content)
    lines = [YamlFault(document.line_of(fault.path), fault.path, fault.problem, fault.expected) for fault in faults]
    return _invalid(file, lines, next=next)


def _fault(document: Document, detail: ErrorDetails) -> YamlFault:
    path, kind, context = detail["loc"], detail["type"], detail.get("ctx", {})
    value: Any = detail["input"]
    if kind == KEY_FAULT:
        path, value, expected = (*path, *context["path"]), context["value"], str(context["expected"])
    else:
        expected = _expected(path, kind, context, value) or detail["msg"].removeprefix("Input should be ")
    # A key that is itself wrong: pydantic's path has a mark behind it.
    path = tuple(part for part in path if part != "[key]")
    if kind == "extra_forbidden":
        problem = "unknown key"
    else:
        problem = "missing key" if kind == "missing" or value is MISSING else _shown(value)
    return YamlFault(document.line_of(path), path, problem, expected)


def _expected(path: Path, kind: str, context: dict[str, Any], value: object) -> str | None:
    if kind == "value_error":
        return str(context["error"])
    if kind == "extra_forbidden":
        return f"one of {', '.join(definition_keys.keys(path[:-1]))}"
    if kind == "missing":
        return definition_keys.description(path) or MAPPING
    if kind == "string_pattern_mismatch":
        return definition_keys.description(path) or f"text that matches {context['pattern']}"
    if kind == "enum":
        return f"one of {context['expected']}"
    if kind == "string_type":
        return "text" if value is None or isinstance(value, dict | list) else "text; put it in quotes"
    if kind in ("greater_than_equal", "less_than_equal"):
        ((name, bound),) = context.items()
        shown = format_duration(bound) if isinstance(bound, timedelta) else bound
        return f"at {'least' if name == 'ge' else 'most'} {shown}"
    return EXPECTED[kind].format_map(context) if kind in EXPECTED else None


def _shown(value: object) -> str:
    if isinstance(value, dict | BaseModel):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, timedelta):
        return format_duration(value)
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "…"


def _invalid(file: str, faults: Sequence[YamlFault], *, next: str = CHECK_AGAIN) -> InvalidDefinition:
    shown = sorted(faults, key=lambda fault: fault.line)[:FAULTS_LIMIT]
    lines = [f"{file}:{fault.line}: {_key(fault.path)}{fault.problem}; expected {fault.expected}" for fault in shown]
    if len(faults) > len(shown):
        lines.append(f"{file}: and {len(faults) - len(shown)} more")
    return InvalidDefinition("\n".join(lines), next=next)


def _key(path: Path) -> str:
    """``scale.ci.min: ``; a key that could be mistaken for something else stands in quotes."""
    parts = [str(part) if re.fullmatch(r"[\w-]{1,80}", str(part)) else _shown(part) for part in path]
    return ".".join(parts) + ": " if parts else ""
