"""Engines that act in memory, and can be told how to fail."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from domain.artifact import Digest, digest_of
from domain.build import ImageRecipe, SiteRecipe
from domain.deployment import Action, Deployment, ServiceState, TaskState, UpdateState, decide, is_whole
from domain.environment import Environment
from domain.errors import BuildFailed, Conflict, Unreachable, VerifyFailed
from domain.evidence import FiringMonitor
from domain.identity import ServiceId, canonical_name
from domain.manifest import Dependency
from domain.notice import Notice
from domain.notifier import Undelivered
from domain.progress import Progress
from domain.scale import Size, kept
from domain.service import ServiceDefinition
from domain.suite import SuiteOutcome, SuiteRun
from tests.fakes.stores import MemoryRegistry


class MemoryBuilder:
    """Builds at once; ``failing`` names Dockerfile texts whose build fails, ``blocked`` holds all."""

    def __init__(self, registry: MemoryRegistry) -> None:
        self.built: list[str] = []
        self.failing: set[str] = set()
        self.unreachable = 0
        self.blocked: threading.Event | None = None
        self._registry = registry

    def context_digest(self, context: Path) -> Digest:
        files = sorted(path for path in context.rglob("*") if path.is_file() and path.name != "service.yaml")
        return digest_of(b"".join(str(file.relative_to(context)).encode() + file.read_bytes() for file in files))

    def resolve(self, image: str, progress: Progress) -> Dependency:
        return Dependency(uri=image, digest=digest_of(image.encode()))

    def build_image(self, recipe: ImageRecipe, progress: Progress) -> Digest:
        while self.blocked and not self.blocked.is_set():
            progress.say("still building")
            progress.wait(0.05)
        if self.unreachable:
            self.unreachable -= 1
            raise Unreachable("Docker Engine", "memory", "connection refused")
        text = (recipe.context / recipe.dockerfile).read_text()
        self.built.append(recipe.tag)
        if any(mark in text for mark in self.failing):
            raise BuildFailed("step 2 failed: exit code 1")
        digest = digest_of(recipe.tag.encode())
        repository = recipe.tag.removeprefix("registry.test/").partition(":")[0]
        self._registry.images.add(self._registry.reference(repository, digest))
        return digest

    def build_site(self, recipe: SiteRecipe, target: Path, progress: Progress) -> Digest:
        self.built.append(str(recipe.context))
        with zipfile.ZipFile(target, "w") as bundle:
            bundle.writestr("index.html", "<p>site</p>")
        return digest_of(target.read_bytes())


class MemoryEngine:
    """Deploys at once, unless the release's commit is among ``sick``: then the update pauses.

    ``sick_in`` names the only environment in which a commit does, ``slow_in`` the one in which it never arrives.
    ``printed``: what a service printed, by canonical name. ``probing`` happens before a probe, and is not to be
    cancelled.
    """

    def __init__(self) -> None:
        self.printed: dict[str, str] = {}
        self.states: dict[str, ServiceState] = {}
        self.updates: list[tuple[str, int]] = []
        self.sick: set[str] = set()
        self.sick_in: dict[str, Environment] = {}
        self.slow_in: dict[str, Environment] = {}
        self.sizes: dict[str, Size] = {}
        self.resized: list[tuple[str, int]] = []
        self.probing: Callable[[], object] = lambda: None

    def deploy(self, deployment: Deployment, progress: Progress) -> Action:
        state = self.states.get(deployment.name)
        action = decide(state.number if state else None, deployment)
        if action is Action.NOTHING:
            return action
        self.updates.append((deployment.name, deployment.number))
        bad = deployment.commit in self.sick or self.sick_in.get(deployment.commit) is deployment.environment
        slow = self.slow_in.get(deployment.commit) is deployment.environment
        size = self.sizes[deployment.name] = kept(
            deployment.definition, deployment.environment, self.sizes.get(deployment.name)
        )
        old = state.tasks if state and bad else ()
        new = TaskState(
            id=f"{deployment.name}.{deployment.number}",
            number=deployment.number,
            commit=deployment.commit,
            digest=deployment.artifact.digest,
            running=not bad,
            wanted=not bad,
            state="failed" if bad else "running",
            error="exit code 1" if bad else "",
        )
        self.states[deployment.name] = ServiceState(
            environment=deployment.environment,
            service=deployment.service,
            number=deployment.number,
            release=deployment.release,
            commit=deployment.commit,
            digest=deployment.artifact.digest,
            manifest=deployment.manifest.digest,
            replicas=size.replicas,
            update=UpdateState.PAUSED if bad else UpdateState.UPDATING if slow else UpdateState.COMPLETED,
            since=datetime.now(UTC),
            tasks=(*old, *[new] * size.replicas),
            version=deployment.definition.datastore.version if deployment.definition.datastore else "",
        )
        return action

    def size(self, environment: Environment, service: ServiceId) -> Size | None:
        return self.sizes.get(canonical_name(environment, service))

    def resize(self, environment: Environment, service: ServiceId, size: Size, number: int) -> None:
        name = canonical_name(environment, service)
        state = self.states[name]
        if state.number != number or state.update in (UpdateState.PAUSED, UpdateState.UPDATING):
            raise Conflict(f"{name} is being updated")
        if self.sizes[name] != size:
            self.sizes[name] = size
            self.resized.append((name, size.replicas))
            self.states[name] = state.model_copy(
                update={"replicas": size.replicas, "tasks": (state.tasks[-1],) * size.replicas}
            )

    def observe(self, environment: Environment, service: ServiceId) -> ServiceState | None:
        return self.states.get(canonical_name(environment, service))

    def keep_serving(self, deployment: Deployment) -> None:
        """A task in memory is healthy, or has failed."""

    def running(self, environment: Environment) -> list[ServiceState]:
        return [state for state in self.states.values() if state.environment is environment]

    def logs(self, environment: Environment, service: ServiceId, lines: int) -> str:
        name = canonical_name(environment, service)
        return "".join(self.printed.get(name, f"{name}.1 started\n").splitlines(keepends=True)[-lines:])

    def url(self, environment: Environment, definition: ServiceDefinition) -> str:
        return f"http://{canonical_name(environment, definition.service)}:{definition.port}"

    def probe(self, deployment: Deployment, progress: Progress) -> str:
        self.probing()
        state = self.states[deployment.name]
        if not is_whole(state, deployment):
            raise VerifyFailed(f"{deployment.name} is not whole")
        return "1 of 1 replicas healthy"


class MemorySuiteRunner:
    """Answers each run with the outcome that it was given for the environment, or a pass.

    ``answers`` decides of the suites of a slice: it gets the run, and says how it ends. Those of the
    roles in ``hanging`` end only by being cancelled.
    """

    def __init__(self) -> None:
        self.runs: list[SuiteRun] = []
        self.outcomes: dict[Environment, SuiteOutcome] = {}
        self.answers: Callable[[SuiteRun], SuiteOutcome] = lambda _: passing()
        self.hanging: set[str] = set()
        self.running = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    @property
    def in_slices(self) -> list[SuiteRun]:
        return [run for run in self.runs if run.slice]

    def run(self, run: SuiteRun, progress: Progress) -> SuiteOutcome:
        with self._lock:
            self.runs.append(run)
            self.running += 1
            self.most_at_once = max(self.most_at_once, self.running)
        try:
            progress.say("runs")
            while run.slice and run.service.role in self.hanging:
                progress.wait(0.05)
                progress.say("hangs")
            return self.answers(run) if run.slice else self.outcomes.get(run.environment, passing("test_smoke_health"))
        finally:
            with self._lock:
                self.running -= 1


def passing(case: str = "test_total") -> SuiteOutcome:
    """A suite of one case that passes."""
    report = f'<testsuite><testcase classname="suite" name="{case}"/></testsuite>'
    return SuiteOutcome(exit_code=0, reports=(report.encode(),), output="ok")


def failing(case: str = "test_total", message: str = "7 != 8") -> SuiteOutcome:
    """A suite of one case that fails."""
    report = (
        f'<testsuite><testcase classname="suite" name="{case}"><failure message="{message}"/></testcase></testsuite>'
    )
    return SuiteOutcome(exit_code=1, reports=(report.encode(),), output=message)


class MemoryNotifier:
    """Takes every notice, but for the URLs that ``failing`` says something of."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Notice]] = []
        self.failing: dict[str, Undelivered] = {}
        self._lock = threading.Lock()

    def understands(self, url: SecretStr) -> bool:
        return "://" in url.get_secret_value()

    def send(self, url: SecretStr, notice: Notice) -> Undelivered | None:
        undelivered = self.failing.get(url.get_secret_value())
        if undelivered is None:
            with self._lock:
                self.taken.append((url.get_secret_value(), notice))
        return undelivered


class MemoryAlerts:
    """What it was told fires, by canonical name; ``unreachable`` when it is down."""

    def __init__(self) -> None:
        self.fire: dict[str, list[FiringMonitor]] = {}
        self.unreachable = False

    def firing(self, environment: Environment, service: ServiceId) -> list[FiringMonitor]:
        if self.unreachable:
            raise Unreachable("Prometheus", "memory", "connection refused")
        return self.fire.get(canonical_name(environment, service), [])
