"""Queues and buckets on the whole stack: who owns them, who may not, and what services do with them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from domain.environment import ENVIRONMENTS, Environment
from examples.repository import SHOP, commit_all
from settings import StackSettings
from tests.e2e.application import Application
from tests.e2e.commandline import CommandLine
from tests.e2e.disturbance import killed, until
from tests.e2e.removal import removed_afterwards

POSTBOX = Path(__file__).with_name("postbox")
DOCKERFILE = "FROM onward-examples/python:3\nWORKDIR /app\nCOPY *.py ./\nUSER 65534\n"
DEFINITION = """\
application: {application}
role: {role}
owner: team
build: {{context: .}}
health: {{interval: 1s, start: 10s}}
ingress: {{path: /{application}/{role}}}
"""
SUITE = "tests: {integration: {context: suite}}\n"
WRITES = """\
writes:
  queues: [{name: orders, visibility: 2s, retention: 4d, dead_letter: {after: 5}}]
  buckets: [{name: receipts, versioning: true, expire: 90d, encrypted: true}]
"""
READS = "reads: {queues: [orders]}\n"


class Postboxes(Application):
    """Services that are all the same program; their definitions say what each may do."""

    def __init__(self, onward: CommandLine, settings: StackSettings, repository: Path, name: str) -> None:
        super().__init__(onward, settings, repository, name)
        for role in repository.glob("*/service.yaml"):
            shutil.rmtree(role.parent)

    def define(self, role: str, more: str = "", *, suite: bool = False) -> str:
        """Commit a role with more in its definition, and a suite if it is to have one."""
        directory = self.repository / role
        (directory / "suite").mkdir(parents=True, exist_ok=True)
        (directory / "Dockerfile").write_text(f'{DOCKERFILE}CMD ["python3", "app.py"]\n')
        shutil.copy(POSTBOX / "app.py", directory)
        (directory / "suite" / "Dockerfile").write_text(f'{DOCKERFILE}CMD ["python3", "suite.py"]\n')
        shutil.copy(SHOP / "cart" / "tests" / "integration" / "suite.py", directory / "suite")
        shutil.copy(POSTBOX / "cases.py", directory / "suite" / "test_postbox.py")
        text = DEFINITION.format(application=self.name, role=role) + (SUITE if suite else "") + more
        (directory / "service.yaml").write_text(text)
        self.commit = commit_all(self.repository, f"{role} {more}")
        return self.commit

    def ask(self, environment: Environment, role: str, path: str) -> str:
        """What a role answers at the edge."""
        return self.get(environment, f"/{self.name}/{role}/{path}")

    def owners(self) -> dict[str, Any]:
        """Resource → its line in ``onward owners``."""
        return {row["name"]: row for row in self.onward.json("owners", self.name)}


@pytest.fixture(scope="module")
def postboxes(
    onward: CommandLine, stack_settings: StackSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postboxes]:
    """One application for all cases of this file, in their order."""
    name = f"t{uuid4().hex[:8]}"
    with removed_afterwards(stack_settings, name):
        yield Postboxes(onward, stack_settings, tmp_path_factory.mktemp("postboxes") / "repository", name)


def test_a_reader_of_what_nobody_writes_is_refused(postboxes: Postboxes) -> None:
    postboxes.define("reader", READS)

    document = postboxes.release("reader", exit_code=4)

    assert (document["status"], document["roll_forward"]) == ("refused", None)
    assert document["failure"]["stage"] == "manifest"
    assert f"{postboxes.name}-reader reads queue orders, which nobody writes" in document["failure"]["message"]


def test_of_two_first_writers_at_once_exactly_one_is_verified_and_its_resources_work(
    postboxes: Postboxes, stack_settings: StackSettings
) -> None:
    """The worker that claims for both is killed about when it does."""
    postboxes.define("writer", WRITES, suite=True)
    postboxes.define("rival", WRITES)
    releases = {role: postboxes.start(role) for role in ("writer", "rival")}
    until(lambda: "" not in {postboxes.stage(role) for role in releases})
    killed(stack_settings, "worker-build")

    ends = {role: postboxes.ended(release, 0, 4) for role, release in releases.items()}

    assert sorted(end["status"] for end in ends.values()) == ["refused", "verified"]
    (winner,) = (role for role, end in ends.items() if end["status"] == "verified")
    (loser,) = set(ends) - {winner}
    assert f"belongs to {postboxes.name}-{winner}" in ends[loser]["failure"]["message"]
    assert {row["owner"] for row in postboxes.owners().values()} == {f"{postboxes.name}-{winner}"}
    assert {row["state"] for row in postboxes.owners().values()} == {"owned"}
    if winner == "rival":  # the other cases are about the one with a suite
        _moved(postboxes, "rival", "writer")
    for environment in ENVIRONMENTS:
        assert postboxes.ask(environment, "writer", f"send/to-{environment}") == "sent"
        assert postboxes.ask(environment, "writer", f"kept/to-{environment}") == f"to-{environment}"


def test_a_reader_gets_what_was_sent_in_its_environment_and_in_no_other(postboxes: Postboxes) -> None:
    postboxes.define("reader", READS)

    document = postboxes.release("reader")

    assert document["status"] == "verified"
    for environment in ENVIRONMENTS:
        assert postboxes.ask(environment, "reader", "take") == f"to-{environment}"
        assert postboxes.ask(environment, "reader", "take") == ""
    assert postboxes.owners()["orders"]["readers"] == [f"{postboxes.name}-reader"]


def test_everything_is_found_by_its_name(postboxes: Postboxes) -> None:
    found = {(row["kind"], row["name"]): row for row in postboxes.onward.json("discover", "prod", postboxes.name)}

    name = postboxes.name
    assert found["queue", "orders"]["canonical"] == f"prod-{name}-orders"
    assert found["queue", "orders"]["address"].endswith(f"/prod-{name}-orders")
    assert found["bucket", "receipts"]["address"].endswith(f"/prod-{name}-receipts")
    assert found["service", "reader"]["address"] == f"http://prod-{name}-reader:8080"
    assert found["endpoint", "writer"]["address"] == postboxes.url(Environment.PROD, f"/{name}/writer")
    only = postboxes.onward.json("discover", "ci", name, "--kind", "bucket")
    assert [row["canonical"] for row in only] == [f"ci-{name}-receipts"]


def test_a_later_release_configures_anew_and_loses_no_message(postboxes: Postboxes) -> None:
    postboxes.ask(Environment.PROD, "writer", "send/kept-over-a-release")
    postboxes.define("writer", WRITES.replace("retention: 4d", "retention: 5d"), suite=True)

    assert postboxes.release("writer")["status"] == "verified"

    assert postboxes.ask(Environment.PROD, "reader", "take") == "kept-over-a-release"


def test_what_its_owner_drops_is_orphaned_and_another_takes_it_as_it_is(
    postboxes: Postboxes, stack_settings: StackSettings
) -> None:
    postboxes.ask(Environment.PROD, "writer", "send/from-before")

    _moved(postboxes, "writer", "rival")

    owners = postboxes.owners()
    assert {row["owner"] for row in owners.values()} == {f"{postboxes.name}-rival"}
    assert postboxes.ask(Environment.PROD, "reader", "take") == "from-before"
    assert postboxes.ask(Environment.PROD, "rival", "kept/from-before") == "from-before"


def _moved(postboxes: Postboxes, old: str, new: str) -> None:
    """By a release that drops and a later one that claims; in between nobody has it, and doctor says so."""
    postboxes.define(old, suite=old == "writer")
    dropping = postboxes.release(old)
    assert "let go of queue orders" in dropping["stages"][-1]["detail"]
    assert {row["state"] for row in postboxes.owners().values()} == {"orphaned"}
    doctor = postboxes.onward.run("doctor", "--json").document
    found = {each["subject"]: each["detail"] for each in doctor}
    assert f"{dropping['release']} dropped it" in found[f"queue {postboxes.name}-orders"]
    postboxes.define(new, WRITES, suite=new == "writer")
    assert postboxes.release(new)["status"] == "verified"
