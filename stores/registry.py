"""An OCI image registry, read over its distribution API."""

from __future__ import annotations

import requests

from domain.artifact import Digest, verified
from domain.errors import InvalidInput, Unreachable

SERVER = "image registry"

#: Seconds to connect, and to answer; a person may wait for it, and whoever can wait longer tries again.
TIMEOUT = (2, 4)
MANIFEST_TYPES = ", ".join(
    (
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
    )
)


class OciRegistry:
    """A :class:`domain.storage.ImageRegistry`.

    :param host: ``<address>[:<port>]``, as image references spell it.
    :param tls: whether it speaks TLS.
    """

    def __init__(self, host: str, *, tls: bool) -> None:
        self._host = host
        self._base = f"{'https' if tls else 'http'}://{host}/v2"

    def reference(self, repository: str, digest: Digest) -> str:
        """The image by digest: the only form in which images are deployed."""
        return f"{self._host}/{repository}@{digest}"

    def tagged(self, repository: str, tag: str) -> str:
        """The image by tag: the form in which images are pushed."""
        return f"{self._host}/{repository}:{tag}"

    def holds(self, reference: str) -> bool:
        """Whether the image's manifest is there.

        A registry answers 200 with bytes that were changed on its disk, also when it is asked by
        digest, so the bytes are hashed here. The layers are checked by the engine that pulls them.

        :raises Untrusted: the bytes do not have the digest.
        :raises InvalidInput: the reference is another registry's, or this one refuses the question.
        """
        name, _, digest = reference.removeprefix(f"{self._host}/").partition("@")
        if not digest or f"{self._host}/{name}@{digest}" != reference:
            raise InvalidInput(f"{reference} is not an image of {self._host} by digest")
        response = self._get(f"{self._base}/{name}/manifests/{digest}")
        if response.status_code == requests.codes.not_found:
            return False
        if response.status_code >= 500 or response.status_code == requests.codes.too_many:
            raise Unreachable(SERVER, self._host, f"HTTP {response.status_code} for {name}@{digest}")
        if response.status_code != requests.codes.ok:
            where = f"{SERVER} at {self._host}"
            raise InvalidInput(f"it answers HTTP {response.status_code} for {name}@{digest}", where=where)
        verified(response.content, digest, reference)
        return True

    def _get(self, url: str) -> requests.Response:
        try:
            return requests.get(url, headers={"Accept": MANIFEST_TYPES}, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise Unreachable(SERVER, self._host, _reason(error)) from error


def _reason(error: requests.RequestException) -> str:
    """The innermost cause: the outer ones repeat it, with the whole URL."""
    cause: BaseException = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    return (cause.strerror if isinstance(cause, OSError) else None) or str(cause) or type(cause).__name__
