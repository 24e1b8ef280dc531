"""The file from which Prometheus learns what to ask of an environment; it reads a changed one by itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, Field

from domain.bootstrap import Present
from domain.environment import Environment
from domain.errors import NotFound
from domain.scrape_targets import TargetGroup, document
from engines.confirmed_file import ConfirmedFile
from engines.prometheus_api import PrometheusApi

#: Seconds in which Prometheus must have read a file that changed: it is told by the kernel, or looks
#: itself as often as ``refresh_interval`` says.
PATIENCE = 20.0
POLL = 0.5


class _Active(BaseModel):
    discovered: dict[str, str] = Field(alias="discoveredLabels")


class _Targets(BaseModel):
    active: list[_Active] = Field(alias="activeTargets")


class _Answer(BaseModel):
    data: _Targets


class PrometheusTargets:
    """The targets of one environment.

    :param directory: one that Prometheus reads ``targets-*.json`` in, of one environment or of both.
    :param url: of Prometheus, which is asked whether it did; nobody is asked without.
    """

    def __init__(self, directory: Path, environment: Environment, groups: Sequence[TargetGroup], url: str = "") -> None:
        self._file = ConfirmedFile(directory / file_name(environment))
        self._wanted = document(groups)
        self._groups = groups
        self._api = PrometheusApi(url) if url else None

    @property
    def name(self) -> str:
        """Where they are."""
        return str(self._file.path)

    def present(self) -> Present:
        """Whether exactly these targets are there, and are not yet to be confirmed."""
        there = self._file.text
        if there is None:
            return Present.MISSING
        return Present.RIGHT if there == self._wanted and self._file.is_confirmed else Present.OTHER

    def ensure(self) -> None:
        """Write them, whole or not at all, unless they are there; and see that Prometheus asks them.

        :raises NotFound: it does not; the file is as it was before, so that these are missed until it does.
        :raises Unreachable: it does not answer.
        """
        if self._file.text != self._wanted:
            self._file.path.parent.mkdir(parents=True, exist_ok=True)
            self._file.put(self._wanted, keep=self._api is not None and self._file.is_confirmed)
        if self._api:
            try:
                self._confirm(self._api)
            except NotFound:
                self._file.restore()  # what was asked until now is asked on; what is not asked is not there
                raise
        self._file.confirm()

    def _confirm(self, api: PrometheusApi) -> None:
        wanted = {target for group in self._groups for target in group.targets}
        end = time.monotonic() + PATIENCE
        while lacking := wanted - _asked(api):
            if time.monotonic() > end:
                raise NotFound(
                    f"Prometheus at {api.shown} does not ask {', '.join(sorted(lacking))}\n"
                    f"  expected: file_sd_configs of it that read {self._file.path}, as in deploy/prometheus.yml"
                )
            time.sleep(POLL)


def file_name(environment: Environment) -> str:
    """Of the targets of an environment."""
    return f"targets-{environment}.json"


def _asked(api: PrometheusApi) -> set[str]:
    found = api.get("targets", _Answer, {"state": "active"})
    return {target.discovered.get("__address__", "") for target in found.data.active}
