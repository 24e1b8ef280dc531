"""The example application in a git repository of its own, released as a person would."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from uuid import uuid4

from domain.environment import Environment
from examples.repository import commit_change, make_repository
from settings import StackSettings
from tests.e2e.commandline import TIMEOUT, CommandLine
from tests.e2e.removal import removed_afterwards

NO_ROUTE = 404
EDGE_PATIENCE = 5.0

BAKE = "verify: {bake: 5s}\n"
CHECKED = ("cart", "catalog", "checkout")
SEEN_SOON = "interval: 10s, retries: 2"
SEEN_LATER = "interval: 30s, retries: 2"


class Application:
    """One copy of ``examples/shop`` under an application name that nobody else has.

    Ingress paths are prefixed with the name, so that copies share one edge. Its cart does not bake, until it is
    told to: ten seconds of every release of it. What serves is checked less often: each check is a process. It has no
    datastore, unless it is given the wheels of the ``driver``.

    :param suites: the roles that keep their suites, all of them if it is not said. A suite means a slice for every
        release: half of what one costs.
    """

    def __init__(
        self,
        onward: CommandLine,
        settings: StackSettings,
        repository: Path,
        name: str,
        *,
        driver: Path | None = None,
        suites: Collection[str] | None = None,
    ) -> None:
        self.name = name
        self.repository = repository
        self.onward = onward
        self._settings = settings
        make_repository(repository, name, driver=driver)
        for definition in (repository / role / "service.yaml" for role in CHECKED):
            text = definition.read_text()
            assert text.count(SEEN_SOON) == 1, definition
            definition.write_text(text.replace(SEEN_SOON, SEEN_LATER))
        if suites is not None:
            self._drop_suites(suites)
        self.commit = self.base = self.change("cart/service.yaml", BAKE, "")

    def _drop_suites(self, but: Collection[str]) -> None:
        for definition in self.repository.glob("*/service.yaml"):
            if definition.parent.name not in but:
                definition.write_text(re.sub(r"^tests:\n(  .*\n)+", "", definition.read_text(), flags=re.MULTILINE))

    def bakes(self) -> None:
        """The cart bakes, as the example's own."""
        self.change("cart/service.yaml", "monitors: monitors/\n", f"monitors: monitors/\n{BAKE}")

    def words(self, role: str, commit: str | None = None) -> list[str]:
        """The release command for a role."""
        return ["release", "--repo", str(self.repository), "--commit", commit or self.commit, "--service-dir", role]

    def release(self, role: str, *, exit_code: int = 0) -> Any:
        """Release the newest commit of a role and give the JSON document."""
        return self.onward.json(*self.words(role), exit_code=exit_code)

    def release_together(self, *roles: str) -> list[Any]:
        """Release the newest commit of several roles at the same time; all must be verified."""
        releases = [self.start(role) for role in roles]
        return [self.ended(release) for release in releases]

    def start(self, role: str, commit: str | None = None) -> subprocess.Popen[str]:
        """Begin to release the newest commit, or another one, in the background."""
        return self.onward.start(*self.words(role, commit), "--json")

    def ended(self, release: subprocess.Popen[str], *exit_codes: int) -> Any:
        """The JSON document of a release that was started; its exit code must be one of these, or 0."""
        stdout, stderr = release.communicate(timeout=TIMEOUT)
        assert release.returncode in (exit_codes or {0}), f"exit code {release.returncode}\n{stdout}\n{stderr}"
        return json.loads(stdout)

    def stage(self, role: str) -> str:
        """The stage that the newest release of a role is in; nothing when there is none."""
        answer = self.onward.run("show", f"{self.name}-{role}", "--json")
        stages = answer.document.get("stages") if answer.exit_code == 0 else None
        return str(stages[-1]["name"]) if stages else ""

    def fix_words(self, role: str, commit: str) -> list[str]:
        """The command that fixes the roll-forward of a role."""
        return ["fix", f"{self.name}-{role}", "--commit", commit, "--by", "ann"]

    def roll_forward(self, role: str) -> dict[str, Any] | None:
        """The line of a role's roll-forward, if it is open."""
        rows: list[dict[str, Any]] = self.onward.json("roll-forwards")
        return next((row for row in rows if row["roll_forward"] == f"roll-forward:{self.name}-{role}"), None)

    def incident(self, role: str) -> Any:
        """All of a role's roll-forward, open or closed."""
        return self.onward.json("show", f"roll-forward:{self.name}-{role}")

    def back_to(self, commit: str) -> None:
        """Begin the next change at an older commit, as somebody on another branch does."""
        self._git("reset", "--quiet", "--hard", commit)
        self.commit = commit

    def change(self, file: str, old: str, new: str) -> str:
        """Commit one change."""
        self.commit = commit_change(self.repository, file, old, new, f"Change {file}")
        return self.commit

    def write(self, file: str, text: str) -> str:
        """Commit a file's new text."""
        (self.repository / file).write_text(text)
        self._git("add", "-A")
        self._git("-c", "user.name=t", "-c", "user.email=t@example.test", "commit", "-qm", f"Write {file}")
        self.commit = self._git("rev-parse", "HEAD")
        return self.commit

    def deployed(self, role: str) -> dict[str, Any]:
        """Environment → what runs there of a role."""
        rows = self.onward.json("deployed", "--application", self.name)
        return {row["environment"]: row for row in rows if row["role"] == role}

    def path(self, role: str) -> str:
        """Where the edge serves something of a role that answers 200."""
        return {"catalog": f"/{self.name}/catalog/products", "web": f"/{self.name}/"}[role]

    def url(self, environment: Environment, path: str) -> str:
        """A path at an environment's edge."""
        return f"http://127.0.0.1:{self._settings.edge_port(environment)}{path}"

    def get(self, environment: Environment, path: str) -> str:
        """What the edge answers; it learns of a new path within two seconds. An HTTP error is raised."""
        end = time.monotonic() + EDGE_PATIENCE
        while True:
            try:
                with urllib.request.urlopen(self.url(environment, path), timeout=10) as response:  # noqa: S310
                    text: str = response.read().decode()
                    return text
            except HTTPError as error:
                error.close()
                if error.code != NO_ROUTE or time.monotonic() > end:
                    raise
            time.sleep(0.1)

    def _git(self, *words: str) -> str:
        done = subprocess.run(["git", "-C", self.repository, *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()


class Verified(NamedTuple):
    """An application of which ``catalog`` alone was released, and the document of that release."""

    application: Application
    document: Any


@contextmanager
def an_application(
    onward: CommandLine, settings: StackSettings, directory: Path, *, suites: Collection[str] | None = None
) -> Iterator[Application]:
    """The example under a name of its own; its services go with the block.

    :param directory: for its repository.
    :param suites: as :class:`Application` says.
    """
    name = f"t{uuid4().hex[:8]}"
    with removed_afterwards(settings, name):
        yield Application(onward, settings, directory / "repository", name, suites=suites)
