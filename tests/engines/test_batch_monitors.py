"""The monitors of batch jobs, each with its own tests, on a real promtool."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.monitor_set import monitors_of
from domain.standard_monitors import standard_monitors
from engines.promtool import Promtool
from tests.domain.builders import definition
from tests.fakes.progress import SilentProgress

JOBS = {
    "batch: {every: 15m, timeout: 10m}": timedelta(minutes=25),
    "batch: {schedule: '0 6 * * mon-fri', late_after: 2h}": timedelta(days=3, hours=2),
    "batch: {late_after: 30m}": timedelta(minutes=30),
    "batch: {every: 1s, timeout: 1s}": timedelta(seconds=2),
    "": None,
}


@pytest.mark.server
@pytest.mark.parametrize("text", JOBS)
def test_the_monitors_of_a_job_pass_their_own_tests(text: str) -> None:
    Promtool().test(monitors_of(definition(f"kind: batch\n{text}\n"), {}), SilentProgress())


@pytest.mark.parametrize("text", JOBS)
def test_a_job_is_late_after_its_longest_pause_and_what_it_allows_itself(text: str) -> None:
    job = definition(f"kind: batch\n{text}\n")

    assert job.batch.late_within == JOBS[text]
    names = [each.rule.alert for each in standard_monitors(job)]
    assert names == (["RunFailed", "RunLate"] if JOBS[text] else ["RunFailed"])
