"""What follows a failed release, on real servers, as on-call does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from settings import StackSettings
from tests.e2e.application import Application
from tests.e2e.commandline import CommandLine
from tests.e2e.disturbance import killed, stopped, temporal, until
from tests.e2e.on_call import OnCall

pytestmark = pytest.mark.without_suites

BROKEN_STEP = 'RUN ["python3", "-c", "raise SystemExit(7)"]\n'
SLOW_STEP = 'RUN ["python3", "-c", "import time; {mark} = time.sleep({seconds})"]\n'


def with_step(application: Application, role: str, step: str) -> str:
    """A commit whose image has one more step."""
    dockerfile = (application.repository / role / "Dockerfile").read_text()
    return application.write(f"{role}/Dockerfile", f"{dockerfile}{step}")


def broken_in_prod(application: Application, role: str) -> str:
    """A commit that only the configuration of prod breaks: its program ends at once there."""
    start = "import os, runpy\nif os.environ['LOG_LEVEL'] == 'info':\n    raise SystemExit(3)\n"
    (application.repository / role / "start.py").write_text(f"{start}runpy.run_path('app.py', run_name='__main__')\n")
    dockerfile = (application.repository / role / "Dockerfile").read_text()
    kept = [line for line in dockerfile.splitlines() if not line.startswith(("CMD", "ENTRYPOINT"))]
    return application.write(f"{role}/Dockerfile", "\n".join([*kept, 'CMD ["python3", "start.py"]', ""]))


def test_broken_in_prod_everything_waits_for_the_fix_and_then_goes_on_in_order(
    application: Application, onward: CommandLine, on_call: OnCall, tmp_path: Path
) -> None:
    application.release_together("catalog", "cart", "checkout")
    first, bad = application.commit, broken_in_prod(application, "cart")

    failed = onward.run(*application.words("cart"), "--json")

    assert failed.exit_code == 1
    assert failed.document["failure"]["stage"] == "deploy prod"
    assert failed.document["roll_forward"] == f"roll-forward:{application.name}-cart"
    row = application.roll_forward("cart")
    assert row is not None
    assert (row["state"], row["prod_affected"], row["stage"]) == ("waiting", True, "deploy prod")
    assert (row["release"], row["acknowledged_by"], row["attempts"]) == (failed.document["release"], None, 0)

    # Three ordinary releases are tested and published, and wait.
    others = ("catalog", "checkout", "web")
    for role in others:
        application.change(f"{role}/service.yaml", "owner: ", "owner: new-")
    waiting = {role: application.start(role) for role in others}
    until(lambda: _waiting(onward, application) == set(others))
    why = onward.run("why", f"{application.name}-web").stdout
    assert f"frozen: roll-forward:{application.name}-cart" in why

    # On-call looks, and says so.
    onward.json("ack", f"{application.name}-cart", "--by", "ann")
    until(lambda: bool(application.incident("cart")["incident"]["attempts"][0]["evidence"]))
    evidence = onward.run("evidence", failed.document["release"], "--html", str(tmp_path / "evidence.html"))
    assert evidence.exit_code == 0, str(evidence)
    page = (tmp_path / "evidence.html").read_text()
    assert bad[:12] in page
    assert "non-zero exit (3)" in page

    # What would go back, and what has failed, is refused.
    behind = onward.run(*application.fix_words("cart", first))
    assert (behind.exit_code, "Onward never goes back" in behind.stderr) == (4, True), str(behind)
    same = onward.run(*application.fix_words("cart", bad))
    assert (same.exit_code, f"onward retry {application.name}-cart" in same.stderr) == (4, True), str(same)

    # A fix that fails is an attempt; the next one closes.
    worse = with_step(application, "cart", BROKEN_STEP)
    assert onward.run(*application.fix_words("cart", worse)).exit_code == 1
    application.back_to(bad)
    good = application.change("cart/start.py", "'info'", "'never'")
    fixed = onward.json(*application.fix_words("cart", good))

    assert fixed["status"] == "verified"
    until(lambda: application.roll_forward("cart") is None)
    incident = application.incident("cart")
    assert (incident["state"], incident["incident"]["closed_by"]) == ("closed", fixed["release"])
    assert [each["way"] for each in incident["incident"]["attempts"]] == ["opened it", "fix", "fix"]
    results = {role: application.ended(release) for role, release in waiting.items()}
    assert {result["status"] for result in results.values()} == {"verified"}
    numbers = [result["number"] for result in results.values()]
    assert sorted(numbers) == list(range(min(numbers), min(numbers) + 3))
    assert fixed["number"] > max(numbers)
    assert [title.partition(": ")[2].partition(" in ")[0] for title in on_call.of(application.name)] == [
        "release failed",
        "a fix is on its way",
        "another release failed",
        "a fix is on its way",
        f"fixed by {fixed['release']}",
    ]


def _waiting(onward: CommandLine, application: Application) -> set[str]:
    """The roles whose published releases wait for a turn."""
    return {each["role"] for each in onward.json("gate", application.name)["waiting"]}


def test_an_ordinary_release_is_adopted_and_a_fix_may_be_in_another_service(
    application: Application, onward: CommandLine
) -> None:
    with_step(application, "catalog", BROKEN_STEP)
    application.release("catalog", exit_code=1)
    application.back_to(application.base)
    application.change("catalog/service.yaml", "owner: ", "owner: new-")
    assert application.release("catalog")["status"] == "verified"
    until(lambda: application.roll_forward("catalog") is None)
    assert application.incident("catalog")["incident"]["attempts"][1]["way"] == "adopted"

    # cart is broken; what mends it is in catalog.
    with_step(application, "cart", BROKEN_STEP)
    application.release("cart", exit_code=1)
    application.back_to(application.base)
    elsewhere = application.change("catalog/service.yaml", "owner: ", "owner: better-")
    fixed = onward.json(*application.fix_words("cart", elsewhere), "--service-dir", "catalog")

    assert fixed["status"] == "verified"
    until(lambda: application.roll_forward("cart") is None)
    assert application.incident("cart")["incident"]["culprits"] == ["catalog"]
    assert application.roll_forward("catalog") is None


def test_cancelled_retried_and_terminated_are_attempts_of_one_roll_forward(
    application: Application, onward: CommandLine, stack_settings: StackSettings
) -> None:
    with_step(application, "catalog", SLOW_STEP.format(mark=application.name, seconds=600))
    release = application.start("catalog")
    name = f"{application.name}-catalog"
    until(lambda: "build" in onward.run("why", name).stdout)
    temporal(stack_settings, "workflow", "cancel", "-w", f"release:{name}:{application.commit[:12]}")
    document = application.ended(release, 1)
    assert document["failure"]["kind"] == "Cancelled"
    assert document["roll_forward"] == f"roll-forward:{name}"

    again = onward.start("retry", name, "--by", "ann", "--json")
    until(lambda: (application.roll_forward("catalog") or {}).get("state") == "fixing")
    late = onward.run(*application.fix_words("catalog", application.base))
    assert late.exit_code == 4
    assert "is on its way" in late.stderr
    assert "by ann" in late.stderr

    temporal(stack_settings, "workflow", "terminate", "-w", f"release:{name}:{application.commit[:12]}")
    application.ended(again, 1)
    until(lambda: (application.roll_forward("catalog") or {}).get("state") == "waiting")
    incident = application.incident("catalog")["incident"]
    assert [each["failure"]["kind"] for each in incident["attempts"]] == ["Cancelled", "Terminated"]
    assert [each["way"] for each in incident["attempts"]] == ["opened it", "retry"]


def test_once_the_registry_is_back_the_same_commit_is_retried(
    application: Application, onward: CommandLine, stack_settings: StackSettings
) -> None:
    name = f"{application.name}-catalog"
    with_step(application, "catalog", SLOW_STEP.format(mark=application.name, seconds=1))
    with stopped(stack_settings, "registry"):
        release = application.start("catalog")
        until(lambda: "push" in onward.run("why", name).stdout)
        temporal(stack_settings, "workflow", "cancel", "-w", f"release:{name}:{application.commit[:12]}")
        document = application.ended(release, 1)
    assert (document["failure"]["stage"], document["roll_forward"]) == ("build", f"roll-forward:{name}")

    again = onward.json("retry", name, "--by", "ann")

    assert (again["status"], again["release"]) == ("verified", document["release"])
    until(lambda: application.roll_forward("catalog") is None)
    incident = application.incident("catalog")["incident"]
    assert [each["way"] for each in incident["attempts"]] == ["opened it", "retry"]


def test_a_release_that_dies_in_any_way_belongs_to_exactly_one_roll_forward(
    application: Application, onward: CommandLine, stack_settings: StackSettings
) -> None:
    """Terminated – and one whose worker is killed at the very moment in which it fails."""
    with_step(application, "catalog", SLOW_STEP.format(mark=application.name, seconds=600))
    release = application.start("catalog")
    until(lambda: "build" in onward.run("why", f"{application.name}-catalog").stdout)
    temporal(
        stack_settings, "workflow", "terminate", "-w", f"release:{application.name}-catalog:{application.commit[:12]}"
    )
    application.ended(release, 1)
    until(lambda: application.roll_forward("catalog") is not None)

    with_step(application, "cart", SLOW_STEP.format(mark=application.name, seconds=2) + BROKEN_STEP)
    failing = application.start("cart")
    until(lambda: "RUN" in onward.run("why", f"{application.name}-cart").stdout)
    until(lambda: _has_failed_to_build(onward, application))
    killed(stack_settings, "worker-orchestrate")

    document = application.ended(failing, 1)
    until(lambda: application.roll_forward("cart") is not None)
    names = [f"roll-forward:{application.name}-{role}" for role in ("catalog", "cart")]
    # The worker that was killed is on its way back: a first question may find nobody.
    until(lambda: all(onward.run("show", name).exit_code == 0 for name in names))
    for role in ("catalog", "cart"):
        assert len(application.incident(role)["incident"]["attempts"]) == 1
    assert document["failure"]["stage"] == "build"


def _has_failed_to_build(onward: CommandLine, application: Application) -> bool:
    logs = onward.run("logs", f"{application.name}-cart", "--step", "build-image")
    return "SystemExit(7)" in logs.stdout


def test_a_freeze_by_hand_holds_turns_until_it_is_lifted(application: Application, onward: CommandLine) -> None:
    frozen = onward.json("freeze", application.name, "--reason", "stock-taking", "--by", "ann")
    assert frozen["frozen"] == {"by hand": "stock-taking (ann)"}
    release = application.start("catalog")
    until(lambda: _waiting(onward, application) == {"catalog"})
    assert "stock-taking (ann)" in onward.run("why", f"{application.name}-catalog").stdout

    onward.json("unfreeze", application.name)

    assert application.ended(release)["status"] == "verified"
    again = onward.run("unfreeze", application.name)
    assert (again.exit_code, "is not frozen by hand" in again.stderr) == (4, True), str(again)


def test_a_name_that_means_no_roll_forward_says_what_does(onward: CommandLine) -> None:
    unknown = onward.run("ack", "nobody-knows")
    assert (unknown.exit_code, "onward roll-forwards" in unknown.stderr) == (2, True), str(unknown)
    wrong = onward.run("retry", "Not A Name")
    assert (wrong.exit_code, "shop-cart" in wrong.stderr) == (2, True), str(wrong)
