"""Reads what one environment runs, for people: nobody logs in there."""

from __future__ import annotations

from collections.abc import Mapping

from temporalio import activity

from activities.seen_services import SeenServices
from domain.deployment import EnvironmentEngine
from domain.drift import compared
from domain.errors import NotFound
from domain.identity import canonical_name
from domain.lookups import TEXT_LIMIT, DeployedRequest, DeployedServices, ServiceLogs, ServiceLogsRequest
from domain.service import Kind
from domain.storage import ObjectStore


class EnvironmentReader:
    """Only reads."""

    def __init__(self, engines: Mapping[Kind, EnvironmentEngine], store: ObjectStore) -> None:
        self._engines = engines
        self._seen = SeenServices(store)

    @activity.defn
    def deployed(self, request: DeployedRequest) -> DeployedServices:
        """What Onward deployed to the environment and how it is, by name; also what somebody removed or put back."""
        seen, _ = self._seen.read(request.environment)
        running = [state for engine in self._engines.values() for state in engine.running(request.environment)]
        states = compared(seen, running)
        return DeployedServices(
            services=tuple(each for each in states if request.application in (None, each.service.application))
        )

    @activity.defn
    def service_logs(self, request: ServiceLogsRequest) -> ServiceLogs:
        """The last lines of each task; ``NotFound`` when the service is not deployed there."""
        for engine in self._engines.values():
            if engine.observe(request.environment, request.service) is not None:
                text = engine.logs(request.environment, request.service, request.lines)
                return ServiceLogs(text=text[-TEXT_LIMIT:])
        raise NotFound(f"{canonical_name(request.environment, request.service)} is not deployed")
