"""The file from which Prometheus learns what to ask of an environment; it reads a changed one by itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, Field

from domain.bootstrap import Present
from domain.errors import NotFound
from domain.scrape_targets import TargetGroup, document
from engines.prometheus_api import PrometheusApi
from engines.rule_files import write_whole

FILE = "targets.json"

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

    :param directory: one that Prometheus reads ``targets.json`` in.
    :param url: of Prometheus, which is asked whether it did; nobody is asked without.
    """

    def __init__(self, directory: Path, groups: Sequence[TargetGroup], url: str = "") -> None:
        self._file = directory / FILE
        self._groups = groups
        self._api = PrometheusApi(url) if url else None

    @property
    def name(self) -> str:
        """Where they are."""
        return str(self._file)

    def present(self) -> Present:
        """Whether exactly these targets are there."""
        try:
            return Present.RIGHT if self._file.read_text() == document(self._groups) else Present.OTHER
        except FileNotFoundError:
            return Present.MISSING

    def ensure(self) -> None:
        """Write them, whole or not at all, unless they are there; and see that Prometheus asks them.

        :raises NotFound: it does not; the file is as it was before, so that these are missed until it does.
        :raises Unreachable: it does not answer.
        """
        before = self._file.read_text() if self._file.exists() else None
        if self.present() is not Present.RIGHT:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._file, document(self._groups))
        if self._api:
            try:
                self._confirm(self._api)
            except NotFound:
                self._restore(before)
                raise

    def _restore(self, before: str | None) -> None:
        """What was asked until now is asked on; what is not asked is not there."""
        if before is None or before == document(self._groups):
            self._file.unlink(missing_ok=True)
        else:
            write_whole(self._file, before)

    def _confirm(self, api: PrometheusApi) -> None:
        wanted = {target for group in self._groups for target in group.targets}
        end = time.monotonic() + PATIENCE
        while lacking := wanted - _asked(api):
            if time.monotonic() > end:
                raise NotFound(
                    f"Prometheus at {api.shown} does not ask {', '.join(sorted(lacking))}\n"
                    f"  expected: file_sd_configs of it that read {self._file}, as in deploy/prometheus.yml"
                )
            time.sleep(POLL)


def _asked(api: PrometheusApi) -> set[str]:
    found = api.get("targets", _Answer, {"state": "active"})
    return {target.discovered.get("__address__", "") for target in found.data.active}
