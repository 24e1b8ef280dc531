"""Sites in slices: a bundle's files under its digest, uploaded once and read by every slice.

Nobody under test can write them, so that slices that have the same bundle may share them.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from domain.artifact import Artifact
from domain.errors import Conflict
from domain.storage import ObjectStore, SiteBucket
from engines.site_files import cache_control, content_type, open_bundle

UPLOADS = 8


class SliceSites:
    """Serves bundles from one bucket.

    :param bundles: where the bundles of builds are kept.
    :param bucket: where their files are read without a key.
    """

    def __init__(self, bundles: ObjectStore, bucket: SiteBucket, *, stack: str) -> None:
        self._bundles = bundles
        self._bucket = bucket
        self._stack = stack

    def url(self, bundle: Artifact) -> str:
        """Where a bundle's files are read, each by its full name."""
        return f"{self._bucket.served_url}/{_folder(bundle)}"

    def serve(self, bundle: Artifact) -> None:
        """Upload the files of a bundle, unless they are there.

        A mark is written last: a killed attempt left none, and the next one writes the same files.
        """
        mark = f"complete/{_folder(bundle)}"
        if self._bucket.read(mark) is not None:
            return
        self._bucket.claim(self._stack)
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch, "bundle.zip")
            self._bundles.fetch_file(self._bundles.key(bundle.uri), file, bundle.digest)
            with open_bundle(file) as opened, ThreadPoolExecutor(UPLOADS) as pool:

                def put(path: str) -> None:
                    self._write(f"served/{_folder(bundle)}/{path}", opened.read(path), path)

                list(pool.map(put, opened.files))
        self._write(mark, b"", "complete")

    def _write(self, key: str, content: bytes, path: str) -> None:
        """Whoever was faster wrote the same bytes."""
        with suppress(Conflict):
            self._bucket.write(key, content, None, content_type(path), cache_control(path))


def _folder(bundle: Artifact) -> str:
    return bundle.digest.partition(":")[2]
