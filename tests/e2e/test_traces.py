"""A release is one trace, from the command to the last activity; no secret is in it."""

from __future__ import annotations

import time

from settings import StackSettings
from stack.places import StateDirectory
from tests.e2e.application import Verified
from tests.e2e.collector import Collector, Span

#: Seconds until a worker's spans are sent in a batch (5), and some.
PATIENCE = 60.0


def _spans(collector: Collector, release: str) -> list[Span]:
    """All spans of the trace to which a release's workflow belongs, once its last activity is there."""
    end = time.monotonic() + PATIENCE
    while True:
        traces = {span.trace for span in collector.spans if release in span.text}
        found = [span for span in collector.spans if span.trace in traces]
        if any(span.name.startswith("RunActivity") and span.service == "onward-worker-prod" for span in found):
            return found
        assert time.monotonic() < end, sorted({(span.service, span.name) for span in collector.spans})
        time.sleep(0.2)


def test_a_release_is_one_trace_over_all_duties(verified: Verified, collector: Collector) -> None:
    spans = _spans(collector, verified.document["release"])

    assert len({span.trace for span in spans}) == 1
    services = {span.service for span in spans}
    assert services == {"onward-cli", *(f"onward-worker-{duty}" for duty in ("orchestrate", "build", "ci", "prod"))}
    ran = {span.name for span in spans if span.name.startswith("RunActivity:")}
    assert len(ran) >= 7, ran


def test_no_key_is_in_any_span(verified: Verified, collector: Collector, stack_settings: StackSettings) -> None:
    _spans(collector, verified.document["release"])
    keys = [file.read_text() for file in StateDirectory(stack_settings).keys.rglob("*") if file.is_file()]
    words = {word for key in keys for word in key.replace('"', " ").split() if len(word) >= 20}

    assert len(words) > 5
    assert not [(word, span.name) for span in collector.spans for word in words if word in span.text]
