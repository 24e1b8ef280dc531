"""Exit codes, by the type of an error and by the end of a release."""

from __future__ import annotations

import json

import pytest

from domain import errors
from domain.errors import OnwardError
from domain.release import Failure, ReleaseResult, ReleaseStatus, Stage
from starter.answers import _made
from starter.output import Output, exit_code_of, exit_code_of_release

CODES = {
    errors.InvalidInput("x"): 2,
    errors.InvalidDefinition("x"): 2,
    errors.NotFound("x"): 2,
    errors.Unreachable("S3", "s3.test", "refused"): 3,
    errors.Refused("x"): 4,
    errors.ForeignResource("x"): 4,
    errors.ResourceRefused("x"): 4,
    errors.Superseded("x"): 1,
    errors.BuildFailed("x"): 1,
    errors.Untrusted("x"): 1,
    errors.Conflict("x"): 1,
}


@pytest.mark.parametrize("error", CODES, ids=lambda error: type(error).__name__)
def test_the_type_of_an_error_decides_the_exit_code(error: OnwardError) -> None:
    assert exit_code_of(error) == CODES[error]


@pytest.mark.parametrize(
    ("status", "code"), [("verified", 0), ("superseded", 0), ("running", 0), ("failed", 1), ("refused", 2)]
)
def test_the_end_of_a_release_decides_the_exit_code(status: str, code: int) -> None:
    result = ReleaseResult(release="r", application="a", role="r", commit="c", status=ReleaseStatus(status))

    assert exit_code_of_release(result) == code


def test_a_release_that_wants_what_another_service_owns_is_not_allowed() -> None:
    failure = Failure(stage=Stage.MANIFEST, kind="ResourceRefused", message="queue orders belongs to shop-cart")
    result = ReleaseResult(
        release="r", application="a", role="r", commit="c", status=ReleaseStatus.REFUSED, failure=failure
    )

    assert exit_code_of_release(result) == 4


def test_an_error_is_one_document_on_stdout_and_text_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=True).error(errors.Unreachable("S3", "s3.test", "refused"))

    stdout, stderr = capsys.readouterr()
    assert json.loads(stdout)["error"]["kind"] == "Unreachable"
    assert "S3 at s3.test does not answer: refused" in stderr


def test_an_error_of_the_other_side_keeps_its_type_and_its_text() -> None:
    error = _made(errors.Unreachable, "S3 at s3.test does not answer: refused")

    assert isinstance(error, errors.Unreachable)
    assert str(error) == "S3 at s3.test does not answer: refused"
