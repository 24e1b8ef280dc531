"""``onward manifest``, ``verify-manifest``: what a build made, and whether to believe it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import InvalidInput, NotFound
from starter.command import Json, command, waiting
from starter.output import ExitCode, Output

if TYPE_CHECKING:
    from domain.lookups import ManifestDocument
    from starter.connection import Connection


@command
def manifest(
    subject: Annotated[str, typer.Argument(metavar="ID|DIGEST|URI", help="A release, a digest, or an S3 URI.")],
    as_json: Json = False,
) -> ExitCode | None:
    """Show the manifest of a release."""

    async def run() -> None:
        from starter.connection import connect

        connection, output = await connect(), Output(as_json=as_json)
        found = await _manifest(connection, subject)
        output.document(found)
        output.text(found.document)
        output.note(f"{found.digest}: {found.fault or 'signed by a trusted key'}")

    return waiting(run())


@command
def verify_manifest(
    subject: Annotated[str, typer.Argument(metavar="FILE_OR_URI", help="A manifest's file, S3 URI, or digest.")],
    as_json: Json = False,
) -> ExitCode | None:
    """Check that a manifest has its digest and a trusted signature."""

    async def run() -> ExitCode:
        from starter.connection import connect

        connection, output = await connect(), Output(as_json=as_json)
        found = await _manifest(connection, subject)
        output.document({"digest": found.digest, "trusted": found.fault is None, "fault": found.fault})
        output.text(f"{found.digest}: {found.fault or 'signed by a trusted key'}")
        return ExitCode.FAILED if found.fault else ExitCode.DONE

    return waiting(run())


async def _manifest(connection: Connection, subject: str) -> ManifestDocument:
    from domain.lookups import ManifestRequest
    from starter.lookups import ask
    from starter.releases import Releases
    from workflows.lookups import ManifestWorkflow

    if subject.startswith("s3://"):
        question = ManifestRequest(uri=subject)
    elif re.fullmatch(r"sha256:[0-9a-f]{64}", subject):
        question = ManifestRequest(digest=subject)
    elif (file := Path(subject)).is_file():
        question = ManifestRequest(document=_text(file))
    else:
        releases = Releases(connection.client)
        result = (await releases.see(await releases.find(subject))).result
        if result.manifest is None:
            raise NotFound(
                f"{result.release} has no manifest: it got as far as {result.current and result.current.name}"
            )
        question = ManifestRequest(digest=result.manifest.digest)
    return await ask(connection.client, ManifestWorkflow.run, question, "manifest")


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(str(error), where=str(file), expected="a manifest: JSON text") from None
