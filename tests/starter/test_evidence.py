"""Evidence on a terminal: the same as on the page."""

from __future__ import annotations

from starter.evidence import evidence_text
from tests.domain.test_evidence_page import document


def test_the_text_tells_all_that_was_collected() -> None:
    text = evidence_text(document())

    for part in (
        "shop-cart #2 (aaaaaaaaaaaa): failed",
        "failed in verify prod (VerifyFailed):\n  out of memory",
        "cart's own new suite failed:\n  out of memory\n    out of memory: out of memory",
        "what changed since bbbbbbbbbbbb, which was verified:\n  out of memory\n  cccccccccccc out of memory",
        "ci: not deployed",
        "prod: failing, 1 of 2 replicas serve #1 (aaaaaaaaaaaa); #2 is asked for",
        "  t2           #2 failed  out of memory",
        "  fires: out of memory for ",
        "  could not be read: out of memory",
        "    out of memory",
        "could not be collected:\n  out of memory",
    ):
        assert part in text, part
