"""The Docker Engine as builder: images from Dockerfiles, sites from one command."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docker import DockerClient
from docker.utils.build import create_archive

from domain.artifact import Digest
from domain.build import ImageRecipe, SiteRecipe
from domain.errors import BuildFailed, InvalidInput, NotFound, Unreachable
from domain.manifest import Dependency
from domain.progress import Progress
from engines import build_context, docker_stream, images
from engines.build_context import IGNORE_FILE
from engines.docker_api import SERVER, address_of
from engines.labels import Label
from engines.site_bundle import bundle_context, bundle_image

#: Lines of a failed build that its error repeats.
TAIL = 20

#: Lines with which the builder speaks of itself.
BUILDER_NOTES = (" ---> ", "Removing intermediate container ")

#: The name of a Dockerfile of ours in a context of theirs; it never gets into the image.
OWN_DOCKERFILE = ".onward.Dockerfile"

#: Where a site's command finds the context.
SITE = "/site"


class DockerBuilder:
    """A :class:`domain.build.Builder` on the engine's classic builder.

    A cancel, or the death of this process, ends the connection; the engine then stops the step
    that runs and removes its container.
    """

    def __init__(self, client: DockerClient) -> None:
        self._client = client

    def context_digest(self, context: Path) -> Digest:
        """A digest over the files that go into a build."""
        return build_context.context_digest(context)

    def resolve(self, image: str, progress: Progress) -> Dependency:
        """The digest of a base image: the registry's, or its ID when it was made on the engine."""
        try:
            found = images.present(self._client, image, progress)
        except NotFound as error:
            raise BuildFailed(f"base image: {error}") from None
        pulled = [each.partition("@") for each in found.get("RepoDigests") or ()]
        # The same image may have been pushed elsewhere too, under another digest.
        own = (digest for name, _, digest in pulled if name == images.repository_of(image))
        return Dependency(uri=image, digest=next(own, found["Id"]))

    def build_image(self, recipe: ImageRecipe, progress: Progress) -> Digest:
        """Build, push, and give the digest that the registry answered."""
        params = {"t": recipe.tag, "buildargs": json.dumps(recipe.args), "labels": json.dumps(recipe.labels)}
        self._build(recipe.context, recipe.dockerfile, params, progress)
        return images.push(self._client, recipe.tag, progress)

    def build_site(self, recipe: SiteRecipe, target: Path, progress: Progress) -> Digest:
        """Run the command as a step of a throw-away image and zip what it left in the output.

        As a build step it has the engine's cache, and the engine's clean-up. Without a command
        the output directory of the context is the site.
        """
        if recipe.command is None:
            return bundle_context(recipe.context, recipe.output, target)
        dockerfile = f"FROM {recipe.image}\nWORKDIR {SITE}\nCOPY . .\nRUN {json.dumps(list(recipe.command))}\n"
        own = {OWN_DOCKERFILE: dockerfile, IGNORE_FILE: f"{OWN_DOCKERFILE}\n{IGNORE_FILE}\n"}
        params = {"labels": json.dumps({Label.PART: "site"})}
        image = self._build(recipe.context, OWN_DOCKERFILE, params, progress, own)
        return bundle_image(self._client, image, SITE, recipe.output, target, progress)

    def _build(
        self,
        context: Path,
        dockerfile: str,
        params: dict[str, str],
        progress: Progress,
        extra_files: dict[str, str] | None = None,
    ) -> str:
        """The ID of the built image; a failed step is an error with the last lines."""
        files = build_context.context_paths(context, dockerfile)
        archive: Any = create_archive(str(context), files, extra_files=list((extra_files or {}).items()))
        parameters = {"dockerfile": dockerfile, "rm": "1", "forcerm": "1", **params}
        headers = {"Content-Type": "application/tar"}
        with archive:
            messages = docker_stream.post(
                self._client, "/build", progress, data=archive, params=parameters, headers=headers
            )
            try:
                image = _image_of(messages, progress)
            except InvalidInput as error:
                # The engine answers so to a Dockerfile that is none.
                raise BuildFailed(str(error)) from None
        if not image:
            raise Unreachable(SERVER, address_of(self._client), "its answer ended before the build did")
        return image


def _image_of(messages: Iterator[dict[str, Any]], progress: Progress) -> str:
    """The ID that a build ends with, or nothing when its messages just stop."""
    tail: deque[str] = deque(maxlen=TAIL)
    image = ""
    for message in messages:
        for line in str(message.get("stream", "")).splitlines():
            progress.say(line)
            if line.strip() and not line.startswith(BUILDER_NOTES):
                tail.append(line)
        if "error" in message:
            progress.say(str(message["error"]))
            raise BuildFailed("\n".join([str(message["error"]), *tail]))
        image = str((message.get("aux") or {}).get("ID", image))
    return image
