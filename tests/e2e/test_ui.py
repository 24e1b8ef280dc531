"""The engineers' page: a release in the Temporal Web UI, opened in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from settings import StackSettings
from tests.e2e.application import Application, Verified
from tests.e2e.browser import browser_page, opened

pytestmark = pytest.mark.browser


def _page_of(settings: StackSettings, release: str) -> str:
    return f"http://127.0.0.1:{settings.temporal_ui_port}/namespaces/default/workflows/{release.replace(':', '%3A')}"


def test_a_verified_release_shows_its_stages(verified: Verified, stack_settings: StackSettings, tmp_path: Path) -> None:
    application, release = verified.application, verified.document["release"]

    with browser_page() as page:
        text = opened(page, _page_of(stack_settings, release), "User Metadata", "verify prod", tmp_path / "1.png")
        searched = opened(
            page, _page_of(stack_settings, release), "Search Attributes", "OnwardStatus", tmp_path / "2.png"
        )

    assert f"{application.name}-catalog #1: verified" in text
    assert "deploy prod" in text
    assert "verified" in searched


@pytest.mark.without_suites
def test_a_failed_release_shows_why(application: Application, stack_settings: StackSettings, tmp_path: Path) -> None:
    dockerfile = (application.repository / "catalog" / "Dockerfile").read_text()
    application.write("catalog/Dockerfile", f'{dockerfile}\nRUN ["python3", "-c", "raise SystemExit(7)"]\n')
    release = application.release("catalog", exit_code=1)["release"]

    with browser_page() as page:
        text = opened(page, _page_of(stack_settings, release), "User Metadata", "Failed in build", tmp_path / "1.png")

        broken = f"{application.name}-catalog: a release failed, prod is as it was since"
        incident = opened(
            page,
            _page_of(stack_settings, f"roll-forward:{application.name}-catalog"),
            "User Metadata",
            broken,
            tmp_path / "2.png",
        )

    assert "returned a non-zero code: 7" in text
    assert f"onward logs {release}" in text
    assert "who has it: nobody yet" in incident
    assert "returned a non-zero code: 7" in incident
    assert f"onward fix {application.name}-catalog --commit <SHA>" in incident


def test_the_gate_and_the_regression_have_pages_of_their_own(
    verified: Verified, stack_settings: StackSettings, tmp_path: Path
) -> None:
    application, document = verified
    regression = document["regression"]["workflow"]

    verdict = f"Regression of {application.name}-catalog: passed"

    with browser_page() as page:
        table = opened(page, _page_of(stack_settings, regression), "User Metadata", verdict, tmp_path / "1.png")
        gate = opened(
            page, _page_of(stack_settings, f"gate:{application.name}"), "User Metadata", "Gate of", tmp_path / "2.png"
        )

    assert "own new" in table
    assert "10 passed" in table
    assert f"Gate of {application.name}" in gate
    assert "1 role published" in gate
