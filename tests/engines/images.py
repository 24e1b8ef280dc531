"""Images of nothing but busybox, in a registry."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from docker import DockerClient

from domain.artifact import Artifact, ArtifactKind
from tests.busybox import busybox

#: It ends at once when it is asked to, so that a request that still comes finds nobody.
SERVES = "trap 'exit 0' TERM; httpd -f -p 8080 -h /www & wait"


@dataclass
class Images:
    """Makes images of nothing but busybox; :meth:`page` serves its text at every ingress path."""

    client: DockerClient
    host: str
    made: list[str] = field(default_factory=list)

    def page(self, text: str) -> Artifact:
        """A web server whose pages hold the text; ``/healthz`` answers 200."""
        return self.pushed(SERVES, {"www/index.html": text, "www/web/index.html": text, "www/healthz": "ok"})

    def pushed(self, command: str, files: Mapping[str, str]) -> Artifact:
        """An image that runs a shell command beside some files."""
        repository, tag = f"{self.host}/test/web", uuid4().hex[:12]
        image, _ = self.client.images.build(
            fileobj=_context(command, files), custom_context=True, tag=f"{repository}:{tag}", rm=True
        )
        self.made.append(str(image.id))
        self.client.images.push(repository, tag=tag)
        image.reload()
        uri = next(digest for digest in image.attrs["RepoDigests"] if digest.startswith(f"{repository}@"))
        return Artifact(kind=ArtifactKind.IMAGE, uri=uri, digest=uri.partition("@")[2])


def _context(command: str, files: Mapping[str, str]) -> io.BytesIO:
    dockerfile = (
        "FROM scratch\nCOPY busybox /bin/busybox\n"
        'RUN ["/bin/busybox", "--install", "-s", "/bin"]\nCOPY files /\n'
        f'CMD ["sh", "-c", "{command}"]\n'
    )
    texts = {"Dockerfile": dockerfile, "files/name": uuid4().hex} | {f"files/{path}": files[path] for path in files}
    content = {"busybox": busybox()} | {path: text.encode() for path, text in texts.items()}
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for path, data in content.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o755
            archive.addfile(entry, io.BytesIO(data))
    context.seek(0)
    return context
