"""``onward evidence``: what was collected when a release failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import InvalidInput, NotFound
from starter.command import Json, ReleaseArgument, command, waiting
from starter.output import ExitCode, Output


@command
def evidence(
    release: ReleaseArgument,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Save the page here.")] = None,
    as_json: Json = False,
) -> ExitCode | None:
    """Why a release failed: its stage and cause, what changed, suites, tasks, logs, firing monitors."""

    async def run() -> None:
        from domain.evidence import EvidenceDocument
        from domain.lookups import EvidenceLookup
        from starter.connection import connect
        from starter.evidence import evidence_text
        from starter.lookups import ask
        from starter.releases import Releases
        from starter.roll_forwards import RollForwards, is_roll_forward
        from workflows.lookups import EvidenceWorkflow

        connection, output = await connect(), Output(as_json=as_json)
        rolling = RollForwards(connection.client)
        meant = await rolling.failed_release(release) if is_roll_forward(release) else release
        handle = await Releases(connection.client).find(meant)
        found = await ask(connection.client, EvidenceWorkflow.run, EvidenceLookup(release=handle.id), "evidence")
        if html is not None:
            _save(found.page, html, found.page_uri)
            output.note(f"saved {html}")
        if not found.document:
            raise NotFound(f"the document is too large to be shown here\n  next: read {found.document_uri}")
        output.document(json.loads(found.document))
        output.text(evidence_text(EvidenceDocument.model_validate_json(found.document)))
        output.note(f"the page: {found.page_uri}; save it with --html FILE")

    return waiting(run())


def _save(page: str, file: Path, uri: str) -> None:
    if not page:
        raise NotFound(f"the page is too large to be sent here, or not there\n  next: read {uri}")
    try:
        file.write_text(page, "utf-8")
    except OSError as error:
        raise InvalidInput(
            error.strerror or str(error), where=str(file), expected="a file that can be written"
        ) from None
