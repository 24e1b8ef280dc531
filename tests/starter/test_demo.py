"""What the demo makes of the example, and how it tells what happened."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from domain.release import ReleaseStatus, Stage, StageResult, StageStatus
from domain.roll_forward import RollForward, RollForwardView, State, Way
from examples.repository import READERS, break_cart, make_repository, mend_cart
from starter.demo_ending import timeline
from tests.domain.incidents import NOW, begun, ended, failed


def test_the_bad_release_differs_in_one_function_and_so_does_the_fix(tmp_path: Path) -> None:
    commits, texts = [make_repository(tmp_path)], [_files(tmp_path)]
    for change in (break_cart, mend_cart):
        commits.append(change(tmp_path))
        texts.append(_files(tmp_path))

    assert len(set(commits)) == 3
    for before, after in pairwise(texts):
        assert {file for file in before if before[file] != after[file]} == {"cart/app.py"}
    assert "/ len(big)" in texts[1]["cart/app.py"]
    assert "/ max(len(big), 1)" in texts[2]["cart/app.py"]


def test_it_can_be_told_again_after_it_was_interrupted_anywhere(tmp_path: Path) -> None:
    first = make_repository(tmp_path)
    before = _files(tmp_path)
    break_cart(tmp_path)
    again = make_repository(tmp_path)

    assert again != first
    assert _files(tmp_path) == before


def test_with_the_driver_the_shop_has_a_datastore_and_without_nothing_of_it(tmp_path: Path) -> None:
    driver = tmp_path / "wheels"
    driver.mkdir()
    (driver / "some.whl").write_text("")
    make_repository(tmp_path / "with", driver=driver)
    make_repository(tmp_path / "without")

    there, without = _files(tmp_path / "with"), _files(tmp_path / "without")

    assert "orders-db/service.yaml" in there
    for role in READERS:
        assert f"{role}/wheels/some.whl" in there
        assert "datastores: [orders-db]" in there[f"{role}/service.yaml"]
        for word in ("datastores", "secrets", "migrate"):
            assert word not in without[f"{role}/service.yaml"]
        assert "wheels" not in without[f"{role}/Dockerfile"]
    assert not [file for file in without if file.startswith("orders-db/") or "/wheels/" in file]


def test_the_timeline_is_in_the_order_of_time() -> None:
    incident = RollForward.opened_by(failed())
    incident.begun(begun("b"), Way.FIX)
    incident.acknowledge("ann", NOW + timedelta(seconds=30))
    incident.ended_well(ended("b", 5))
    stage = StageResult(
        name=Stage.DEPLOY_PROD, status=StageStatus.FAILED, started=NOW - timedelta(seconds=5), seconds=4
    )
    result = failed().result.model_copy(update={"stages": (stage,)})
    view = RollForwardView(roll_forward=incident.id, state=State.CLOSED, prod_affected=True, incident=incident)

    moments = timeline([result], view)

    assert result.status is ReleaseStatus.FAILED
    assert [each.at for each in moments] == sorted(each.at for each in moments)
    assert [each.what.partition(" (")[0] for each in moments[:2]] == ["shop-cart #4", "shop-cart #4"]
    assert moments[1].what.endswith(": failed in deploy prod")
    assert [each.what for each in moments[2:]] == [
        "roll-forward:shop-cart is open, and deploys are frozen for all but fixes",
        "ann has it",
        f"roll-forward:shop-cart is closed by {ended('b', 5).release}",
    ]


def _files(repository: Path) -> dict[str, str]:
    files = [each for each in repository.rglob("*") if each.is_file() and ".git" not in each.parts]
    return {each.relative_to(repository).as_posix(): each.read_text() for each in files}
