"""What a person asks about queues, buckets, and whatever else of an application can be found by its name."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from domain.environment import Environment
from domain.holding import Holding
from domain.message import Message
from domain.resources import ResourceKind


class OwnersRequest(Message):
    """Who owns what in an application; ``at`` is now, by the workflow's clock."""

    application: str
    at: datetime


class OwnedState(StrEnum):
    """How it is with an owner. ``claimed``: its release has not reached ci; ``lapsed``: and had a day for it."""

    OWNED = "owned"
    CLAIMED = "claimed"
    LAPSED = "lapsed"
    ORPHANED = "orphaned"


class OwnedResource(Message):
    """One queue or bucket. ``owner`` is a service, or nothing; ``since`` the release that claimed – or dropped – it.

    ``readers``: the published services that read it.
    """

    kind: ResourceKind
    name: str
    owner: str
    since: str
    readers: tuple[str, ...]
    state: OwnedState


class OwnersAnswer(Message):
    """All of them, queues first, by name."""

    resources: tuple[OwnedResource, ...]


class DiscoveryKind(StrEnum):
    """What can be found in an environment."""

    SERVICE = "service"
    DATASTORE = "datastore"
    QUEUE = "queue"
    BUCKET = "bucket"
    ENDPOINT = "endpoint"


class DiscoverRequest(Message):
    """What there is of an application in one environment; of one kind, or of all."""

    environment: Environment
    application: str
    kind: DiscoveryKind | None = None


class Discovered(Message):
    """One thing. ``name`` is what definitions call it, ``canonical`` its name everywhere else.

    ``address``: a service's and a datastore's on the application's network, an endpoint's at the edge, a queue's or
    bucket's URL as containers reach it. ``service`` is the one that serves, or writes it; ``number`` its release.
    """

    kind: DiscoveryKind
    name: str
    canonical: str
    address: str
    service: str
    number: int


class DiscoveryAnswer(Message):
    """All of them, by kind and name."""

    found: tuple[Discovered, ...]


def state_of(holding: Holding, now: datetime) -> OwnedState:
    """How it is with an owner."""
    if holding.orphaned:
        return OwnedState.ORPHANED
    if holding.firm:
        return OwnedState.OWNED
    return OwnedState.CLAIMED if holding.stands(now) else OwnedState.LAPSED
