"""Keys of ``service.yaml`` that are part of its contract but that nothing acts on yet.

To accept them would be a promise that is not kept (a migration that never runs), so a
definition that uses one is refused. The list shrinks as Onward grows, and then goes.
"""

from __future__ import annotations

from domain.key_fault import KeyFault
from domain.service import Kind, ServiceDefinition
from domain.strict_yaml import Path


def unsupported_keys(definition: ServiceDefinition) -> list[KeyFault]:
    """Each used key that nothing acts on, with what can be used instead."""
    without = "a definition without this key"
    found: list[tuple[Path, str]] = []
    if definition.kind is Kind.BATCH:
        found.append((("kind",), "service, static or datastore"))
    if definition.writes.queues or definition.writes.buckets:
        found.append((("writes",), without))
    for key in ("queues", "buckets"):
        if getattr(definition.reads, key):
            found.append((("reads", key), without))
    if definition.monitors:
        found.append((("monitors",), without))
    return [KeyFault(path, "not supported by this version of Onward", expected) for path, expected in found]
