"""Signals to workflows that may be gone."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from temporalio.exceptions import FailureError

from workflows.concurrently import to_its_end


async def heard(signalling: Coroutine[Any, Any, None]) -> bool:
    """Whether the other workflow took a signal; ``False`` when it is gone.

    A cancel of this workflow meanwhile is raised afterwards: the SDK itself would turn it into a
    failure of the signal, which reads as if nobody were there, and the cancel would be lost.
    """
    return await to_its_end(_taken(signalling))


async def _taken(signalling: Coroutine[Any, Any, None]) -> bool:
    try:
        await signalling
    except FailureError:
        return False
    return True
