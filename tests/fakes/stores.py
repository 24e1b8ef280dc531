"""Stores that remember in memory."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from domain.artifact import digest_of, verified
from domain.errors import Conflict, InvalidInput, NotFound, Unreachable
from domain.evidence import Change, Changes
from domain.progress import Progress
from domain.service import DEFINITION_FILE
from domain.service_files import ServiceFiles, checked_files
from domain.storage import StoredObject, Streamed


class MemoryObjectStore:
    """An object store with the conditional writes of S3.

    ``meanwhile`` happens once, between somebody's reading and replacing; ``lost_replies`` are the next
    writes by :meth:`replace` of which the writer hears nothing; ``gone`` is a bucket that is not there.
    """

    def __init__(self, bucket: str = "memory") -> None:
        self.bucket = bucket
        self.gone = False
        self.objects: dict[str, bytes] = {}
        self.writes: list[str] = []
        self.meanwhile: Callable[[], object] | None = None
        self.lost_replies = 0
        self._lock = threading.RLock()

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def key(self, uri: str) -> str:
        if not uri.startswith(self.uri("")):
            raise InvalidInput(f"not in this store: {uri}")
        return uri.removeprefix(self.uri(""))

    def read(self, key: str) -> StoredObject | None:
        if self.gone:
            raise NotFound(f"the bucket of {self.uri(key)} is not there")
        content = self.objects.get(key)
        return None if content is None else StoredObject(content=content, etag=hashlib.md5(content).hexdigest())  # noqa: S324

    def get(self, key: str) -> bytes:
        found = self.read(key)
        if found is None:
            raise NotFound(f"no object {key}")
        return found.content

    def put(self, key: str, content: bytes, content_type: str = "application/octet-stream") -> None:
        self.writes.append(key)
        self.objects[key] = content

    def put_stream(self, key: str, chunks: Iterator[bytes]) -> Streamed:
        content = b"".join(chunks)
        self.put(key, content)
        return Streamed(size=len(content), digest=digest_of(content))

    def create(self, key: str, content: bytes, content_type: str = "application/json") -> None:
        with self._lock:
            if self.objects.get(key, content) != content:
                raise Conflict(f"{key} is there with other content")
            self.put(key, content)

    def replace(self, key: str, content: bytes, etag: str | None) -> None:
        if self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        with self._lock:
            found = self.read(key)
            if found is not None and found.content == content:
                return
            if (found.etag if found else None) != etag:
                raise Conflict(f"{key} was changed by somebody else")
            self.put(key, content)
        if self.lost_replies:
            self.lost_replies -= 1
            raise Unreachable("object store", "memory", "connection reset")

    def holds(self, key: str) -> bool:
        return key in self.objects

    def create_file(self, key: str, file: Path, digest: str) -> None:
        content = verified(file.read_bytes(), digest, str(file))
        if len(self.objects.get(key, b"")) != len(content):
            self.put(key, content)

    def fetch_file(self, key: str, file: Path, digest: str) -> None:
        file.write_bytes(verified(self.get(key), digest, key))

    def keys(self, prefix: str) -> Iterator[str]:
        return iter(sorted(key for key in self.objects if key.startswith(prefix)))


class MemoryRegistry:
    """An image registry: digests by repository."""

    def __init__(self) -> None:
        self.images: set[str] = set()

    def reference(self, repository: str, digest: str) -> str:
        return f"registry.test/{repository}@{digest}"

    def tagged(self, repository: str, tag: str) -> str:
        return f"registry.test/{repository}:{tag}"

    def holds(self, reference: str) -> bool:
        return reference in self.images


class MemoryRepositories:
    """Git repositories as mappings: (repository, commit) → path → text; ``parents`` of a commit, if any.

    ``reading`` happens before somebody reads, and is not to be cancelled.
    """

    def __init__(self) -> None:
        self.commits: dict[tuple[str, str], dict[str, str]] = {}
        self.parents: dict[str, tuple[str, ...]] = {}
        self.subjects: dict[str, str] = {}
        self.reading: Callable[[], object] = lambda: None

    def files(self, repository: str, commit: str, service_directory: str, progress: Progress) -> ServiceFiles:
        self.reading()
        found = self._below(repository, commit, service_directory)
        definition = found.get(DEFINITION_FILE, "").encode()
        return checked_files(ServiceFiles(service_directory, frozenset(found), definition=definition))

    def checkout(
        self, repository: str, commit: str, service_directory: str, into: Path, progress: Progress
    ) -> ServiceFiles:
        for path, text in self._below(repository, commit, service_directory).items():
            file = into / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return self.files(repository, commit, service_directory, progress)

    def is_ancestor(self, repository: str, commit: str, of: str, progress: Progress) -> bool:
        if commit != of:
            self._files(repository, commit)
        return commit != of and (repository, of) in self.commits and commit in self._reached(of)

    def changes(self, repository: str, since: str | None, until: str, limit: int, progress: Progress) -> Changes:
        self._files(repository, until)
        known = since is not None and (repository, since) in self.commits
        without = self._reached(since) if since and known else set()
        order = [each for each in reversed([at for _, at in self.commits]) if each in self._reached(until) - without]
        found = tuple(
            Change(commit=each, author="test", when=datetime(2026, 1, 1, tzinfo=UTC), subject=self._subject(each))
            for each in order[:limit]
        )
        if since and not known:
            return Changes(since=since, commits=found, note=f"{since[:12]} is not in the repository")
        note = "" if found else f"{(since or '')[:12]} has everything"
        return Changes(since=since, commits=found, more=len(order) - len(found) if since else 0, note=note)

    def _subject(self, commit: str) -> str:
        return self.subjects.get(commit, f"change {commit[:12]}")

    def _reached(self, commit: str) -> set[str]:
        reached, waiting = set[str](), [commit]
        while waiting:
            at = waiting.pop()
            if at not in reached:
                reached.add(at)
                waiting += self.parents.get(at, ())
        return reached

    def _below(self, repository: str, commit: str, directory: str) -> dict[str, str]:
        return {
            Path(path).relative_to(directory).as_posix(): text
            for path, text in self._files(repository, commit).items()
            if Path(path).is_relative_to(directory)
        }

    def _files(self, repository: str, commit: str) -> dict[str, str]:
        if (repository, commit) not in self.commits:
            raise InvalidInput(f"there is no commit {commit}", where=repository)
        return self.commits[repository, commit]


class MemorySigner:
    """A signature is a digest with a secret; who knows the secret verifies it."""

    key_id = "memory"

    def __init__(self, secret: bytes = b"secret") -> None:
        self.secret = secret

    def sign(self, message: bytes) -> bytes:
        return digest_of(self.secret + message).encode()

    def verifies(self, message: bytes, signature: bytes) -> bool:
        return self.sign(message) == signature
