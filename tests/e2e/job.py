"""A batch job of an application, as people release and run it, and what is seen of its runs."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Mapping
from typing import Any

from docker import DockerClient

from engines.labels import Label
from engines.swarm_api import SwarmServices
from settings import StackSettings
from tests.e2e.application import Application
from tests.e2e.engine_events import EngineEvents

DOCKERFILE = """\
FROM onward-examples/python:3
COPY job.py ./
CMD ["python3", "job.py"]
"""

#: Works for as long as its configuration says, and tells what it was.
JOB = """\
import os, time
print("working on", os.environ["WORK"], "as", os.environ["ONWARD_ROLE"], flush=True)
time.sleep(float(os.environ["WORK"]))
print("done in", os.environ["ONWARD_ENVIRONMENT"])
raise SystemExit(int(os.environ.get("CODE", "0")))
"""

DEFINITION = """\
application: {name}
role: report
kind: batch
owner: shop-team
scale: {{ci: {{max: 1}}, prod: {{max: 5}}}}
config: {{ci: {{WORK: "{ci}"}}, prod: {{WORK: "{prod}"}}}}
batch: {{timeout: 30m{more}}}
"""


class Job:
    """``report``, a batch job of an application."""

    def __init__(self, application: Application, engine: DockerClient) -> None:
        self.application = application
        self.name = f"{application.name}-report"
        self._onward = application.onward
        self._engine = engine
        (application.repository / "report").mkdir()
        application.write("report/Dockerfile", DOCKERFILE)
        application.write("report/job.py", JOB)

    def release(self, ci: float = 0, prod: float = 0, more: str = "") -> Any:
        """Release it with runs of so many seconds."""
        text = DEFINITION.format(name=self.application.name, ci=ci, prod=prod, more=more)
        self.application.write("report/service.yaml", text)
        return self.application.release("report")

    def words(self, environment: str) -> list[str]:
        return [environment, self.application.name, "report"]

    def start(self, environment: str, *more: str) -> subprocess.Popen[str]:
        return self._onward.start("run", *self.words(environment), "--json", *more)

    def run(self, environment: str, *more: str, exit_code: int = 0) -> Any:
        return self._onward.json("run", *self.words(environment), *more, exit_code=exit_code)

    def runs(self, environment: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._onward.json("runs", *self.words(environment), "--limit", "200")
        return rows

    def containers(self, environment: str) -> list[Any]:
        """Those of its runs that are up."""
        labels = [f"{Label.APPLICATION}={self.application.name}", Label.RUN, f"{Label.ENVIRONMENT}={environment}"]
        return self._engine.containers.list(filters={"label": labels}, sparse=True)

    def nothing_is_left(self) -> bool:
        """Of all its runs: no service, no container."""
        services = SwarmServices(self._engine).labelled({Label.APPLICATION: self.application.name})
        there = [each["Spec"]["Name"] for each in services if Label.RUN in each["Spec"]["Labels"]]
        return not there and not self.containers("ci") and not self.containers("prod")


class MostAtOnce:
    """Looks all the time at how many runs of a job are up, in both environments."""

    def __init__(self, job: Job) -> None:
        self.most = {"ci": 0, "prod": 0}
        self._job = job
        self._over = threading.Event()
        self._looking = threading.Thread(target=self._look)

    def __enter__(self) -> dict[str, int]:
        self._looking.start()
        return self.most

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._looking.join()

    def _look(self) -> None:
        while not self._over.wait(0.25):
            for environment, most in self.most.items():
                self.most[environment] = max(most, len(self._job.containers(environment)))


def runs_made(settings: StackSettings, job: Job) -> EngineEvents:
    """How often the container of a run is made in each environment."""

    def name(told: Mapping[str, str]) -> str:
        ours = told.get(Label.APPLICATION) == job.application.name and Label.RUN in told
        return told[Label.ENVIRONMENT] if ours else ""

    return EngineEvents(settings, {"type": "container", "event": "create"}, name)
