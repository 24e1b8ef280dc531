"""DockerBuilder on a real engine: images and sites, and nothing left behind."""

from __future__ import annotations

import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from docker import DockerClient
from docker.errors import ImageNotFound

from domain.artifact import Artifact, digest_of
from domain.build import ImageRecipe, SiteRecipe
from domain.errors import BuildFailed, Unreachable
from engines.builder import DockerBuilder
from stores.registry import OciRegistry
from tests.engines.conftest import Images, wait_for
from tests.fakes.progress import Cancelled, CancelledAtLine, CancelledProgress, SilentProgress
from tests.servers import RegistryServer, free_ports

pytestmark = pytest.mark.server


@pytest.fixture(scope="session")
def base(images: Images, docker_client: DockerClient) -> Iterator[Artifact]:
    image = images.pushed("true", {})
    yield image
    for descendant in _descendants(docker_client, str(docker_client.images.get(image.uri).id)):
        with suppress(ImageNotFound):  # an image takes the untagged ones below it along
            docker_client.images.remove(descendant, force=True)


def _descendants(client: DockerClient, image: str) -> list[str]:
    """What was built on an image, the last layer first: the engine keeps each step as a cache."""
    children = [each["Id"] for each in client.api.images(all=True) if each["ParentId"] == image]
    return [last for child in children for last in (*_descendants(client, child), child)]


@pytest.fixture
def builder(docker_client: DockerClient) -> DockerBuilder:
    return DockerBuilder(docker_client)


@pytest.fixture
def context(tmp_path: Path) -> Path:
    directory = tmp_path / "context"
    directory.mkdir()
    return directory


@pytest.fixture
def repository(docker_client: DockerClient, registry: RegistryServer) -> Iterator[str]:
    name = f"{registry.host}/t{uuid4().hex[:8]}/cart"
    yield name
    for image in docker_client.images.list(name=name):
        docker_client.images.remove(str(image.id), force=True)


def _write(context: Path, **files: str) -> Path:
    for name, content in files.items():
        (context / name.replace("__", ".")).write_text(content)
    return context


def _recipe(context: Path, base: Artifact, tag: str, *steps: str) -> ImageRecipe:
    (context / "Dockerfile").write_text("\n".join([f"FROM {base.uri}", *steps, ""]))
    return ImageRecipe(context=context, dockerfile="Dockerfile", tag=tag)


def _containers(client: DockerClient, mark: str) -> list[str]:
    return [each["Id"] for each in client.api.containers(all=True, trunc=False) if mark in each["Command"]]


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
    _write(context, service__yaml="role: cart", app__py="app", notes__md="notes", __dockerignore="# notes\n*.md\n")
    progress = SilentProgress()
    builder.build_image(_recipe(context, base, f"{repository}:one", "COPY . /app", "RUN ls -A /app"), progress)

    assert {"app.py", "Dockerfile"} < set(progress.lines)
    assert {"service.yaml", "notes.md"}.isdisjoint(progress.lines)


def test_the_context_digest_is_over_what_is_sent(builder: DockerBuilder, context: Path) -> None:
    _write(context, service__yaml="config: 1", app__py="app", notes__md="notes", __dockerignore="*.md\n", run="run")
    digest = builder.context_digest(context)
    _write(context, service__yaml="config: 2", notes__md="other notes")
    assert builder.context_digest(context) == digest

    digests = [digest]
    _write(context, app__py="changed")
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

    wait_for(lambda: not _containers(docker_client, mark), 10)


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
        wait_for(lambda: _containers(docker_client, mark), 30)
        worker.kill()

    wait_for(lambda: not _containers(docker_client, mark), 10)


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


SITE = "mkdir -p dist/assets && cp page dist/index.html && date > dist/assets/built && sort page > dist/assets/sorted"


def _site(context: Path, base: Artifact, command: str, output: str = "dist") -> SiteRecipe:
    return SiteRecipe(context=context, output=output, image=base.uri, command=("sh", "-c", command))


def _names(bundle: Path) -> list[str]:
    with zipfile.ZipFile(bundle) as archive:
        return archive.namelist()


