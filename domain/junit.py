"""JUnit XML, as suites write it: the cases and how each ended."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from enum import StrEnum
from fnmatch import fnmatchcase

from pydantic import BaseModel, ConfigDict

REPORT_LIMIT = 16 * 1024 * 1024


class Verdict(StrEnum):
    """How a case or a suite ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class CaseResult(BaseModel):
    """One JUnit case; ``name`` is ``<classname>.<name>``."""

    model_config = ConfigDict(frozen=True)

    name: str
    verdict: Verdict
    seconds: float = 0.0
    message: str = ""


def matches(case: str, pattern: str) -> bool:
    """Whether a case ``<classname>.<name>`` is meant by a pattern for its full or its last name."""
    return fnmatchcase(case, pattern) or fnmatchcase(case.rpartition(".")[2], pattern)


def parse_junit(document: bytes) -> list[CaseResult]:
    """The cases of one JUnit XML file; ``ValueError`` when it is not one, or over 16 MiB."""
    if len(document) > REPORT_LIMIT:
        raise ValueError(f"{len(document)} bytes, at most {REPORT_LIMIT}")
    if b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        raise ValueError("a document type declaration")
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 – no document type, so no entities
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from None
    if root.tag not in ("testsuites", "testsuite"):
        raise ValueError(f"root element <{root.tag}>, expected <testsuites> or <testsuite>")
    return [_case(element) for element in root.iter("testcase")]


def _case(element: ElementTree.Element) -> CaseResult:
    bad = next((child for tag in ("failure", "error") for child in element.findall(tag)), None)
    if bad is not None:
        verdict, message = Verdict.FAILED, (bad.get("message") or bad.text or "").strip()
    else:
        skipped = element.find("skipped") is not None
        verdict, message = (Verdict.SKIPPED if skipped else Verdict.PASSED), ""
    try:
        seconds = float(element.get("time") or 0)
    except ValueError:
        seconds = 0.0
    name = ".".join(part for part in (element.get("classname"), element.get("name")) if part)
    return CaseResult(name=name, verdict=verdict, seconds=seconds, message=message[:500])
