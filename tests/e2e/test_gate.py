"""Releases of one application at the same time: what reaches prod together has passed together."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from docker import DockerClient

from examples.repository import rename_in_cart
from settings import StackSettings
from tests.e2e.application import Application
from tests.e2e.commandline import TIMEOUT
from tests.e2e.disturbance import temporal, until
from tests.e2e.door import Door

CATALOG_SUITE = "catalog/tests/integration/test_catalog.py"
CART_SUITE = "cart/tests/integration/test_cart.py"
COPIES = ("apple", "banana", "cherry", "damson", "elder", "fig")

SEVENTH = '    "scale": {"name": "Brass scale", "price": 2400},\n'
NO_MORE_THAN_6 = """\
    if len(items) > 6:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "a cart holds 6 products")
"""
THE_WHOLE_CATALOG_FITS = """
    def test_the_whole_catalog_fits_into_a_cart(self):
        with urlopen(f"{CATALOG}/catalog/products", timeout=5) as response:
            products = json.load(response)["products"]
        self.put(**dict.fromkeys(products, 1))
"""


@pytest.fixture
def door(engine: DockerClient) -> Iterator[Door]:
    with Door(engine) as door:
        yield door


def _queue(application: Application) -> Any:
    answer = application.onward.run("gate", application.name, "--json")
    return answer.document["queue"] if answer.exit_code == 0 else []


def _held(application: Application, suite: str, case: str, door: Door) -> None:
    """One case of a suite waits at a door."""
    application.change(suite, f"def {case}(self):\n", f"def {case}(self):\n        {door.statement}\n")


def _stands(application: Application, role: str) -> bool:
    return role in [each["role"] for each in _queue(application)]


def _copies(application: Application, roles: Sequence[str]) -> None:
    """The catalog under other names, to have services that know nothing of each other."""
    for role in roles:
        shutil.copytree(application.repository / "catalog", application.repository / role)
        definition = application.repository / role / "service.yaml"
        text = definition.read_text().replace("role: catalog", f"role: {role}").replace("/catalog}", f"/{role}}}")
        definition.write_text(text)
        app = application.repository / role / "app.py"
        app.write_text(app.read_text().replace('serve("catalog"', f'serve("{role}"'))
        suite = application.repository / role / "tests/integration/test_catalog.py"
        suite.write_text(
            suite.read_text().replace("URL_CATALOG", f"URL_{role.upper()}").replace("/catalog", f"/{role}")
        )
    application.write("README", "six services")


def test_of_two_that_are_fine_alone_and_broken_together_exactly_one_is_published(application: Application) -> None:
    application.release_together("catalog", "cart")
    base = application.commit
    application.change("catalog/app.py", "PRODUCTS = {\n", f"PRODUCTS = {{\n{SEVENTH}")
    more = application.commit
    application.back_to(base)
    application.change(
        "cart/app.py", "    products = catalog() if items", f"{NO_MORE_THAN_6}    products = catalog() if items"
    )
    application.change(
        CART_SUITE,
        "    def test_a_cart_can_be_emptied",
        f"{THE_WHOLE_CATALOG_FITS}\n    def test_a_cart_can_be_emptied",
    )
    fewer = application.commit

    releases = [application.start("catalog", more), application.start("cart", fewer)]
    documents = [application.ended(release, 0, 1) for release in releases]

    bad, good = sorted(documents, key=lambda document: str(document["status"]))
    assert (bad["status"], good["status"], good["number"]) == ("failed", "verified", 3)
    assert bad["failure"]["stage"] == "regression"
    assert "test_the_whole_catalog_fits_into_a_cart failed" in bad["failure"]["message"]
    assert bad["number"] is None
    assert application.deployed(bad["role"])["prod"]["number"] in (1, 2)


def test_six_at_once_are_all_published_in_the_order_of_the_queue(application: Application) -> None:
    _copies(application, COPIES)
    seen: list[str] = []

    releases = [application.start(role) for role in COPIES]
    while any(release.poll() is None for release in releases):
        seen += [each["role"] for each in _queue(application) if each["role"] not in seen]
        time.sleep(0.5)
    documents = [application.ended(release) for release in releases]

    assert sorted(document["number"] for document in documents) == [1, 2, 3, 4, 5, 6]
    numbers = {document["role"]: document["number"] for document in documents}
    in_order = [numbers[role] for role in seen]
    assert in_order == sorted(in_order), numbers
    for document in documents:
        # Whoever is published before it was in its slice, whether published by then or ahead of it.
        before = {other["role"] for other in documents if other["number"] < document["number"]}
        assert before <= set(document["regression"]["basis"]), document["role"]
        assert len(document["regression"]["suites"]) == len(document["regression"]["basis"]) + 1


def test_when_the_head_fails_those_behind_it_are_tested_again_without_it(application: Application, door: Door) -> None:
    application.release_together("catalog", "cart", "checkout")
    _held(application, CART_SUITE, "test_a_cart_can_be_emptied", door)
    application.change("checkout/app.py", "SHIPPING = 490", "SHIPPING = 480")
    application.change("catalog/app.py", '"price": 450', '"price": 440')
    application.commit = rename_in_cart(application.repository)
    head = application.start("cart")
    until(lambda: _stands(application, "cart"))

    behind = [application.start("checkout"), application.start("catalog")]
    until(lambda: len(_queue(application)) == 3)
    queue = _queue(application)
    waiting = next(each for each in queue if each["role"] == "catalog")
    why = application.onward.run("why", waiting["release"]).stdout
    shown = application.onward.run("gate", application.name).stdout
    plan = application.onward.json("plan", *application.words("catalog")[1:])
    door.open()

    failed = application.ended(head, 1)
    passed = [application.ended(release) for release in behind]

    assert [each["place"] for each in queue] == [1, 2, 3]
    assert queue[0]["role"] == "cart"
    assert queue[0]["release"] in waiting["basis_ahead"]
    assert queue[0]["release"] in why
    assert queue[0]["release"] in shown
    assert {(each["role"], each["origin"]) for each in plan["suites"]} >= {
        ("catalog", "own new"),
        ("cart", "published"),
    }
    assert "checkout's" in failed["failure"]["message"]
    assert sorted(document["number"] for document in passed) == [4, 5]
    for document in passed:
        assert "/regression-2-" in document["regression"]["suites"][0]["log"], "it was tested again"
        assert failed["manifest"]["digest"] not in document["regression"]["basis"].values()


@pytest.mark.without_suites
def test_an_older_commit_whose_build_is_slower_is_not_published_after_a_newer_one(
    application: Application, door: Door
) -> None:
    dockerfile = (application.repository / "catalog/Dockerfile").read_text()
    older = application.write("catalog/Dockerfile", dockerfile + door.step)
    application.write("catalog/Dockerfile", dockerfile)
    newer = application.change("catalog/service.yaml", "LOG_LEVEL: info", "LOG_LEVEL: warning")

    late = application.start("catalog", older)
    until(lambda: application.stage("catalog") == "build")
    first = application.ended(application.start("catalog", newer))
    assert late.poll() is None
    door.open()
    second = application.ended(late)

    assert (first["status"], first["number"]) == ("verified", 1)
    assert (second["status"], second["number"], second["roll_forward"]) == ("superseded", None, None)
    assert f"is an ancestor of {newer[:12]}" in second["stages"][-1]["detail"]
    assert {row["commit"] for row in application.deployed("catalog").values()} == {newer}


def test_a_release_that_is_terminated_in_the_queue_frees_its_place(
    application: Application, stack_settings: StackSettings, door: Door
) -> None:
    application.release("catalog")
    _held(application, CATALOG_SUITE, "test_it_is_healthy", door)
    stuck = application.start("catalog")
    until(lambda: _stands(application, "catalog"))
    behind = application.start("cart")
    until(lambda: _stands(application, "cart"))

    release = f"release:{application.name}-catalog:{application.commit[:12]}"
    temporal(stack_settings, "workflow", "terminate", "-w", release)

    until(lambda: not _stands(application, "catalog"))
    document = application.ended(behind)
    assert (document["status"], document["number"]) == ("verified", 2)
    stdout, _ = stuck.communicate(timeout=TIMEOUT)
    assert stuck.returncode == 1
    assert json.loads(stdout)["status"] == "failed"


@pytest.mark.parametrize("subject", ["gate", "why"])
def test_what_is_not_there_is_said_with_the_next_command(application: Application, subject: str) -> None:
    answer = application.onward.run(subject, application.name)

    assert answer.exit_code != 0
    assert "next:" in answer.stderr
    assert "Traceback" not in answer.stderr
