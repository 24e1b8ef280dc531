"""How long a release stands still when a worker is killed (SIGKILL) in the middle of an activity.

The workers of two duties, each killed during a build step that takes eight seconds, against the same
release undisturbed. A whole stack is started on free ports, and is gone afterwards.
"""

from __future__ import annotations

import json
import os
import signal
import time

from benchmarks.own_stack import own_stack
from settings import StackSettings
from stack.places import StateDirectory
from stack.supervision import Supervisor
from tests.e2e.application import Application

STEP = 8


def main() -> None:
    """Print one line per kill."""
    with own_stack() as stack:
        application = stack.application()
        undisturbed = _release(application, stack.settings, None)
        print(f"{'nobody killed':36} {undisturbed:6.1f} s")
        for part in ("worker-build", "worker-orchestrate"):
            seconds = _release(application, stack.settings, part)
            print(f"{part + ' killed in the build':36} {seconds:6.1f} s, {seconds - undisturbed:+.1f} s")


def _release(application: Application, settings: StackSettings, victim: str | None) -> float:
    """Seconds of the build stage of a release whose build takes eight seconds."""
    dockerfile = application.repository / "catalog" / "Dockerfile"
    lines = [line for line in dockerfile.read_text().splitlines() if not line.startswith("RUN")]
    step = f'RUN ["python3", "-c", "import time; time.sleep({STEP}); {time.time_ns()}"]'
    application.write("catalog/Dockerfile", "\n".join([*lines, step, ""]))
    release = application.onward.start(*application.words("catalog"), "--json")
    if victim:
        time.sleep(4)
        os.kill(Supervisor(StateDirectory(settings)).pid(victim), signal.SIGKILL)
    stdout, _ = release.communicate()
    stages = {stage["name"]: stage for stage in json.loads(stdout)["stages"]}
    return float(stages["build"]["seconds"])


if __name__ == "__main__":
    main()
