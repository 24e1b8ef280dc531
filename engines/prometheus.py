"""Prometheus: which alerts fire."""

from __future__ import annotations

from datetime import datetime

import requests
from pydantic import BaseModel, Field, ValidationError

from domain.environment import Environment
from domain.errors import Unreachable
from domain.evidence import FiringMonitor
from domain.identity import ServiceId
from domain.masking import masked

SERVER = "Prometheus"

#: Seconds in which it must accept the connection, and in which it must answer.
TIMEOUT = (3, 5)
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
        self._url = url.rstrip("/")
        self._shown = masked(self._url)

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
            answer = requests.get(f"{self._url}/api/v1/alerts", timeout=TIMEOUT)
            answer.raise_for_status()
            return _Answer.model_validate_json(answer.content).data.alerts
        except ValidationError:
            raise Unreachable(SERVER, self._shown, "what answers there is no Prometheus") from None
        except requests.HTTPError as error:
            raise Unreachable(SERVER, self._shown, f"HTTP {error.response.status_code}") from None
        except requests.RequestException as error:
            raise Unreachable(SERVER, self._shown, _reason(error)) from None


def _reason(error: requests.RequestException) -> str:
    """The system's own words, without the library's names around them."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return str(error).rpartition("] ")[2].strip("')\" ") or type(error).__name__
