"""What a build is known by: its inputs, among them the images it starts from."""

from __future__ import annotations

from typing import Any

import pytest

from domain.artifact import ArtifactKind, digest_of
from domain.build import BuildInputs, base_images
from domain.manifest import Dependency


@pytest.mark.parametrize(
    ("dockerfile", "args", "images"),
    [
        ("FROM python:3", {}, ["python:3"]),
        ("# FROM other\nfrom python:3 as base\nFROM base\nFROM scratch", {}, ["python:3"]),
        ("FROM --platform=linux/amd64 python:3 AS a\nFROM debian\nCOPY --from=a / /", {}, ["python:3", "debian"]),
        ("ARG TAG=3\nFROM python:${TAG}", {}, ["python:3"]),
        ("ARG TAG=3\nFROM python:$TAG", {"TAG": "4"}, ["python:4"]),
        ("ARG TAG\nFROM python:${TAG:-5}", {}, ["python:5"]),
        ('ARG TAG="3"\nFROM python:$TAG', {}, ["python:3"]),
        ("FROM \\\n  python:3", {}, ["python:3"]),
        ("FROM python:3\nARG TAG=9\nFROM python:3", {"TAG": "9"}, ["python:3"]),
        ("", {}, []),
        ("RUN true", {}, []),
    ],
)
def test_base_images_are_what_docker_would_start_from(dockerfile: str, args: dict[str, str], images: list[str]) -> None:
    assert base_images(dockerfile, args) == images


def inputs(**changes: Any) -> BuildInputs:
    """The inputs of an image of ``shop/cart``."""
    values: dict[str, Any] = {
        "kind": ArtifactKind.IMAGE,
        "repository": "shop/cart",
        "files": digest_of(b"files"),
        "recipe": {"dockerfile": "Dockerfile"},
        "bases": (Dependency(uri="python:3", digest=digest_of(b"python")),),
    }
    return BuildInputs(**(values | changes))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": ArtifactKind.SUITE},
        {"repository": "shop/catalog"},
        {"files": digest_of(b"other")},
        {"recipe": {"dockerfile": "Dockerfile", "arg.A": "1"}},
        {"bases": (Dependency(uri="python:3", digest=digest_of(b"newer python")),)},
    ],
)
def test_any_other_input_is_another_build(change: dict[str, Any]) -> None:
    assert inputs().digest == inputs().digest
    assert inputs(**change).digest != inputs().digest
