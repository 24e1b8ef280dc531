"""What an expression of PromQL is about: the series that it names."""

from __future__ import annotations

import re
from datetime import timedelta

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

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}


def looks_back(expression: str) -> timedelta:
    """The longest of the spans that an expression looks back over; nothing when it looks at the present alone."""
    spans = [match["range"].strip("[]").partition(":")[0] for match in _TOKEN.finditer(expression) if match["range"]]
    seconds = [
        sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)(ms|[smhdwy])", span)) for span in spans
    ]
    return timedelta(seconds=max(seconds, default=0))


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
