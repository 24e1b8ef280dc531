"""Stores, readers and the like that more than one duty needs, by the settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from activities.manifest_reader import ManifestReader
from activities.verdict_reader import VerdictReader
from domain.monitor import Alerts, Monitoring, NoAlerts
from engines.aws import Access, Patience
from engines.ed25519 import VERDICTS, load_trusted
from engines.prometheus import PrometheusAlerts
from engines.prometheus_monitors import PrometheusMonitors
from engines.reach import Reach
from engines.s3_buckets import S3Buckets
from engines.sqs_queues import SqsQueues
from settings import WorkerSettings
from stores.s3 import S3ObjectStore
from stores.s3_client import PATIENT, Limits
from stores.s3_site import S3SiteBucket

Activities = Sequence[Callable[..., Any]]


def object_store(settings: WorkerSettings, limits: Limits = PATIENT) -> S3ObjectStore:
    """Onward's own bucket."""
    return S3ObjectStore(bucket=settings.s3_bucket, limits=limits, **s3_access(settings))


def backup_store(settings: WorkerSettings) -> S3ObjectStore | None:
    """The bucket of the environment's backups, if it has one."""
    if not settings.backup_bucket:
        return None
    return S3ObjectStore(bucket=settings.backup_bucket, limits=PATIENT, **s3_access(settings))


def site_bucket(settings: WorkerSettings, limits: Limits, name: str) -> S3SiteBucket:
    """The bucket of one site, under the same key."""
    return S3SiteBucket(bucket=name, limits=limits, **s3_access(settings))


def reach(settings: WorkerSettings, limits: Limits = PATIENT) -> Reach:
    """Queues and buckets that services write, under the same key as Onward's own bucket."""
    patience = Patience(limits.connect, limits.answer, limits.attempts)
    access = Access(**s3_access(settings), patience=patience)
    return Reach(
        queues=SqsQueues(replace(access, endpoint=settings.sqs_endpoint)),
        buckets=S3Buckets(access),
        sqs_endpoint=settings.sqs_endpoint,
        s3_endpoint=settings.s3_endpoint,
        region=settings.s3_region,
    )


def manifest_reader(settings: WorkerSettings, limits: Limits = PATIENT) -> ManifestReader:
    """Reads manifests; believes the keys of the trusted directory."""
    return ManifestReader(object_store(settings, limits), load_trusted(settings.trusted_keys))


def verdict_reader(settings: WorkerSettings) -> VerdictReader:
    """Reads verdicts; believes the keys of the directory ``verdicts`` among the trusted ones."""
    return VerdictReader(object_store(settings), load_trusted(settings.trusted_keys / VERDICTS))


def alerts(settings: WorkerSettings) -> Alerts:
    """Where it is asked which monitors fire, if anywhere."""
    return PrometheusAlerts(settings.prometheus_url) if settings.prometheus_url else NoAlerts()


def monitoring(settings: WorkerSettings) -> Monitoring | None:
    """The environment's Prometheus, if it has one that monitors are installed in."""
    if not settings.prometheus_url or settings.rules_directory == Path():
        return None
    return PrometheusMonitors(settings.prometheus_url, settings.rules_directory)


def own_keys(settings: WorkerSettings) -> list[str]:
    """What this process must show nobody, whatever prints it."""
    return [key.get_secret_value() for key in (settings.s3_access_key, settings.s3_secret_key)]


def s3_access(settings: WorkerSettings) -> dict[str, str]:
    return {
        "endpoint": settings.s3_endpoint,
        "access_key": settings.s3_access_key.get_secret_value(),
        "secret_key": settings.s3_secret_key.get_secret_value(),
        "region": settings.s3_region,
    }
