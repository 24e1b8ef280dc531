"""What all commands share: the ``--json`` option, and errors that become exit codes."""

from __future__ import annotations

import asyncio
import functools
import getpass
import socket
import traceback
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, ParamSpec

import typer
from pydantic import ValidationError

from domain.errors import InvalidInput, OnwardError
from starter.output import ExitCode, Output

Parameters = ParamSpec("Parameters")

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, all else on stderr.")]
ReleaseArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="A release: its ID, shop-cart (its newest), shop-cart:1a2b3c, a commit; or a roll-forward."
    ),
]
Repository = Annotated[str, typer.Option("--repo", help="URL or path of the git repository.")]
Commit = Annotated[str, typer.Option("--commit", help="The full SHA-1 of the commit.")]
ServiceDirectory = Annotated[
    str, typer.Option("--service-dir", help="The directory with service.yaml, inside of the repository.")
]


By = Annotated[str, typer.Option(help="Who asks; user@host by default.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the release.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the release to its end.")]


def myself() -> str:
    """``user@host``."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


class Debug:
    """Whether ``onward --debug`` asked for tracebacks."""

    wanted = False


def command(run: Callable[Parameters, ExitCode | None]) -> Callable[Parameters, None]:
    """Let a command end with the exit code that it returns, or with that of its error."""

    @functools.wraps(run)
    def ending(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        output = Output(as_json=bool(kwargs.get("as_json")))
        try:
            code = run(*args, **kwargs)
        except OnwardError as error:
            code = output.error(error)
        except ValidationError as error:
            code = output.error(_invalid(error))
        except KeyboardInterrupt:
            code = ExitCode.DETACHED
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:  # noqa: BLE001 – no traceback reaches a user
            if Debug.wanted:
                traceback.print_exc()
            code = output.error(_unexpected(error))
        raise typer.Exit(code or ExitCode.DONE)

    return ending


def waiting(work: Coroutine[Any, Any, ExitCode | None]) -> ExitCode | None:
    """Run an asynchronous command."""
    return asyncio.run(work)


def _invalid(error: ValidationError) -> InvalidInput:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return InvalidInput(f"{first.get('input')!r}", where=where, expected=first["msg"])


def _unexpected(error: Exception) -> OnwardError:
    from temporalio.service import RPCError

    from starter.connection import configured_address
    from starter.temporal_errors import translated

    if isinstance(error, RPCError):
        return translated(error, configured_address())
    return OnwardError(f"unexpected {type(error).__name__}: {error}\n  next: the same with `onward --debug …`")
