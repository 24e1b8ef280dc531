"""Read a file of channels and say exactly what is wrong with it, without ever showing what stands in it.

A URL may stand in the wrong place, so that no value and no unknown text is part of an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from domain import strict_yaml
from domain.channels import Channel, Channels
from domain.errors import InvalidInput
from domain.strict_yaml import Document, Path, YamlError, YamlFault

#: So many faults are told.
FAULTS_LIMIT = 20

URLS = "a list of Apprise URLs, each in quotes"

#: What each key holds; nothing else may be named in an error.
EXPECTED = {
    "channels": "a list of channels",
    "application": "an application such as shop; left out for all of them",
    "severity": "a list of critical and warning; left out for both",
    "urls": URLS,
    "escalation": URLS,
}
_CHANNEL = "a mapping with urls and, if need be, application, severity, escalation"


def parse_channels(text: str, file: str, understands: Callable[[SecretStr], bool]) -> Channels:
    """The channels that a file's text holds.

    :param text: the file's content.
    :param file: how to name the file in errors.
    :param understands: whether somebody can be told through a URL.
    :raises InvalidInput: with a line for each fault: ``file:line: key: problem; expected …``.
    """
    try:
        document = strict_yaml.load(text)
    except YamlError as error:
        raise _invalid(file, [_without_text(error.fault)]) from None
    try:
        channels = Channels.model_validate_json(json.dumps(document.value), strict=True)
    except ValidationError as error:
        raise _invalid(file, [_fault(document, detail) for detail in error.errors()]) from None
    faults = [
        YamlFault(document.line_of(path), path, "not an Apprise URL", "one such as mailto://user:password@example.test")
        for path, url in _urls(channels)
        if not understands(url)
    ]
    if faults:
        raise _invalid(file, faults)
    return channels


def _urls(channels: Channels) -> Iterator[tuple[Path, SecretStr]]:
    for index, channel in enumerate(channels.channels):
        for key, urls in (("urls", channel.urls), ("escalation", channel.escalation)):
            for place, url in enumerate(urls):
                yield ("channels", index, key, place), url


def _fault(document: Document, detail: ErrorDetails) -> YamlFault:
    path = detail["loc"]
    line = document.line_of(path)
    if detail["type"] == "extra_forbidden":
        keys = Channel.model_fields if len(path) > 1 else Channels.model_fields
        return YamlFault(line, path[:-1], "an unknown key", f"one of {', '.join(sorted(keys))}")
    named = [part for part in path if isinstance(part, str)]
    expected = EXPECTED[named[-1]] if named else "a mapping with the key channels"
    if isinstance(path[-1] if path else None, int) and named == ["channels"]:
        expected = _CHANNEL
    return YamlFault(line, path, "missing key" if detail["type"] == "missing" else "something else", expected)


def _without_text(fault: YamlFault) -> YamlFault:
    """A fault of the YAML itself, without what stood there: the name of an alias, of a tag, of a key, a quotation."""
    known = tuple(part for part in fault.path if isinstance(part, int) or part in EXPECTED)
    problem = re.sub(r"^(alias|tag) .*", r"\1", fault.problem, flags=re.DOTALL)
    problem = re.sub(r"'(?!<).{2,}'", "'…'", problem, flags=re.DOTALL)
    if fault.expected.startswith("a number"):
        problem = "something that looks like a number"
    return YamlFault(fault.line, known, problem, fault.expected)


def _invalid(file: str, faults: list[YamlFault]) -> InvalidInput:
    lines = [
        f"{file}:{fault.line}: {'.'.join(map(str, fault.path))}{': ' if fault.path else ''}"
        f"{fault.problem}; expected {fault.expected}"
        for fault in sorted(faults, key=lambda fault: fault.line)[:FAULTS_LIMIT]
    ]
    return InvalidInput("\n".join(lines), next="docs/alerts.md shows such a file")
