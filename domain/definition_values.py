"""What the values of a ``service.yaml`` may look like."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from domain.identity import ROLE_PATTERN

# How texts that a pattern checks are described to people: in errors, and by their editors.
WORDS = "lower-case words of letters and digits, joined by single hyphens"
VARIABLE_PATTERN = r"^[A-Z][A-Z0-9_]*$"
SHOUTED = "upper-case letters, digits and underscores, starting with a letter"


def _inside(place: str) -> Callable[[str], str]:
    """Checks that a relative path stays inside a place, and gives its normal form."""

    def checked(path: str) -> str:
        if not path or path.startswith("/") or ".." in path.split("/") or "\\" in path:
            raise ValueError(f"a relative path inside {place}, without ..")
        return posixpath.normpath(path)

    return checked


def _variable(variable: str) -> str:
    if not re.fullmatch(VARIABLE_PATTERN, variable):
        raise ValueError(SHOUTED)
    if variable.startswith("ONWARD_"):
        raise ValueError("another name: those that start with ONWARD_ are Onward's own")
    return variable


InsidePath = Annotated[str, AfterValidator(_inside("the service's directory"))]
InsideContext = Annotated[str, AfterValidator(_inside("the context"))]
Name = Annotated[str, Field(pattern=ROLE_PATTERN, max_length=40, description=WORDS)]
Variable = Annotated[str, AfterValidator(_variable), WithJsonSchema({"type": "string", "pattern": VARIABLE_PATTERN})]
UrlPath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/-]*$", description="a path that starts with /")]


class Section(BaseModel):
    """A part of a definition; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
