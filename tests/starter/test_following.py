"""What is said while a release goes on: lines in a log, a picture on a terminal."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from domain.release import ReleaseResult, ReleaseStatus, Stage, StageResult, StageStatus
from starter.following import LineReporter, LiveReporter
from starter.output import Output

STARTED = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = StageResult(name=Stage.SOURCE, status=StageStatus.DONE, started=STARTED, seconds=2.5)
BUILD = StageResult(name=Stage.BUILD, status=StageStatus.RUNNING, started=STARTED)
BUILT = BUILD.model_copy(update={"status": StageStatus.DONE, "seconds": 47.0})


class Clock:
    """Seconds since the stages began."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return STARTED.timestamp() + self.seconds


def result(*stages: StageResult) -> ReleaseResult:
    return ReleaseResult(
        release="release:shop-cart:1a2b3c4d5e6f",
        application="shop",
        role="cart",
        commit="1a2b3c4d5e6f",
        status=ReleaseStatus.RUNNING,
        stages=stages,
    )


def test_a_log_gets_a_sign_of_life_of_a_long_stage(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    reporter = LineReporter(Output(as_json=True), clock)
    for second in range(47):
        clock.seconds = second
        reporter.show(result(SOURCE, BUILD), f"Step {second}/50")
    reporter.show(result(SOURCE, BUILT), "")

    stdout, stderr = capsys.readouterr()
    lines = stderr.splitlines()
    assert stdout == ""
    assert lines[1:-1] == [
        *("… build", "… build 15 s: Step 15/50", "… build 30 s: Step 30/50", "… build 45 s: Step 45/50"),
    ]
    assert lines[0].startswith("✔ source")
    assert lines[-1].split() == ["✔", "build", "47.0", "s"]


def test_a_stage_that_says_nothing_still_shows_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    clock.seconds = 20
    LineReporter(Output(as_json=False), clock).show(result(BUILD), "")

    assert capsys.readouterr().err.splitlines() == ["… build", "… build 20 s"]


def test_a_log_says_each_failed_attempt_once(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = LineReporter(Output(as_json=False), Clock())
    for _ in range(3):
        reporter.show(result(BUILD), "build, attempt 2, because: S3 at s3.test does not answer")

    assert capsys.readouterr().err.count("attempt 2") == 1


def test_a_log_says_now_and_then_that_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    reporter = LineReporter(Output(as_json=False), clock)
    for second in range(31):
        clock.seconds = second
        reporter.silent()

    assert capsys.readouterr().err.count("Temporal does not answer; still waiting") == 3


def test_a_terminal_shows_all_stages_and_what_the_running_one_does() -> None:
    clock, screen = Clock(), io.StringIO()
    clock.seconds = 20
    reporter = LiveReporter(Console(file=screen, force_terminal=True, width=100, color_system=None), clock)
    with reporter:
        reporter.show(result(SOURCE, BUILD), "Step 3/50")

    shown = screen.getvalue()
    assert "shop-cart (1a2b3c4d5e6f): running" in shown
    assert "✔ source" in shown
    assert "… build" in shown
    assert "20 s" in shown
    assert "Step 3/50" in shown


def test_a_terminal_says_that_nobody_answers() -> None:
    screen = io.StringIO()
    reporter = LiveReporter(Console(file=screen, force_terminal=True, width=100, color_system=None))
    with reporter:
        reporter.silent()

    assert "Temporal does not answer; still waiting" in screen.getvalue()
