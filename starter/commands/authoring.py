"""``onward check``: is a service directory fit to be released?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.definition_file import parse_definition
from domain.errors import InvalidInput
from domain.service import DEFINITION_FILE, definition_schema
from domain.source import missing_build_files
from starter.command import Json, command
from starter.output import ExitCode, Output


@command
def check(
    directory: Annotated[Path, typer.Argument(help="The directory with service.yaml.")] = Path(),
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of service.yaml.")] = False,
    as_json: Json = False,
) -> ExitCode | None:
    """Validate a service directory: for pre-commit hooks and editors."""
    output = Output(as_json=as_json or schema)
    if schema:
        output.document(definition_schema())
        return None
    file = directory / DEFINITION_FILE
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        raise InvalidInput("no such file", where=str(file), expected="a service definition") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(str(error), where=str(file), expected="UTF-8 text") from None
    definition = parse_definition(text, str(file))
    files = {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}
    missing = missing_build_files(definition, files)
    if missing:
        raise InvalidInput("; ".join(missing), where=str(file), expected="files and directories that are there")
    output.document({"service": str(definition.service), "kind": definition.kind.value, "valid": True})
    output.text(f"{file}: {definition.service} ({definition.kind}) is fit to be released")
    return None
