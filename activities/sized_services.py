"""Services that have replicas, as a change of their size finds them and leaves them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from activities.manifest_reader import ManifestReader
from domain.deployment import EnvironmentEngine, ServiceState, UpdateState
from domain.environment import Environment
from domain.errors import DeployHalted, NotFound, Refused
from domain.identity import ServiceId, canonical_name
from domain.progress import Progress
from domain.scale import Scaler, Size
from domain.service import Kind, ServiceDefinition

POLL = 0.25

#: Seconds that a change of size waits for the end of an update that is on its way.
PATIENCE = 600.0


@dataclass(frozen=True)
class SizedService:
    """A service, the definition of the release that was asked for, and the size that it was asked to have."""

    state: ServiceState
    definition: ServiceDefinition
    size: Size

    @property
    def halted(self) -> bool:
        """Whether its update stopped half way; a write would let it go on."""
        return self.state.update is UpdateState.PAUSED


class SizedServices:
    """Those of one environment; what a release may be is read from its signed manifest."""

    def __init__(
        self, environment: Environment, engine: EnvironmentEngine, scaler: Scaler, manifests: ManifestReader
    ) -> None:
        self._environment = environment
        self._engine = engine
        self._scaler = scaler
        self._manifests = manifests

    def of(self, application: str) -> list[SizedService]:
        """All of an application, by name."""
        states = self._engine.running(self._environment)
        found = [self._sized(state) for state in states if state.service.application == application]
        return [each for each in found if each.definition.kind is Kind.SERVICE]

    def settled(self, service: ServiceId, progress: Progress, *, refuse: bool = True) -> SizedService:
        """The service between two updates: one that is on its way is waited for.

        :param refuse: whether a halted one is an error.
        :raises NotFound: it is not there.
        :raises Refused: it is halted, or still being updated after :data:`PATIENCE`.
        """
        name = canonical_name(self._environment, service)
        deadline = time.monotonic() + PATIENCE
        while True:
            state = self._engine.observe(self._environment, service)
            if state is None:
                raise NotFound(f"{name} is not deployed\n  next: onward deployed --environment {self._environment}")
            if refuse and state.update is UpdateState.PAUSED:
                raise Refused(f"{name} is halted in its update to #{state.number}\n  next: onward why {service}")
            if state.update is not UpdateState.UPDATING:
                return self._sized(state)
            if time.monotonic() > deadline:
                raise Refused(f"{name} is still being updated to #{state.number}\n  next: onward why {service}")
            progress.say(f"{name} is being updated to #{state.number}")
            progress.wait(POLL)

    def resize(self, found: SizedService, size: Size) -> None:
        """Ask for a size; :raises Conflict: it is no longer as it was found."""
        self._scaler.resize(self._environment, found.state.service, size, found.state.number)

    def until_arrived(self, found: SizedService, size: Size, progress: Progress) -> None:
        """Wait until so many serve.

        :raises Refused: somebody else has taken over: a release, a later size, or a hand.
        :raises DeployHalted: not within ``deploy.timeout``; the size stays asked for.
        """
        service, timeout = found.state.service, found.definition.deploy.timeout.total_seconds()
        deadline = time.monotonic() + timeout
        while True:
            state = self._engine.observe(self._environment, service)
            if state is None or state.number != found.state.number or state.replicas != size.replicas:
                name = canonical_name(self._environment, service)
                raise Refused(
                    f"{name} was asked for {size.replicas} replicas, and for something else before they served\n"
                    f"  next: onward scale {self._environment} {service.application}"
                )
            if state.healthy == size.replicas:
                return
            if time.monotonic() > deadline:
                reason = f": {state.failures[-1].error}" if state.failures else ""
                raise DeployHalted(
                    f"{state.name}: {state.healthy} of {size.replicas} replicas serve after {timeout:.0f} s{reason}\n"
                    f"  next: onward logs {state.name}"
                )
            progress.say(f"{state.name}: {state.healthy} of {size.replicas} replicas serve")
            progress.wait(POLL)

    def _sized(self, state: ServiceState) -> SizedService:
        size = self._scaler.size(self._environment, state.service)
        definition = self._manifests.read_digest(state.manifest).definition
        return SizedService(state, definition, size or Size(replicas=state.replicas))
