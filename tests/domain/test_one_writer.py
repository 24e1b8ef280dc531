"""Whatever releases do, and in whatever order: never do two services that run in prod write one queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.definition_file import parse_definition
from domain.errors import ResourceRefused
from domain.holding import PENDING, Claimant
from domain.ownership import Ownership
from domain.service import ServiceDefinition
from tests.domain.builders import MOMENT

ROLES = ("cart", "checkout", "stock")

#: By role, and whether that version writes.
DEFINITIONS = {
    (role, writes): parse_definition(
        f"application: shop\nrole: {role}\nowner: team\n" + ("writes: {queues: [orders]}\n" if writes else ""),
        "service.yaml",
    )
    for role in ROLES
    for writes in (True, False)
}


@dataclass
class Release:
    """On its way: claimed, perhaps published."""

    definition: ServiceDefinition
    name: str
    started: datetime
    number: int = 0

    @property
    def writes(self) -> bool:
        return bool(self.definition.writes.queues)

    def claimant(self, at: datetime) -> Claimant:
        return Claimant(release=self.name, definition=self.definition, at=at)


class World(RuleBasedStateMachine):
    """One queue, three services; publication and turns to deploy in order, as the gate gives them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = MOMENT
        self.registry = Ownership(application="shop")
        self.releases = 0
        self.numbers = 0
        self.claimed: list[Release] = []
        self.published: list[Release] = []
        self.in_prod: dict[str, list[Release]] = {role: [] for role in ROLES}

    @rule(role=st.sampled_from(ROLES), writes=st.booleans())
    def begin(self, role: str, writes: bool) -> None:
        self.releases += 1
        release = Release(DEFINITIONS[role, writes], f"release:shop-{role}:{self.releases}", self.now)
        try:
            self.registry = self.registry.claimed(release.claimant(self.now))
        except ResourceRefused:
            return
        self.claimed.append(release)

    @precondition(lambda self: self.claimed)
    @rule(data=st.data(), passes=st.booleans())
    def regress(self, data: st.DataObject, passes: bool) -> None:
        """Published in any order, or failed: its claim stays."""
        release = self.claimed.pop(data.draw(st.integers(0, len(self.claimed) - 1)))
        if passes:
            self.numbers += 1
            release.number = self.numbers
            self.published.append(release)

    @precondition(lambda self: self.published)
    @rule(end=st.sampled_from(["ci fails", "prod halts", "verified", "verified", "verified"]))
    def deploy(self, end: str) -> None:
        """The next in the order of publication."""
        release = self.published.pop(0)
        try:
            self.registry = self.registry.claimed(release.claimant(self.now), release.number)
        except ResourceRefused:
            return
        if end == "ci fails":
            return
        self.registry.require_owned(release.claimant(self.now))
        running = self.in_prod[release.definition.role]
        running.append(release)
        if end == "verified":
            running[:] = [release]
            by = release.claimant(self.now)
            self.registry = self.registry.dropped(by, release.number, release.started)

    @rule(days=st.sampled_from([timedelta(minutes=1), PENDING]))
    def wait(self, days: timedelta) -> None:
        self.now += days

    @invariant()
    def one_service_writes_in_prod(self) -> None:
        writers = {role for role, running in self.in_prod.items() if any(each.writes for each in running)}
        assert len(writers) <= 1, writers


TestOneWriter = World.TestCase
TestOneWriter.settings = settings(max_examples=100, stateful_step_count=40)
