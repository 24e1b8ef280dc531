"""Prometheus: which alerts fire."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from domain.environment import Environment
from domain.errors import Unreachable
from domain.evidence import FiringMonitor
from domain.identity import ServiceId
from engines.prometheus_api import SERVER, PrometheusApi, Rejected

SUMMARY_LIMIT = 500


class _Alert(BaseModel):
    labels: dict[str, str]
    annotations: dict[str, str] = Field(default_factory=dict)
    state: str
    since: datetime = Field(alias="activeAt")


class _Alerts(BaseModel):
    alerts: list[_Alert]


class _Answer(BaseModel):
    data: _Alerts


class PrometheusAlerts:
    """A :class:`domain.monitor.Alerts` by the HTTP API of Prometheus.

    :param url: its base URL, such as ``http://127.0.0.1:9090``.
    """

    def __init__(self, url: str) -> None:
        self._api = PrometheusApi(url)

    def firing(self, environment: Environment, service: ServiceId) -> list[FiringMonitor]:
        """The alerts in state ``firing`` with the service's labels, the longest first."""
        labels = {"environment": environment.value, "application": service.application, "role": service.role}
        firing = [
            FiringMonitor(
                name=alert.labels.get("alertname", ""),
                severity=alert.labels.get("severity", ""),
                since=alert.since,
                summary=(alert.annotations.get("summary") or alert.annotations.get("description", ""))[:SUMMARY_LIMIT],
            )
            for alert in self._alerts()
            if alert.state == "firing" and labels.items() <= alert.labels.items()
        ]
        return sorted(firing, key=lambda monitor: (monitor.since, monitor.name))

    def _alerts(self) -> list[_Alert]:
        try:
            return self._api.get("alerts", _Answer).data.alerts
        except Rejected as error:
            raise Unreachable(SERVER, self._api.shown, str(error)) from None
