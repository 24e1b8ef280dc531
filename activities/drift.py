"""The check whether an environment is as Onward asked for it."""

from __future__ import annotations

from collections.abc import Mapping

from temporalio import activity

from activities.heartbeat import Heartbeat
from activities.seen_services import SeenServices
from domain.deployment import EnvironmentEngine
from domain.drift import DriftCheck, Drifts, Seen, compared, drifted, seen_of
from domain.service import Kind
from domain.storage import ObjectStore


class DriftActivities:
    """Looks, remembers and says; repairs nothing: that is the next release's."""

    def __init__(self, engines: Mapping[Kind, EnvironmentEngine], store: ObjectStore) -> None:
        self._engines = engines
        self._seen = SeenServices(store)

    @activity.defn(no_thread_cancel_exception=True)
    def check_drift(self, check: DriftCheck) -> Drifts:
        """Compare what is there with what was asked for, and with what was there at the last look.

        A second call finds what the first one wrote, and says the same. What has changed since the last
        look is a line in the log.
        """
        with Heartbeat() as progress:
            progress.say(f"looking at {check.environment}")
            before, etag = self._seen.read(check.environment)
            running = [state for engine in self._engines.values() for state in engine.running(check.environment)]
            states = compared(before, running)
            now = seen_of(states, before)
            if now != before:
                self._seen.replace(check.environment, now, etag)
            _log(before, now)
        return Drifts(environment=check.environment, services=drifted(states))


def _log(before: Seen, now: Seen) -> None:
    for name, state in now.services.items():
        known = before.services.get(name)
        if state.drift == (known.drift if known else ()):
            continue
        if state.drift:
            activity.logger.warning("%s has drifted: %s", name, ", ".join(state.drift))
        else:
            activity.logger.info("%s is as it was asked for again", name)
