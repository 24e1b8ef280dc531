"""The page of a failed release: everything that was collected is on it, and nothing of it acts."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from domain.environment import Environment
from domain.evidence import (
    Change,
    Changes,
    EnvironmentEvidence,
    EvidenceDocument,
    FiringMonitor,
    suite_evidence,
    tail_of,
)
from domain.evidence_page import evidence_html
from domain.junit import CaseResult, Verdict
from tests.domain.builders import MOMENT, failed_release, state, suite_result, task

HOSTILE = "<script>alert('x')</script>&\"><img src=x onerror=alert(1)>"
FORBIDDEN = {"script", "img", "iframe", "object", "embed", "link", "form", "input", "a", "svg", "base"}
#: How often :func:`document` says its words.
PLACES = 20


class Reader(HTMLParser):
    """What a browser sees: the text, and each tag, which must be closed in turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def document(words: str = "out of memory", *, tasks: int = 1) -> EvidenceDocument:
    """Evidence that says the same words in each of its places."""
    bad = task(number=2, running=False, state="failed").model_copy(update={"error": words})
    there = state(task(number=1), *[bad] * tasks, replicas=2).model_copy(update={"message": words})
    cases = [CaseResult(name=words, verdict=Verdict.FAILED, message=words)]
    prod = EnvironmentEvidence(
        environment=Environment.PROD,
        state=there,
        monitors=(FiringMonitor(name=words, severity=words, since=MOMENT, summary=words),),
        tail=words,
        faults=(words,),
    )
    failed = failed_release(words)
    request = failed.request.model_copy(update={"reason": words, "requested_by": words, "repository": words})
    return EvidenceDocument(
        failed=failed.model_copy(update={"request": request}),
        changes=Changes(
            since="b" * 40, commits=(Change(commit="c" * 40, author=words, when=MOMENT, subject=words),), note=words
        ),
        environments=(EnvironmentEvidence(environment=Environment.CI), prod),
        faults=(words,),
        suites=(suite_evidence(suite_result(reason=words, log=words, report=words), cases),),
    )


def test_the_page_tells_all_that_was_collected() -> None:
    text = Reader(evidence_html(document())).text

    for part in (
        "shop-cart #2 failed in verify prod",
        "VerifyFailed",
        "ci-shop-cart is not deployed.",
        "1 of 2 replicas serve, release #1",
        "onward logs release:shop-cart:aaaaaaaaaaaa --step evidence-prod",
        "2026-01-02 03:04:05 UTC",
        "cart's own new suite",
        "cccccccccccc",
        "3.2 s",
    ):
        assert part in text, part
    assert text.count("out of memory") == PLACES


def test_nothing_that_was_printed_becomes_a_part_of_the_page() -> None:
    page = evidence_html(document(HOSTILE))
    read = Reader(page)

    assert "<script" not in page
    assert read.tags.isdisjoint(FORBIDDEN)
    assert read.text.count(HOSTILE) == PLACES


def test_a_page_has_a_bound() -> None:
    words = "<" * 100_000
    page = evidence_html(document(words, tasks=500).model_copy(update={"faults": (words,) * 500}))

    assert len(page) < 1_000_000
    assert "And 401 more." in Reader(page).text


def test_a_release_that_said_no_last_word_has_a_page_too() -> None:
    failed = failed_release(failure=None, stages=(), number=None)
    page = evidence_html(EvidenceDocument(failed=failed, changes=Changes(), environments=()))

    assert "no cause is known" in Reader(page).text


def test_what_could_not_be_read_is_not_said_to_be_absent() -> None:
    unread = EnvironmentEvidence(environment=Environment.PROD, faults=("the engine does not answer",))
    page = evidence_html(EvidenceDocument(failed=failed_release(), changes=Changes(), environments=(unread,)))

    assert "It is not known whether prod-shop-cart is deployed." in Reader(page).text


@pytest.mark.parametrize("count", [1, 16 * 1024, 40_000])
def test_a_tail_is_the_last_whole_lines(count: int) -> None:
    tail = tail_of("first\n" + "ä" * count + "\nlast line")

    assert tail.endswith("last line")
    assert len(tail.encode()) <= 16 * 1024
    assert tail == "last line" or tail.startswith("first")


def test_of_a_suite_the_cases_that_nothing_excuses_are_told() -> None:
    cases = [CaseResult(name=f"c{count}", verdict=Verdict.FAILED) for count in range(25)]
    found = suite_evidence(suite_result(excused=("c0",)), [*cases, CaseResult(name="ok", verdict=Verdict.PASSED)])

    assert [case.name for case in found.cases][:2] == ["c1", "c2"]
    assert (len(found.cases), found.more) == (20, 4)
