"""``onward check``: is a service directory fit to be released?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.definition_file import read_definition
from domain.service import DEFINITION_FILE, definition_schema
from starter.command import Json, command
from starter.output import ExitCode, Output


@command
def check(
    directory: Annotated[Path, typer.Argument(help="The directory with service.yaml.")] = Path(),
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of service.yaml.")] = False,
    as_json: Json = False,
) -> ExitCode | None:
    """Validate a service directory and run its monitors' tests: for pre-commit hooks and editors."""
    output = Output(as_json=as_json or schema)
    if schema:
        output.document(definition_schema())
        return None
    from starter.monitors import tested_monitors
    from stores.working_tree import files_on_disk

    files = files_on_disk(directory)
    definition = read_definition(files)
    monitors = tested_monitors(definition, directory, files)
    told = [{"name": name, "file": origin} for name, origin in monitors.origins.items()]
    output.document(
        {"service": str(definition.service), "kind": definition.kind.value, "valid": True, "monitors": told}
    )
    output.text(f"{files.named(DEFINITION_FILE)}: {definition.service} ({definition.kind}) is fit to be released")
    output.text("monitors, all of which pass their tests:" if told else "no monitors")
    for each in told:
        output.text(f"  {each['name']:<16} {each['file']}")
    return None
