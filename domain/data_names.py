"""Names of what belongs to an application's data: volumes, addresses, migrations. Keys are in :mod:`domain.keys`."""

from __future__ import annotations

import hashlib

from domain.environment import Environment
from domain.identity import CANONICAL_NAME_LIMIT, ServiceId, canonical_name


def datastore_variable(role: str) -> str:
    """``ONWARD_DATASTORE_<ROLE>``: how a service finds a datastore, as ``host:port``."""
    return "ONWARD_DATASTORE_" + role.upper().replace("-", "_")


def datastore_address(environment: Environment, service: ServiceId, port: int) -> str:
    """``host:port`` of a datastore on the network of the data."""
    return f"{canonical_name(environment, service)}:{port}"


def volume_name(environment: Environment, service: ServiceId) -> str:
    """The volume of a datastore's data."""
    return canonical_name(environment, service)


def migration_name(environment: Environment, service: ServiceId, number: int) -> str:
    """The swarm service that runs a release's migration. The double hyphen makes it no canonical name;
    of one that is no DNS label the end is a digest."""
    name = f"{canonical_name(environment, service)}--migrate-{number}"
    if len(name) <= CANONICAL_NAME_LIMIT:
        return name
    return f"{name[: CANONICAL_NAME_LIMIT - 10]}--{hashlib.sha256(name.encode()).hexdigest()[:8]}"
