"""DockerBuilder on a real engine: images, and nothing left behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from docker import DockerClient

from domain.artifact import Artifact, digest_of
from domain.build import ImageRecipe
from domain.errors import BuildFailed, Unreachable
from engines.builder import DockerBuilder
from stores.registry import OciRegistry
from tests.engines.conftest import wait_for
from tests.engines.contexts import containers_of, write
from tests.fakes.progress import Cancelled, CancelledProgress, SilentProgress
from tests.free_ports import free_ports
from tests.servers import RegistryServer

pytestmark = pytest.mark.server


def _recipe(context: Path, base: Artifact, tag: str, *steps: str) -> ImageRecipe:
    (context / "Dockerfile").write_text("\n".join([f"FROM {base.uri}", *steps, ""]))
    return ImageRecipe(context=context, dockerfile="Dockerfile", tag=tag)


def test_an_image_is_built_and_pushed_once(
    builder: DockerBuilder, registry: RegistryServer, base: Artifact, context: Path, repository: str
) -> None:
    recipe = _recipe(context, base, f"{repository}:one", "ARG WHO", "RUN echo hello $WHO | tee /greeting")
    recipe = recipe.model_copy(update={"args": {"WHO": "world"}, "labels": {"owner": "team"}})
    progress = SilentProgress()
    digest = builder.build_image(recipe, progress)
    store = OciRegistry(registry.host, tls=False)

    assert "hello world" in progress.lines
    assert store.holds(store.reference(repository.partition("/")[2], digest))
    assert builder.build_image(recipe, SilentProgress()) == digest
    assert builder.build_image(recipe.model_copy(update={"tag": f"{repository}:two"}), SilentProgress()) == digest


def test_the_context_has_neither_the_definition_nor_what_is_ignored(
    builder: DockerBuilder, base: Artifact, context: Path, repository: str
) -> None:
    write(context, service__yaml="role: cart", app__py="app", notes__md="notes", __dockerignore="# notes\n*.md\n")
    progress = SilentProgress()
    builder.build_image(_recipe(context, base, f"{repository}:one", "COPY . /app", "RUN ls -A /app"), progress)

    assert {"app.py", "Dockerfile"} < set(progress.lines)
    assert {"service.yaml", "notes.md"}.isdisjoint(progress.lines)


def test_the_context_digest_is_over_what_is_sent(builder: DockerBuilder, context: Path) -> None:
    write(context, service__yaml="config: 1", app__py="app", notes__md="notes", __dockerignore="*.md\n", run="run")
    digest = builder.context_digest(context)
    write(context, service__yaml="config: 2", notes__md="other notes")
    assert builder.context_digest(context) == digest

    digests = [digest]
    write(context, app__py="changed")
    digests.append(builder.context_digest(context))
    (context / "run").chmod(0o755)
    digests.append(builder.context_digest(context))
    (context / "run").rename(context / "start")
    digests.append(builder.context_digest(context))
    (context / "link").symlink_to("start")
    digests.append(builder.context_digest(context))
    (context / ".dockerignore").unlink()
    digests.append(builder.context_digest(context))
    assert len(set(digests)) == 6


def test_a_step_that_fails_is_told_with_its_last_lines(
    builder: DockerBuilder, base: Artifact, context: Path, repository: str
) -> None:
    recipe = _recipe(context, base, f"{repository}:one", "RUN seq 100 && echo no compiler && exit 7")
    progress = SilentProgress()
    with pytest.raises(BuildFailed) as caught:
        builder.build_image(recipe, progress)

    lines = str(caught.value).splitlines()
    assert "returned a non-zero code: 7" in lines[0]
    assert lines[-1] == "no compiler"
    assert lines[1] == "82"
    assert "5" in progress.lines


def test_a_dockerfile_that_is_none_fails_the_build(
    builder: DockerBuilder, base: Artifact, context: Path, repository: str
) -> None:
    with pytest.raises(BuildFailed, match="unknown instruction: BANANA"):
        builder.build_image(_recipe(context, base, f"{repository}:one", "BANANA"), SilentProgress())


def test_a_cancelled_build_stops_and_leaves_no_container(
    builder: DockerBuilder, docker_client: DockerClient, base: Artifact, context: Path, repository: str
) -> None:
    mark = uuid4().hex
    recipe = _recipe(context, base, f"{repository}:one", f"RUN sleep 300 && echo {mark}")
    with pytest.raises((Cancelled, Unreachable)):
        builder.build_image(recipe, CancelledProgress("Running in"))

    wait_for(lambda: not containers_of(docker_client, mark), 10)


def test_a_build_whose_worker_died_leaves_no_container(
    docker_client: DockerClient, base: Artifact, context: Path, repository: str
) -> None:
    mark = uuid4().hex
    recipe = _recipe(context, base, f"{repository}:one", f"RUN sleep 300 && echo {mark}")
    program = (
        "import sys\nfrom domain.build import ImageRecipe\nfrom engines.builder import DockerBuilder\n"
        "from engines.docker_api import connect\nfrom tests.fakes.progress import SilentProgress\n"
        "recipe = ImageRecipe.model_validate_json(sys.argv[1])\n"
        "DockerBuilder(connect('unix:///var/run/docker.sock')).build_image(recipe, SilentProgress())\n"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", program, recipe.model_dump_json()], cwd=root) as worker:
        wait_for(lambda: containers_of(docker_client, mark), 30)
        worker.kill()

    wait_for(lambda: not containers_of(docker_client, mark), 10)


def test_a_base_image_is_found_here_or_pulled(
    builder: DockerBuilder, docker_client: DockerClient, base: Artifact, repository: str
) -> None:
    assert builder.resolve(base.uri, SilentProgress()).digest == base.digest

    docker_client.images.get(base.uri).tag(repository, "made-here")
    assert builder.resolve(f"{repository}:made-here", SilentProgress()).digest == docker_client.images.get(base.uri).id
    docker_client.images.push(repository, tag="made-here")
    docker_client.images.remove(f"{repository}:made-here")
    progress = SilentProgress()
    found = builder.resolve(f"{repository}:made-here", progress)
    assert (found.uri, found.digest) == (f"{repository}:made-here", base.digest)
    assert progress.lines[0] == f"pulling {repository}:made-here"


def test_a_base_image_that_nobody_has_fails_the_build(builder: DockerBuilder, repository: str) -> None:
    for image in (repository, f"{repository}:none", f"{repository}@{digest_of(b'')}"):
        with pytest.raises(BuildFailed, match=f"base image: .*{repository}"):
            builder.resolve(image, SilentProgress())


def test_a_registry_that_is_down_is_unreachable(builder: DockerBuilder, base: Artifact, context: Path) -> None:
    host = f"127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(Unreachable, match=f"image registry at {host}"):
        builder.resolve(f"{host}/shop/base:1", SilentProgress())
    with pytest.raises(Unreachable, match=f"image registry at {host}"):
        builder.build_image(_recipe(context, base, f"{host}/shop/cart:1"), SilentProgress())
    builder._client.images.remove(f"{host}/shop/cart:1")
