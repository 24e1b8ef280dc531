"""What a definition of kind ``datastore`` must say, and must not; and what must have been published before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from domain.datastore import unpublished_fault, version_fault
from domain.environment import ENVIRONMENTS, Scale
from domain.key_fault import key_fault

if TYPE_CHECKING:
    from domain.service import ServiceDefinition

ONE = Scale()


def refuse_unfit_datastore(definition: ServiceDefinition, *, is_datastore: bool) -> None:
    """Raises the fault of the first key that does not fit the kind."""
    if not is_datastore:
        if definition.datastore is not None:
            raise key_fault("datastore", value=definition.datastore, expected="this key only for kind datastore")
        return
    if definition.datastore is None:
        raise key_fault("datastore", expected="volume and version of the data, for kind datastore")
    for environment in ENVIRONMENTS:
        if (scale := definition.scale.of(environment)) != ONE:
            expected = "min and max 1: two processes must not share the data of a datastore"
            raise key_fault("scale", environment.value, value=scale, expected=expected)
    if definition.ingress is not None:
        raise key_fault("ingress", value=definition.ingress, expected="nothing: only who reads it reaches a datastore")
    for key in ("reads", "writes"):
        if getattr(definition, key) != type(definition).model_fields[key].default:
            expected = "nothing: a datastore is on no network but that of the data"
            raise key_fault(key, value=getattr(definition, key), expected=expected)
    if definition.deploy.migrate is not None:
        expected = "nothing: the service that owns a schema migrates it"
        raise key_fault("deploy", "migrate", value=definition.deploy.migrate, expected=expected)


def data_fault(definition: ServiceDefinition, previous: ServiceDefinition | None, datastores: Iterable[str]) -> str:
    """Why a candidate must not be published: its data would not fit, or are nobody's; empty if there is no such reason.

    :param previous: what is published of the same role.
    :param datastores: the roles of the datastores that are published.
    """
    if previous is not None and (previous.datastore is None) != (definition.datastore is None):
        before, after = ("datastore", definition.kind) if previous.datastore else (previous.kind, "datastore")
        return f"{definition.service} is published as a {before} and stays one: give the {after} a role of its own"
    if definition.datastore and previous is not None and previous.datastore:
        return version_fault(previous.datastore.version, definition.datastore)
    return unpublished_fault(definition.application, definition.reads.datastores, datastores)
