"""A release that somebody attends: followed to its end, or until Ctrl-C; never stopped."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from pydantic import BaseModel

from domain.release import ReleaseRequest
from starter.connection import Connection
from starter.detaching import detachable
from starter.following import follow
from starter.output import ExitCode, Output, exit_code_of_release
from starter.releases import Handle, Releases
from starter.text import summary


async def released(connection: Connection, request: ReleaseRequest, output: Output, *, wait: bool) -> ExitCode:
    """Start a release, or attach to it, and attend it; Ctrl-C may come before the server has answered."""

    async def work() -> ExitCode:
        await Releases(connection.client).start(request)
        return await _attend(connection, request.id, output, wait=wait)

    return await _detachable(connection, request.id, output, work())


async def attended(connection: Connection, release_id: str, output: Output, *, wait: bool) -> ExitCode:
    """Follow a release that was just started, or say how to."""
    return await _detachable(connection, release_id, output, _attend(connection, release_id, output, wait=wait))


async def followed(connection: Connection, handle: Handle, output: Output) -> ExitCode:
    """Follow until the end, whose exit code it is."""
    return await _detachable(connection, handle.id, output, _follow(connection, handle, output))


async def _detachable(
    connection: Connection, release_id: str, output: Output, work: Coroutine[Any, Any, ExitCode]
) -> ExitCode:
    async def last_look() -> BaseModel:
        found = Releases(connection.client)
        return (await found.see(found.handle(release_id))).result

    return await detachable(work, output, release_id, last_look)


async def _attend(connection: Connection, release_id: str, output: Output, *, wait: bool) -> ExitCode:
    found = Releases(connection.client)
    handle = found.handle(release_id)
    output.note(f"{release_id}  {connection.ui(release_id)}".rstrip())
    if wait:
        return await _follow(connection, handle, output)
    seen = await found.see(handle)
    output.document(seen.result)
    output.text(f"started; follow it with: onward watch {release_id}")
    return ExitCode.DONE


async def _follow(connection: Connection, handle: Handle, output: Output) -> ExitCode:
    seen = await follow(Releases(connection.client), handle, output)
    output.document(seen.result)
    output.text(summary(seen.result, connection.ui(handle.id, seen.run)))
    return exit_code_of_release(seen.result)
