"""Builds by content: the same inputs are never built twice.

The inputs of an image are the files of its context, the Dockerfile, the build arguments and
the digests of its base images. ``service.yaml`` is in no context, so that a change of
configuration alone builds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from domain.artifact import Artifact, ArtifactKind, Digest, canonical_json, digest_of
from domain.manifest import Dependency
from domain.progress import Progress

#: Grows when Onward builds differently from the same inputs.
BUILD_REVISION = 1


class BuildInputs(BaseModel):
    """Everything that an artifact is made of."""

    model_config = ConfigDict(frozen=True)

    kind: ArtifactKind
    repository: str
    files: Digest
    recipe: dict[str, str] = {}
    bases: tuple[Dependency, ...] = ()

    @property
    def digest(self) -> Digest:
        """The key under which the outcome is remembered."""
        return digest_of(canonical_json({"revision": BUILD_REVISION, **self.model_dump(mode="json")}))


class BuildRecord(BaseModel):
    """The outcome of one build, kept under the digest of its inputs."""

    model_config = ConfigDict(frozen=True)

    inputs: BuildInputs
    artifact: Artifact
    log: str
    built: datetime


class ImageRecipe(BaseModel):
    """How to make an image: a directory on this machine, and what to run in it.

    ``dockerfile`` is relative to ``context``; ``tag`` is the full reference to push to.
    """

    model_config = ConfigDict(frozen=True)

    context: Path
    dockerfile: str
    args: dict[str, str] = {}
    labels: dict[str, str] = {}
    tag: str


class SiteRecipe(BaseModel):
    """How to make a static site: run ``command`` in a container of ``image``, keep ``output``."""

    model_config = ConfigDict(frozen=True)

    context: Path
    output: str
    image: str | None = None
    command: tuple[str, ...] | None = None


class Builder(Protocol):
    """A build engine. It never sees an environment."""

    def context_digest(self, context: Path) -> Digest:
        """A digest over exactly the files that go into a build of a context; never ``service.yaml``."""

    def resolve(self, image: str, progress: Progress) -> Dependency:
        """The digest of a base image, pulled when it is not here; ``BuildFailed`` when it cannot be had."""

    def build_image(self, recipe: ImageRecipe, progress: Progress) -> Digest:
        """Build and push; every output line goes to ``progress``.

        A second call builds from the engine's cache and pushes the same digest. A cancel stops
        the build and leaves no container. :raises BuildFailed: a step failed; the text has its
        last lines.
        """

    def build_site(self, recipe: SiteRecipe, target: Path, progress: Progress) -> Digest:
        """Make the bundle, a zip file at ``target`` that is the same bytes for the same files.

        A cancel removes the container. :raises BuildFailed: the command failed or left no output.
        """


def base_images(dockerfile: str, args: Mapping[str, str]) -> list[str]:
    """The images that a Dockerfile's ``FROM`` lines name, without earlier stages and ``scratch``.

    Build arguments declared before the first ``FROM`` are substituted, as Docker does.
    """
    values: dict[str, str] = {}
    stages: set[str] = set()
    images: list[str] = []
    for line in re.sub(r"\\\r?\n", " ", dockerfile).splitlines():
        words = line.split()
        keyword = words[0].upper() if words else ""
        if keyword == "ARG" and not images and not stages:
            name, _, default = " ".join(words[1:]).partition("=")
            values[name] = args.get(name, default.strip("\"'"))
        elif keyword == "FROM":
            rest = [word for word in words[1:] if not word.startswith("--")]
            image = _substituted(rest[0], values) if rest else ""
            if image and image != "scratch" and image.lower() not in stages and image not in images:
                images.append(image)
            stages.add(rest[2].lower() if len(rest) == 3 and rest[1].upper() == "AS" else "")
    return images


def _substituted(text: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name, default = match["braced"] or match["plain"], match["default"]
        return values.get(name) or default or ""

    pattern = r"\$\{(?P<braced>\w+)(?::-(?P<default>[^}]*))?\}|\$(?P<plain>\w+)"
    return re.sub(pattern, value, text)
