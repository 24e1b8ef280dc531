"""DockerBuilder on a real engine: sites, by a command or as they are, and nothing left behind."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest
from docker import DockerClient

from domain.artifact import Artifact, digest_of
from domain.build import SiteRecipe
from domain.errors import BuildFailed, Unreachable
from engines.builder import DockerBuilder
from tests.engines.conftest import wait_for
from tests.engines.contexts import containers_of, write
from tests.fakes.progress import Cancelled, CancelledAtLine, CancelledProgress, SilentProgress

pytestmark = pytest.mark.server


SITE = "mkdir -p dist/assets && cp page dist/index.html && date > dist/assets/built && sort page > dist/assets/sorted"


def _site(context: Path, base: Artifact, command: str, output: str = "dist") -> SiteRecipe:
    return SiteRecipe(context=context, output=output, image=base.uri, command=("sh", "-c", command))


def _names(bundle: Path) -> list[str]:
    with zipfile.ZipFile(bundle) as archive:
        return archive.namelist()


def test_a_site_is_what_its_command_leaves(
    builder: DockerBuilder, docker_client: DockerClient, base: Artifact, context: Path, tmp_path: Path
) -> None:
    write(context, page=f"<p>{uuid4()}</p>", service__yaml="role: web", notes__md="notes", __dockerignore="*.md\n")
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
    write(context, page=f"{uuid4()}", service__yaml="role: web")
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

    wait_for(lambda: not containers_of(docker_client, mark), 10)


def test_a_cancel_is_heard_while_the_site_is_read_from_its_image(
    builder: DockerBuilder, docker_client: DockerClient, base: Artifact, context: Path, tmp_path: Path
) -> None:
    write(context, page=f"{uuid4()}")
    with pytest.raises(Cancelled):
        builder.build_site(_site(context, base, SITE), tmp_path / "bundle.zip", CancelledAtLine("are read"))

    assert not docker_client.api.containers(all=True, filters={"label": "onward.part=site-bundle"})


def test_a_site_without_a_command_is_zipped_as_it_is(builder: DockerBuilder, context: Path, tmp_path: Path) -> None:
    (context / "public/deep").mkdir(parents=True)
    write(context / "public", index__html="<p>", __dockerignore="not special here")
    write(context / "public/deep", page__html="<p>")
    write(context, index__html="<p>", service__yaml="role: web", __dockerignore="*.md\n", notes__md="notes")
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
