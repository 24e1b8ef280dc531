"""What an expression of PromQL is about: the series that it names."""

from __future__ import annotations

import re

_AGGREGATORS = frozenset(
    ("sum", "min", "max", "avg", "group", "stddev", "stdvar", "count", "count_values", "bottomk", "topk", "quantile")
)
_WORDS = _AGGREGATORS | {"and", "or", "unless", "bool", "offset", "atan2", "inf", "nan", "start", "end"}
_LABEL_LISTS = frozenset(("by", "without", "on", "ignoring", "group_left", "group_right"))

_STRING = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`"
_TOKEN = re.compile(
    rf"(?P<string>{_STRING})"
    r"|(?P<range>\[[^\]]*\])"
    r"|(?P<number>\d[\w.]*)"
    rf"|(?P<matchers>\{{(?:{_STRING}|[^{{}}\"'`])*\}})"
    r"|(?P<name>[a-zA-Z_:][\w:]*)"
    r"|(?P<other>\S)"
)


def selectors(expression: str) -> list[str]:
    """The series that an expression selects, each once: ``http_requests_total{code="500"}``, ``up``."""
    found: dict[str, None] = {}
    text = expression
    while text:
        match = _TOKEN.search(text)
        if match is None:
            break
        text = text[match.end() :]
        if match["matchers"]:
            found[match["matchers"]] = None
        elif match["name"] and match["name"] in _LABEL_LISTS:
            text = re.sub(r"^\s*\([^()]*\)", "", text)
        elif match["name"] and match["name"].lower() not in _WORDS and not re.match(r"\s*\(", text):
            matchers = re.match(rf"\s*(\{{(?:{_STRING}|[^{{}}\"'`])*\}})", text)
            found[match["name"] + (matchers[1] if matchers else "")] = None
            text = text[matchers.end() :] if matchers else text
    return list(found)
