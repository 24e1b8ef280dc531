"""YAML without its traps: no aliases, merge keys, tags or duplicate keys; bounded.

A 307-byte file of nested aliases costs ``yaml.safe_load``'s users gigabytes, and
``safe_load`` lets a second key of the same name win silently. Here a document is composed to
nodes (PyYAML), walked once, and every value remembers its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

SIZE_LIMIT = 256 * 1024
DEPTH_LIMIT = 32
NUMBER_LIMIT = 2**63

#: What an escape in quotes can still write and nobody can take: no file, no variable, no JSON.
TEXT = re.compile(r"[^\0\ud800-\udfff]*")

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class YamlFault:
    """One thing wrong with a document; ``line`` counts from 1."""

    line: int
    path: Path
    problem: str
    expected: str


class YamlError(ValueError):
    """A document that is not accepted."""

    def __init__(self, fault: YamlFault) -> None:
        super().__init__(fault.problem)
        self.fault = fault


@dataclass(frozen=True)
class Document:
    """Plain data (str, int, float, bool, None, list, dict) and the line of each path in it."""

    value: Any
    lines: dict[Path, int]

    def line_of(self, path: Path) -> int:
        """The line of a path, or of its nearest parent that exists."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def load(content: str | bytes) -> Document:
    """Read one document.

    :raises YamlError: not UTF-8, not YAML, more than one document, larger than 256 KiB, nested
        deeper than 32, or with an alias, a merge key, a tag or a duplicate key.
    """
    text = _text(content if isinstance(content, bytes) else content.encode())
    try:
        _refuse_by_event(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise YamlError(YamlFault(line, (), f"not YAML: {error.problem}", "one YAML document")) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError(YamlFault(line, (), f"the character U+{error.character:04X}", "printable text")) from None
    if node is None:
        raise YamlError(YamlFault(1, (), "empty file", "a mapping of keys to values"))
    lines: dict[Path, int] = {}
    return Document(_value(node, (), lines), lines)


def _text(content: bytes) -> str:
    if len(content) > SIZE_LIMIT:
        line = content.count(b"\n", 0, SIZE_LIMIT) + 1
        raise YamlError(YamlFault(line, (), "too large", f"at most {SIZE_LIMIT // 1024} KiB"))
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise YamlError(YamlFault(line, (), "not text", "UTF-8")) from None


def _refuse_by_event(text: str) -> None:
    """Refuse what must never be composed: composing aliases or a deep nest is the attack."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise YamlError(YamlFault(line, (), f"alias *{event.anchor}", "the value written out"))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_LIMIT:
            raise YamlError(YamlFault(line, (), "nested too deeply", f"at most {DEPTH_LIMIT} levels"))
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise YamlError(YamlFault(line, (), f"tag {tag}", "plain values without tags"))


def _value(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), lines) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return {key: _value(item, (*path, key), lines) for key, item in _unique_keys(node, path)}
    try:
        value = _scalars.construct_object(node)
    except ValueError:  # 0x_ looks like a number to YAML and is none
        problem, expected = f"{node.value[:40]} cannot be read as a number", "a number, or text in quotes"
        raise YamlError(YamlFault(lines[path], path, problem, expected)) from None
    if isinstance(value, int) and abs(value) >= NUMBER_LIMIT:
        raise YamlError(YamlFault(lines[path], path, "a number of over 64 bits", "a smaller one, or text in quotes"))
    if isinstance(value, str) and not TEXT.fullmatch(value):
        raise YamlError(YamlFault(lines[path], path, "text with NUL or half a character", "printable text"))
    return value


def _unique_keys(node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, yaml.Node]]:
    seen: dict[str, int] = {}
    for key_node, item in node.value:
        line = key_node.start_mark.line + 1
        if key_node.tag == "tag:yaml.org,2002:merge":
            raise YamlError(YamlFault(line, path, "merge key <<", "the keys written out"))
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != "tag:yaml.org,2002:str":
            raise YamlError(YamlFault(line, path, "a key that is not text", "text keys"))
        key = key_node.value
        if key in seen:
            raise YamlError(
                YamlFault(line, (*path, key), "duplicate key", f"each key once (first on line {seen[key]})")
            )
        seen[key] = line
        yield key, item


class _ScalarConstructor(yaml.constructor.SafeConstructor):
    """Turns one scalar node into str, int, float, bool or None; dates stay text."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if node.tag in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:binary"):
            return node.value
        return super().construct_object(node, deep)


_scalars = _ScalarConstructor()