def test_a_site_is_what_its_command_leaves(
    builder: DockerBuilder, docker_client: DockerClient, base: Artifact, context: Path, tmp_path: Path
) -> None:
    _write(context, page=f"<p>{uuid4()}</p>", service__yaml="role: web", notes__md="notes", __dockerignore="*.md\n")
    progress = SilentProgress()
    recipe = _site(context, base, f"echo building && ls -A && {SITE}")
    digest = builder.build_site(recipe, tmp_path / "one.zip", progress)

    assert _names(tmp_path / "one.zip") == ["assets/built", "assets/sorted", "index.html"]
    assert {"building", "page"} < set(progress.lines)
    assert {"service.yaml", "notes.md", ".onward.Dockerfile", ".dockerignore"}.isdisjoint(progress.lines)
    assert digest == digest_of((tmp_path / "one.zip").read_bytes())
    # The command does not run again: the same inputs, the same bytes.
    assert builder.build_site(recipe, tmp_path / "two.zip", SilentProgress()) == digest
    assert not docker_client.api.containers(all=True, filters={"label": "onward.part=site-bundle"})


def test_a_site_may_be_the_whole_context(builder: DockerBuilder, base: Artifact, context: Path, tmp_path: Path) -> None:
    _write(context, page=f"{uuid4()}", service__yaml="role: web")
    builder.build_site(_site(context, base, "mv page index.html", "."), tmp_path / "bundle.zip", SilentProgress())

    assert _names(tmp_path / "bundle.zip") == ["index.html"]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("echo no compiler; exit 7", r"non-zero code: 7[\s\S]*no compiler"),
        ("true", "build.output: the command left no /site/dist"),
        ("mkdir dist", "build.output: dist has no index.html; it has 0 files"),
        ("mkdir dist && touch dist/home.html", "build.output: dist has no index.html; it has 1 files"),
        ("mkdir dist && ln -s /etc/passwd dist/index.html", "build.output: index.html is a link"),
        ("touch dist", "build.output: dist has no index.html"),
    ],
)
def test_a_site_without_a_page_fails_the_build(
    builder: DockerBuilder, base: Artifact, context: Path, tmp_path: Path, command: str, reason: str
) -> None:
    with pytest.raises(BuildFailed, match=reason):
        builder.build_site(_site(context, base, command), tmp_path / "bundle.zip", SilentProgress())


def test_a_cancelled_site_leaves_no_container(
    builder: DockerBuilder, docker_client: DockerClient, base: Artifact, context: Path, tmp_path: Path
) -> None:
    mark = uuid4().hex
    recipe = _site(context, base, f"sleep 300 && echo {mark}")
    # The first container is that of WORKDIR, and no command runs in it.
    with pytest.raises((Cancelled, Unreachable)):
        builder.build_site(recipe, tmp_path / "bundle.zip", CancelledProgress(mark))

    wait_for(lambda: not _containers(docker_client, mark), 10)


def test_a_cancel_is_heard_while_the_site_is_read_from_its_image(
    builder: DockerBuilder, docker_client: DockerClient, base: Artifact, context: Path, tmp_path: Path
) -> None:
    _write(context, page=f"{uuid4()}")
    with pytest.raises(Cancelled):
        builder.build_site(_site(context, base, SITE), tmp_path / "bundle.zip", CancelledAtLine("are read"))

    assert not docker_client.api.containers(all=True, filters={"label": "onward.part=site-bundle"})


def test_a_site_without_a_command_is_zipped_as_it_is(builder: DockerBuilder, context: Path, tmp_path: Path) -> None:
    (context / "public/deep").mkdir(parents=True)
    _write(context / "public", index__html="<p>", __dockerignore="not special here")
    _write(context / "public/deep", page__html="<p>")
    _write(context, index__html="<p>", service__yaml="role: web", __dockerignore="*.md\n", notes__md="notes")
    digests = set()
    for _ in range(2):
        recipe = SiteRecipe(context=context, output="public")
        digests.add(builder.build_site(recipe, tmp_path / "bundle.zip", SilentProgress()))
        assert _names(tmp_path / "bundle.zip") == [".dockerignore", "deep/page.html", "index.html"]
        (context / "public/index.html").touch()
        time.sleep(2)  # The resolution of times in a zip file.
    assert len(digests) == 1

    builder.build_site(SiteRecipe(context=context, output="."), tmp_path / "bundle.zip", SilentProgress())
    assert {"service.yaml", "notes.md", ".dockerignore"}.isdisjoint(_names(tmp_path / "bundle.zip"))
    (context / "public/index.html").unlink()
    (context / "public/index.html").symlink_to("/etc/passwd")
    with pytest.raises(BuildFailed, match=r"index.html is a link"):
        builder.build_site(recipe, tmp_path / "bundle.zip", SilentProgress())
    with pytest.raises(BuildFailed, match=r"nowhere has no index.html"):
        builder.build_site(SiteRecipe(context=context, output="nowhere"), tmp_path / "bundle.zip", SilentProgress())
