"""Where things are in the object store: every key, in one place, as names are in :mod:`domain.identity`.

What is stored under its own digest is written once; the rest says by whom and for what it is.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

from domain.environment import Environment
from domain.identity import ServiceId


def blob_key(kind: str, digest: str, suffix: str) -> str:
    """Content that is stored under its own digest: ``sources/sha256/<hex>.tar``."""
    algorithm, _, value = digest.partition(":")
    return f"{kind}/{algorithm}/{value}{suffix}"


def source_key(digest: str) -> str:
    """Where the snapshot of a service's source is kept."""
    return blob_key("sources", digest, ".tar")


def bundle_key(digest: str) -> str:
    """Where the bundle of a static service is kept."""
    return blob_key("bundles", digest, ".zip")


def monitors_key(digest: str) -> str:
    """Where the monitors of a service are kept: a rule file of Prometheus in which the environment is open."""
    return blob_key("monitors", digest, ".yaml")


def manifest_key(digest: str) -> str:
    """Where a manifest's statement is kept."""
    return blob_key("manifests", digest, ".json")


def manifest_digest(key: str) -> str:
    """The reverse of :func:`manifest_key`; ``ValueError`` for another key."""
    match = re.fullmatch(r"manifests/sha256/([0-9a-f]{64})\.json", key)
    if match is None:
        raise ValueError(f"not the key of a manifest: {key!r}")
    return f"sha256:{match[1]}"


def envelope_key(digest: str) -> str:
    """Where the signed envelope of a manifest is kept: beside its statement."""
    return blob_key("manifests", digest, ".dsse.json")


def verdict_key(candidate: str, verdict: str) -> str:
    """Where the signed verdict of a regression is kept: by the manifest that it is about."""
    return f"verdicts/{candidate.partition(':')[2]}/{verdict.partition(':')[2]}.dsse.json"


def build_step(kind: str) -> str:
    """How the output of a build is called among the steps of its release: ``build-image``."""
    return f"build-{kind}"


def smoke_step(environment: Environment) -> str:
    """How the output of the smoke cases is called: ``smoke-prod``."""
    return f"smoke-{environment}"


def run_step() -> str:
    """How the output of a run of a batch job is called; it is kept as that of a release, under the run's own ID."""
    return "run"


def suite_step(ordinal: int, role: str, origin: str, attempt: int = 1) -> str:
    """How a suite's output is called: ``regression-1-cart-own-new``, and ``…-again`` of its second run.

    :param ordinal: the how manieth test of the release this is.
    """
    again = "-again" if attempt > 1 else ""
    return f"regression-{ordinal}-{role}-{origin.replace(' ', '-')}{again}"


def report_key(release: str, run: str, name: str) -> str:
    """The cases of one suite's run, as JSON."""
    return f"reports/{release}/{run}/{name}.json"


def build_record_key(inputs: str) -> str:
    """Where the outcome of a build is kept under the digest of its *inputs*."""
    return blob_key("builds", inputs, ".json")


#: All published sets.
PUBLISHED = "published/"


def published_application(key: str) -> str:
    """The application of a :func:`published_set_key`."""
    return key.removeprefix(PUBLISHED).removesuffix(".json")


def published_set_key(application: str) -> str:
    """The published set of one application, written with compare-and-swap."""
    return f"{PUBLISHED}{application}.json"


OWNERSHIP = "owners/"


def ownership_key(application: str) -> str:
    """Who owns the queues and buckets of one application, written with compare-and-swap."""
    return f"{OWNERSHIP}{application}.json"


def scale_key(environment: Environment, application: str, at: datetime, run: str) -> str:
    """The record of one change of sizes; the keys are in the order of time."""
    return f"{scale_prefix(environment, application)}{at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{run}.json"


def scale_prefix(environment: Environment, application: str) -> str:
    """All changes of sizes of an application in one environment."""
    return f"scale/{environment}/{application}/"


def seen_key(environment: Environment) -> str:
    """What the last check for drift saw in an environment."""
    return f"drift/{environment}/seen.json"


def last_runs_key(environment: Environment, service: ServiceId) -> str:
    """When runs of a job last ended, written with compare-and-swap."""
    return f"{last_runs_prefix(environment)}{service}.json"


def last_runs_prefix(environment: Environment) -> str:
    """Of all jobs of an environment."""
    return f"runs/{environment}/"


def notice_key(notice: str) -> str:
    """Which channels have taken a notice, under a digest of its ID."""
    return f"notices/{hashlib.sha256(notice.encode()).hexdigest()}.json"


def directory_claim_key(digest: str) -> str:
    """Which service a repository's directory holds, under a digest of both."""
    return blob_key("directories", digest, ".json")


def migration_step(environment: Environment) -> str:
    """How the output of a migration is called among the steps of its release: ``migrate-prod``."""
    return f"migrate-{environment}"


def migration_key(environment: Environment, service: ServiceId, number: int) -> str:
    """How the migration of a release ended in an environment."""
    return f"migrations/{environment}/{service}/{number}.json"


def backup_step(environment: Environment) -> str:
    """How what a backup said besides is called among the steps of its release: ``backup-prod``."""
    return f"backup-{environment}"


def backup_key(environment: Environment, service: ServiceId, number: int) -> str:
    """The record of the backup that was made before the update to a release."""
    return f"backups/{environment}/{service}/{number}/backup.json"


def backup_content_key(environment: Environment, service: ServiceId, number: int, attempt: str) -> str:
    """What one attempt at a backup has stored; only the record says which one counts."""
    return f"backups/{environment}/{service}/{number}/{attempt}.dump"


def log_key(release: str, run: str, name: str) -> str:
    """The output of one step of one run of a release."""
    return f"logs/{release}/{run}/{name}.log"


def log_prefix(release: str) -> str:
    """All kept output of a release, over all its runs."""
    return f"logs/{release}/"


def parse_log_key(release: str, key: str) -> tuple[str, str]:
    """Run and step of a :func:`log_key`."""
    run, _, name = key.removeprefix(log_prefix(release)).partition("/")
    return run, name.removesuffix(".log")


def log_step(release: str, uri: str) -> str:
    """The step in a URI of a :func:`log_key`; empty when it is none of this release."""
    return parse_log_key(release, uri.partition(log_prefix(release))[2])[1]


def environment_step(environment: Environment) -> str:
    """How the logs of a service in an environment are called among the steps of a release that failed."""
    return f"evidence-{environment}"


def evidence_key(release: str, run: str, suffix: str) -> str:
    """What was collected of one failed run of a release, as ``json`` or as ``html``."""
    return f"{evidence_prefix(release)}{run}/evidence.{suffix}"


def evidence_prefix(release: str) -> str:
    """All evidence of a release, over all its runs."""
    return f"evidence/{release}/"


def parse_evidence_key(release: str, key: str) -> tuple[str, str]:
    """Run and suffix of an :func:`evidence_key`."""
    run, _, name = key.removeprefix(evidence_prefix(release)).partition("/")
    return run, name.rpartition(".")[2]
