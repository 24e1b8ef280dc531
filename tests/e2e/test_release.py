"""Releases through the command line on a whole local stack."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from docker import DockerClient

from domain.environment import ENVIRONMENTS, Environment
from domain.identity import Duty
from settings import StackSettings
from tests.bucket import bucket_of
from tests.e2e.application import Application, Verified
from tests.e2e.commandline import CommandLine
from tests.e2e.engine_events import images_built
from tests.e2e.load import ENOUGH, Load

SUITE = """\
tests:
  integration: {context: tests/integration}
  smoke: {case: "test_smoke*"}
"""

#: Where records of builds are kept.
BUILDS = "builds/"

STAGES = [
    "source",
    "build",
    "manifest",
    "regression",
    "publish",
    "deploy ci",
    "verify ci",
    "deploy prod",
    "verify prod",
]
PUBLISHED = STAGES[: STAGES.index("publish") + 1]
BEFORE_ITS_TURN = [*PUBLISHED, "deploy ci"]


def test_a_first_release_is_verified_in_both_environments(verified: Verified) -> None:
    application, document = verified

    assert document["status"] == "verified"
    assert [stage["name"] for stage in document["stages"]] == STAGES
    assert document["number"] == 1
    assert document["manifest"]["digest"].startswith("sha256:")
    there = application.deployed("catalog")
    assert {row["state"] for row in there.values()} == {"running"}
    assert {row["commit"] for row in there.values()} == {application.commit}
    assert (there["ci"]["replicas"], there["prod"]["replicas"]) == (1, 2)
    for environment in ENVIRONMENTS:
        assert "products" in application.get(environment, application.path("catalog"))


def test_a_second_release_replaces_the_first_and_loses_no_request(
    application: Application, told: Callable[[str], None]
) -> None:
    application.release("catalog")
    path = application.path("catalog")
    before = application.get(Environment.PROD, path)

    with Load(application.url(Environment.PROD, path)) as load:
        application.change("catalog/app.py", '"Green tea"', '"White tea"')
        document = application.release("catalog")

    assert document["number"] == 2
    assert document["stages"][1]["detail"] == "image built, suite reused, monitors reused"
    after = application.get(Environment.PROD, path)
    assert "White tea" in after
    told(f"  requests during the release: {load.answers}")
    assert load.lost == 0, load.answers
    assert load.answers.total() > ENOUGH
    assert list(load.texts) == [before, after]


def test_a_change_of_config_alone_builds_nothing(
    application: Application, stack_settings: StackSettings, engine: DockerClient
) -> None:
    bucket = bucket_of(stack_settings, engine, Duty.BUILD)
    with images_built(stack_settings, application) as first:
        application.release("catalog")
    records = list(bucket.keys(BUILDS))
    application.change("catalog/service.yaml", "LOG_LEVEL: info", "LOG_LEVEL: warning")

    with images_built(stack_settings, application) as second:
        document = application.release("catalog")

    assert first == {"catalog": 1, "catalog/suite": 1}
    assert second == {}
    assert records
    assert list(bucket.keys(BUILDS)) == records
    assert document["stages"][1]["detail"] == "image reused, suite reused, monitors reused"
    assert document["number"] == 2
    assert application.deployed("catalog")["prod"]["number"] == 2


def test_a_static_site_is_served_by_both_edges(application: Application) -> None:
    application.release("web")

    for environment in ENVIRONMENTS:
        assert "<html" in application.get(environment, application.path("web"))
    assert application.deployed("web")["prod"]["state"] == "running"


def test_the_same_commit_twice_is_the_same_release(application: Application) -> None:
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(lambda _: application.release("catalog"), range(2))

    assert first["release"] == second["release"]
    assert first["number"] == second["number"] == 1
    assert application.release("catalog") == first


def test_a_release_can_be_looked_at_from_every_side(verified: Verified, onward: CommandLine) -> None:
    application, document = verified
    release = document["release"]

    assert onward.json("show", release)["number"] == 1
    listed = [row["release"] for row in onward.json("releases", "--application", application.name)]
    assert next(each for each in listed if each.startswith(f"release:{application.name}-catalog:")) == release
    assert "Successfully built" in onward.run("logs", release, "--step", "build-image").stdout
    assert onward.run("logs", f"prod-{application.name}-catalog").exit_code == 0
    manifest = onward.json("manifest", release)
    assert manifest["digest"] == document["manifest"]["digest"]
    assert onward.run("verify-manifest", document["manifest"]["uri"]).exit_code == 0
    assert "verified" in onward.run("why", release).stdout
    assert [row["environment"] for row in onward.json("deployed", "--application", application.name)] == ["ci", "prod"]


def test_a_manifest_that_was_changed_does_not_verify(verified: Verified, onward: CommandLine, tmp_path: Path) -> None:
    document: str = onward.json("manifest", verified.document["release"])["document"]
    forged = tmp_path / "forged.json"
    forged.write_text(document.replace(verified.application.commit[:12], "f" * 12))

    answer = onward.run("verify-manifest", str(forged))

    assert answer.exit_code == 1
    assert "nobody signed it" in answer.stdout + answer.stderr


def test_a_plan_says_what_would_be_built_and_changes_nothing(application: Application, onward: CommandLine) -> None:
    words = ["plan", *application.words("catalog")[1:]]
    before = onward.json(*words)
    application.release("catalog")
    after = onward.json(*words)

    assert [artifact["reused"] for artifact in before["artifacts"]] == [False, False, False]
    assert [artifact["reused"] for artifact in after["artifacts"]] == [True, True, True]
    assert [deploy["running"] for deploy in before["deploys"]] == [None, None]
    assert [deploy["running"] for deploy in after["deploys"]] == [1, 1]


def test_twenty_releases_at_once_are_all_published_and_the_newest_is_deployed(application: Application) -> None:
    """Of commits that do not contain each other nobody is refused as older: each is built, tested and published.

    Only who waits for a turn when a newer one gets it is superseded. The service has no suite here: what many slices
    at once come to is seen at the gate.
    """
    base, commits = application.change("catalog/service.yaml", SUITE, ""), []
    for index in range(20):
        application.back_to(base)
        commits.append(application.change("catalog/service.yaml", "LOG_LEVEL: info", f"LOG_LEVEL: level{index}"))

    with ThreadPoolExecutor(20) as pool:
        documents = list(
            pool.map(lambda commit: application.onward.json(*application.words("catalog", commit)), commits)
        )

    by_number = sorted(documents, key=lambda document: document["number"] or 0)
    assert [document["number"] for document in by_number] == list(range(1, 21))
    for document in documents:
        stages = {stage["name"]: stage["status"] for stage in document["stages"]}
        assert list(stages) == (STAGES if document["status"] == "verified" else BEFORE_ITS_TURN)
        assert {stages[name] for name in PUBLISHED} == {"done"}
    assert {document["status"] for document in documents} <= {"verified", "superseded"}
    first, newest = by_number[0], by_number[-1]
    assert (first["status"], newest["status"]) == ("verified", "verified")
    there = application.deployed("catalog")
    assert {row["commit"] for row in there.values()} == {newest["commit"]}
