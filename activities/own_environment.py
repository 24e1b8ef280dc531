"""Each environment has a worker of its own, which acts on no other."""

from __future__ import annotations

from domain.environment import Environment
from domain.errors import InvalidInput


def require_own(own: Environment, asked: Environment) -> None:
    """:raises InvalidInput: the worker's environment is another one than it is asked to act on."""
    if asked is not own:
        raise InvalidInput(f"this worker serves {own}, not {asked}")
