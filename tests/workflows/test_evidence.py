"""A person asks for the evidence of a failed release."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import typer
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from activities.evidence import EvidenceActivities
from domain.errors import NotFound
from domain.evidence import Changes, EvidenceDocument, EvidenceRequest
from domain.lookups import EvidenceLookup
from starter.commands.evidence import evidence
from starter.evidence import evidence_text
from starter.lookups import ask
from tests.domain.builders import failed_release
from tests.fakes.onward import MemoryOnward
from workflows.lookups import EvidenceWorkflow

LOOKUP = EvidenceLookup(release="release:shop-cart:aaaaaaaaaaaa")


async def test_evidence_comes_from_the_store(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    request = EvidenceRequest(failed=failed_release(), changes=Changes(), environments=())
    ActivityEnvironment().run(EvidenceActivities(onward.store).write, request)
    found = await ask(temporal.client, EvidenceWorkflow.run, LOOKUP, "evidence")

    assert found.page.startswith("<!doctype html>")
    text = evidence_text(EvidenceDocument.model_validate_json(found.document))
    assert "failed in verify prod (VerifyFailed):\n  half of all replicas are down" in text


async def test_a_release_without_evidence_says_what_to_do(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    with pytest.raises(NotFound, match="next: onward show"):
        await ask(temporal.client, EvidenceWorkflow.run, LOOKUP, "evidence")


async def test_the_command_prints_the_evidence_and_saves_the_page(
    temporal: WorkflowEnvironment,
    onward: MemoryOnward,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal.client.service_client.config.target_host)
    page = tmp_path / "page.html"
    with pytest.raises(typer.Exit) as ending:
        await asyncio.to_thread(evidence, LOOKUP.release, page)
    assert ending.value.exit_code == 2

    request = EvidenceRequest(failed=failed_release(), changes=Changes(), environments=())
    ActivityEnvironment().run(EvidenceActivities(onward.store).write, request)
    capsys.readouterr()
    with pytest.raises(typer.Exit) as ending:
        await asyncio.to_thread(evidence, LOOKUP.release, page, as_json=True)
    said = capsys.readouterr()

    assert ending.value.exit_code == 0
    assert json.loads(said.out)["failed"]["result"]["failure"]["kind"] == "VerifyFailed"
    assert f"saved {page}" in said.err
    assert page.read_text().startswith("<!doctype html>")
