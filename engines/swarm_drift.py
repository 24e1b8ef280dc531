"""What somebody changed of a service by hand: what Onward asked for, kept on the service, and what is there.

The service carries a short digest of every part of what it was asked to be. Swarm gives all of them
back as they were, and adds defaults that are empty or known; so what differs was changed by somebody else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from engines.labels import Label
from engines.swarm_api import Json
from engines.swarm_scale import size_of, tasks_wanted

#: Labels that say what was asked for; the size is compared by itself.
_NOTES = (Label.ASKED, Label.REPLICAS, Label.OWN_REPLICAS)

#: What swarm fills in, and the counter of ``docker service update --force``: new tasks of the same kind.
_FILLED_IN = frozenset({"Isolation", "Runtime", "ForceUpdate"})

#: Onward never asks for one, and forbids swarm to.
ROLLED_BACK = "its specification before was restored by hand"

_NAMES = {
    "TaskTemplate.ContainerSpec.Image": "image",
    "TaskTemplate.ContainerSpec.Healthcheck": "health check",
    "TaskTemplate.ContainerSpec.Secrets": "secrets",
    "TaskTemplate.Networks": "networks",
    "UpdateConfig": "update rules",
    "EndpointSpec": "endpoint",
}


def noted(spec: Json) -> Json:
    """A ``ServiceSpec`` that says itself what was asked for."""
    asked = json.dumps(_parts(spec), sort_keys=True, separators=(",", ":"))
    return {**spec, "Labels": {**spec["Labels"], Label.ASKED: asked}}


def drift_of(service: Json) -> tuple[str, ...]:
    """What differs from what was asked for, a phrase each, in order; nothing of a service that does not say.

    A variable is named, and its value is not: it may be one that nobody should read.
    """
    spec = service["Spec"]
    kept = spec["Labels"].get(Label.ASKED)
    if kept is None or Label.RESTING in spec["Labels"]:
        return ()
    asked, present = json.loads(kept), _parts(spec)
    found = [f"{name} removed" for name in asked.keys() - present.keys()]
    found += [f"{name} added" for name in present.keys() - asked.keys()]
    found += [f"{name} changed" for name in asked.keys() & present.keys() if asked[name] != present[name]]
    if str((service.get("UpdateStatus") or {}).get("State")).startswith("rollback"):
        found.append(ROLLED_BACK)
    there, wanted = tasks_wanted(service), size_of(service).replicas
    replicas = f"{there} replica{'' if there == 1 else 's'} instead of {wanted}"
    return (*sorted(found), *([replicas] if there != wanted else []))


def _parts(spec: Json) -> dict[str, str]:
    """A digest of each part, by its name for people."""
    return {name: _digest(value) for name, value in _named(spec) if value not in (None, {}, [], "", 0)}


def _named(spec: Json) -> Iterator[tuple[str, Any]]:
    template = spec["TaskTemplate"]
    container = template["ContainerSpec"]
    for name, value in (spec["Labels"] or {}).items():
        if name not in _NOTES:
            yield f"label {name}", f"={value}"
    for name, value in (container.get("Labels") or {}).items():
        yield f"label {name} of its tasks", f"={value}"
    for variable in container.get("Env") or []:
        name, _, value = variable.partition("=")
        yield f"variable {name}", f"={value}"
    yield from _rest("TaskTemplate.ContainerSpec", container, {"Labels", "Env"})
    yield from _rest("TaskTemplate", template, {"ContainerSpec"})
    yield from _rest("", spec, {"TaskTemplate", "Labels", "Mode"})


def _rest(prefix: str, part: Json, without: set[str]) -> Iterator[tuple[str, Any]]:
    for name in part.keys() - without - _FILLED_IN:
        path = f"{prefix}.{name}" if prefix else name
        yield _NAMES.get(path, path), _pruned(part[name])


def _pruned(value: Any) -> Any:
    """Without what is empty: swarm leaves it out, or fills it in."""
    if isinstance(value, dict):
        pruned = {name: _pruned(each) for name, each in value.items()}
        return {name: each for name, each in pruned.items() if each not in (None, {}, [], "", 0)}
    return [_pruned(each) for each in value] if isinstance(value, list) else value


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:10]
