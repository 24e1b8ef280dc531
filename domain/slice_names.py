"""Names of slices and of what is in them.

They are shorter than canonical names and never parse as one: nothing in a slice is a service of an environment.
"""

from __future__ import annotations

import hashlib

from domain.environment import Environment
from domain.identity import CANONICAL_NAME_LIMIT


def slice_name(regression: str, run: str) -> str:
    """``slice-1a2b3c4d5e``: one for each run of a regression; a second attempt finds its own."""
    return f"slice-{hashlib.sha256(f'{regression}/{run}'.encode()).hexdigest()[:10]}"


def slice_network(application: str, name: str) -> str:
    """The network of one slice. The double hyphen makes it no canonical name, and puts it before
    ``ci-<application>-data`` in the order in which Docker asks a container's networks for a name."""
    return f"{Environment.CI}-{application}--{name}"


def slice_service(name: str, role: str) -> str:
    """The swarm service that runs a role in a slice; its canonical name is an alias there."""
    return _label(f"{name}-{role}")


def slice_datastore(name: str, role: str, port: int) -> str:
    """``host:port`` of a candidate datastore in its slice."""
    return f"{slice_service(name, role)}:{port}"


def slice_sites_bucket(stack: str) -> str:
    """The bucket in which slices find sites, by the digest of the bundle; no canonical name has a dot."""
    return f"{Environment.CI}-slices.{stack}"


def slice_resource(name: str, resource: str) -> str:
    """A queue or a bucket of a slice. The double hyphen makes it no canonical name, as with its network."""
    return f"{slice_resources(name)}{resource}"


def slice_resources(name: str) -> str:
    """How all queues and buckets of a slice begin; those of no other slice do."""
    return f"{Environment.CI}--{name}-"


def slice_suite(name: str, role: str, origin: str) -> str:
    """The container that runs a suite in a slice."""
    return f"{name}-suite-{role}-{origin.replace(' ', '-')}"


def _label(name: str) -> str:
    """At most 63 characters; of a longer name the end is a digest of it."""
    if len(name) <= CANONICAL_NAME_LIMIT:
        return name
    return f"{name[: CANONICAL_NAME_LIMIT - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
