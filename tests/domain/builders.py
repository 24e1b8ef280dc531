"""Valid values to start from; a test changes what it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from domain.artifact import Artifact, ArtifactKind, digest_of
from domain.definition_file import parse_definition
from domain.deployment import Deployment, ServiceState, TaskState, UpdateState
from domain.environment import Environment
from domain.evidence import FailedRelease
from domain.identity import ServiceId
from domain.junit import Verdict
from domain.manifest import Dependency, Manifest, ManifestPointer
from domain.regression import Origin, SuiteResult
from domain.release import Failure, ReleaseRequest, ReleaseResult, ReleaseStatus, Stage, StageResult, StageStatus
from domain.service import ServiceDefinition

COMMIT = "a" * 40
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
IMAGE = Artifact(kind=ArtifactKind.IMAGE, uri="registry.test/shop/cart@sha256:" + "1" * 64, digest="sha256:" + "1" * 64)
POINTER = ManifestPointer(uri="s3://onward/manifests/1", digest=digest_of(b"manifest"))
CART = ServiceId(application="shop", role="cart")


def definition(text: str = "") -> ServiceDefinition:
    """The definition of ``shop-cart``, with more YAML below it."""
    return parse_definition(f"application: shop\nrole: cart\nowner: team\n{text}", "service.yaml")


def manifest(**changes: Any) -> Manifest:
    """The manifest of a build of ``shop-cart``."""
    values: dict[str, Any] = {
        "release": "release:shop-cart:aaaaaaaaaaaa",
        "repository": "https://git.test/shop",
        "commit": COMMIT,
        "service_directory": "cart",
        "definition": definition(),
        "artifacts": (IMAGE,),
        "dependencies": (Dependency(uri="python:3.11", digest=digest_of(b"base")),),
        "started": MOMENT,
        "finished": MOMENT,
    }
    return Manifest(**(values | changes))


def deployment(number: int = 2, **changes: Any) -> Deployment:
    """The deploy of a release of ``shop-cart`` to ci."""
    values: dict[str, Any] = {
        "environment": Environment.CI,
        "definition": definition(),
        "artifact": IMAGE,
        "number": number,
        "release": "release:shop-cart:aaaaaaaaaaaa",
        "commit": COMMIT,
        "manifest": POINTER,
    }
    return Deployment(**(values | changes))


def failed_release(message: str = "half of all replicas are down", **changes: Any) -> FailedRelease:
    """A release of ``shop-cart`` that failed in prod; ``changes`` are of its result."""
    values: dict[str, Any] = {
        "release": "release:shop-cart:aaaaaaaaaaaa",
        "application": "shop",
        "role": "cart",
        "commit": COMMIT,
        "status": ReleaseStatus.FAILED,
        "number": 2,
        "stages": (StageResult(name=Stage.VERIFY_PROD, status=StageStatus.FAILED, started=MOMENT, seconds=3.25),),
        "failure": Failure(stage=Stage.VERIFY_PROD, kind="VerifyFailed", message=message),
    }
    request = ReleaseRequest(
        application="shop", role="cart", repository="https://git.test/shop", commit=COMMIT, requested_by="ci@test"
    )
    return FailedRelease(request=request, run="run-1", result=ReleaseResult(**(values | changes)), ended=MOMENT)


def suite_result(**changes: Any) -> SuiteResult:
    """A suite of ``shop-cart`` that failed."""
    values: dict[str, Any] = {
        "service": CART,
        "origin": Origin.NEW,
        "release": "release:shop-cart:aaaaaaaaaaaa",
        "manifest": POINTER.digest,
        "suite": IMAGE.digest,
        "verdict": Verdict.FAILED,
        "reason": "test_total failed: 7 != 8",
        "log": "s3://memory/logs/release:shop-cart:aaaaaaaaaaaa/run-1/regression-1-cart-own-new.log",
        "report": "s3://memory/reports/release:shop-cart:aaaaaaaaaaaa/run-1/regression-1-cart-own-new.json",
    }
    return SuiteResult(**(values | changes))


def task(number: int = 2, *, running: bool = True, digest: str = IMAGE.digest, state: str = "running") -> TaskState:
    """One replica."""
    return TaskState(
        id=f"t{number}", number=number, commit=COMMIT, digest=digest, running=running, wanted=running, state=state
    )


def state(
    *tasks: TaskState, number: int = 2, update: UpdateState = UpdateState.NONE, replicas: int = 1
) -> ServiceState:
    """What an engine observes of ``ci-shop-cart``."""
    return ServiceState(
        environment=Environment.CI,
        service=CART,
        number=number,
        release="release:shop-cart:aaaaaaaaaaaa",
        commit=COMMIT,
        digest=IMAGE.digest,
        manifest=POINTER.digest,
        replicas=replicas,
        update=update,
        since=MOMENT,
        tasks=tasks,
    )
