"""What Alertmanager tells, and which of it is about a release in prod.

The shape is that of its webhook, version 4: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import AliasChoices, AwareDatetime, Field

from domain.deployment import ServiceState
from domain.environment import Environment
from domain.evidence import FailedRelease
from domain.identity import ServiceId
from domain.manifest import Manifest
from domain.message import Message
from domain.release import Failure, ReleaseRequest, ReleaseResult, ReleaseStatus, Stage
from domain.workflow_ids import report_id

#: The labels that say which service an alert is about.
LABELS = ("environment", "application", "role")


class AlertStatus(StrEnum):
    """Whether an alert goes on."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Alert(Message):
    """One alert. ``fingerprint`` is of its labels: with ``starts_at`` it is told apart from its next time."""

    status: AlertStatus
    labels: dict[str, str]
    annotations: dict[str, str] = Field(default_factory=dict)
    starts_at: AwareDatetime = Field(validation_alias=AliasChoices("startsAt", "starts_at"))
    fingerprint: str = ""
    generator_url: str = Field(default="", validation_alias=AliasChoices("generatorURL", "generator_url"))

    @property
    def name(self) -> str:
        """The name of the rule."""
        return self.labels.get("alertname", "an alert without a name")

    @property
    def service(self) -> ServiceId:
        """Whose alert it is; ``ValueError`` when its labels name no service."""
        return ServiceId(application=self.labels["application"], role=self.labels["role"])

    @property
    def text(self) -> str:
        """What the rule says to people, in one line."""
        words = self.annotations.get("summary") or self.annotations.get("description") or self.name
        return " ".join(words.split())


class Delivery(Message):
    """One delivery of Alertmanager's webhook."""

    version: Literal["4"]
    alerts: tuple[Alert, ...]


class Ignored(Message):
    """An alert that opens nothing, and why."""

    alert: str
    why: str


def firing_in_prod(delivery: Delivery) -> tuple[tuple[Alert, ...], tuple[Ignored, ...]]:
    """The alerts of a delivery that fire for a service in prod, and the others with the reason."""
    firing: list[Alert] = []
    ignored: list[Ignored] = []
    for alert in delivery.alerts:
        why = _why_not_in_prod(alert)
        if why:
            ignored.append(Ignored(alert=alert.name, why=why))
        else:
            firing.append(alert)
    return tuple(firing), tuple(ignored)


def why_ignored(alert: Alert, deployed: ServiceState | None, *, running: bool) -> str | None:
    """Why an alert that fires in prod opens no roll-forward; ``None`` when it does.

    :param deployed: what prod was last asked to run of the service.
    :param running: whether that release is still on its way.
    """
    if deployed is None:
        return f"{alert.service} is not deployed in {Environment.PROD}"
    if running:
        return f"{deployed.release} is still on its way: its own bake judges"
    return None


def _why_not_in_prod(alert: Alert) -> str | None:
    if alert.status is AlertStatus.RESOLVED:
        return "it is resolved"
    missing = [label for label in LABELS if not alert.labels.get(label)]
    if missing:
        return f"it has no label {', '.join(missing)}"
    if alert.labels["environment"] != Environment.PROD:
        return f"it is of {alert.labels['environment']}"
    try:
        alert.service  # noqa: B018 – whether the labels name one
    except ValueError:
        return "its labels application and role name no service"
    return None


def reported(alert: Alert, state: ServiceState, manifest: Manifest) -> FailedRelease:
    """The deployed release as one that failed: verified once, it does not hold what was verified."""
    request = ReleaseRequest(
        application=state.service.application,
        role=state.service.role,
        repository=manifest.repository,
        commit=manifest.commit,
        service_directory=manifest.service_directory,
        reason=f"alert {alert.name}",
    )
    failure = Failure(stage=Stage.VERIFY_PROD, kind="Alert", message=f"{alert.name}: {alert.text}")
    result = ReleaseResult(
        release=state.release,
        application=request.application,
        role=request.role,
        commit=request.commit,
        status=ReleaseStatus.FAILED,
        number=state.number,
        failure=failure,
    )
    run = report_id(state.release, f"{alert.fingerprint} {alert.starts_at.isoformat()}")
    return FailedRelease(request=request, run=run, result=result, ended=alert.starts_at)
