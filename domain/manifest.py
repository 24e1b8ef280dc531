"""The signed record of one build: pointers to its artifacts, and where they came from.

The document is an in-toto Statement v1 whose predicate is SLSA provenance v1. Onward's own
part is the predicate's extension field ``onward_release`` (SLSA provenance v1, "Extension
fields": ``<vendor>_<fieldname>``). Its name is the digest of its canonical JSON.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from domain.artifact import Artifact, ArtifactKind, Digest, canonical_json, digest_of
from domain.errors import Untrusted
from domain.identity import ServiceId
from domain.service import ServiceDefinition

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://onward.dev/build/v1"
BUILDER_ID = "https://onward.dev/duty/build/v1"
SIZE_LIMIT = 1024 * 1024


class Dependency(BaseModel):
    """Something that went into the build: a base image, with the digest it had."""

    model_config = ConfigDict(frozen=True)

    uri: str
    digest: str


class Manifest(BaseModel):
    """One build. ``started`` and ``finished`` are the workflow's own clock, so that a second
    attempt writes the same bytes."""

    model_config = ConfigDict(frozen=True)

    release: str
    repository: str
    commit: str
    service_directory: str
    definition: ServiceDefinition
    artifacts: tuple[Artifact, ...]
    dependencies: tuple[Dependency, ...] = ()
    started: datetime
    finished: datetime

    @property
    def service(self) -> ServiceId:
        """Whose build this is."""
        return self.definition.service

    def artifact(self, kind: ArtifactKind) -> Artifact | None:
        """The artifact of a kind, if the build made one."""
        return next((artifact for artifact in self.artifacts if artifact.kind is kind), None)

    def statement(self) -> dict[str, Any]:
        """The in-toto Statement."""
        return {
            "_type": STATEMENT_TYPE,
            "subject": [
                {"name": artifact.kind.value, "uri": artifact.uri, "digest": _digest_set(artifact.digest)}
                for artifact in self.artifacts
            ],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "buildDefinition": {
                    "buildType": BUILD_TYPE,
                    "externalParameters": {
                        "repository": self.repository,
                        "commit": self.commit,
                        "serviceDirectory": self.service_directory,
                    },
                    "resolvedDependencies": [
                        {"uri": f"git+{self.repository}", "digest": {"gitCommit": self.commit}},
                        *({"uri": item.uri, "digest": _digest_set(item.digest)} for item in self.dependencies),
                    ],
                },
                "runDetails": {
                    "builder": {"id": BUILDER_ID},
                    "metadata": {
                        "invocationId": self.release,
                        "startedOn": _timestamp(self.started),
                        "finishedOn": _timestamp(self.finished),
                    },
                },
                "onward_release": {
                    "release": self.release,
                    "application": self.definition.application,
                    "role": self.definition.role,
                    "definition": self.definition.model_dump(mode="json"),
                },
            },
        }

    def document(self) -> bytes:
        """The canonical bytes that are stored and signed."""
        return canonical_json(self.statement())

    @property
    def digest(self) -> Digest:
        """The manifest's name."""
        return digest_of(self.document())


class ManifestPointer(BaseModel):
    """Where a manifest is kept, by digest."""

    model_config = ConfigDict(frozen=True)

    uri: str
    digest: Digest


def read_manifest(document: bytes) -> Manifest:
    """The manifest that a stored document holds.

    :raises Untrusted: too large, not an in-toto Statement with our predicate, a duplicate key,
        or not in canonical form. One that an older Onward wrote may lack keys that came since.
    """
    if len(document) > SIZE_LIMIT:
        raise Untrusted(f"a manifest of {len(document)} bytes; at most {SIZE_LIMIT}")
    try:
        statement = json.loads(document, object_pairs_hook=_unique)
        canonical = canonical_json(statement) == document
        manifest = _from_statement(statement)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Untrusted(f"not a manifest of Onward: {_reason(error)}") from None
    if not canonical or not _holds(manifest.statement(), statement):
        raise Untrusted("not a manifest of Onward: it is not in the form that Onward writes")
    return manifest


def _holds(ours: Any, theirs: Any) -> bool:
    """Whether what was read is what we would write; keys that we know and it does not may be missing."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return all(key in ours and _holds(ours[key], value) for key, value in theirs.items())
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(_holds, ours, theirs))
    return bool(ours == theirs)


def _from_statement(statement: Any) -> Manifest:
    if statement["_type"] != STATEMENT_TYPE or statement["predicateType"] != PREDICATE_TYPE:
        raise ValueError(f"predicate {statement['predicateType']!r}, expected {PREDICATE_TYPE!r}")
    predicate = statement["predicate"]
    build = predicate["buildDefinition"]
    times = predicate["runDetails"]["metadata"]
    parameters = build["externalParameters"]
    return Manifest(
        release=predicate["onward_release"]["release"],
        repository=parameters["repository"],
        commit=parameters["commit"],
        service_directory=parameters["serviceDirectory"],
        definition=ServiceDefinition.model_validate(predicate["onward_release"]["definition"]),
        artifacts=tuple(
            Artifact(kind=ArtifactKind(item["name"]), uri=item["uri"], digest=_digest(item["digest"]))
            for item in statement["subject"]
        ),
        dependencies=tuple(
            Dependency(uri=item["uri"], digest=_digest(item["digest"])) for item in build["resolvedDependencies"][1:]
        ),
        started=_time.validate_python(times["startedOn"]),
        finished=_time.validate_python(times["finishedOn"]),
    )


_time = TypeAdapter(datetime)


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _digest_set(digest: str) -> dict[str, str]:
    algorithm, _, value = digest.partition(":")
    return {algorithm: value}


def _digest(digest_set: dict[str, str]) -> str:
    return f"sha256:{digest_set['sha256']}"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError(f"a duplicate key among {names}")
    return dict(pairs)


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return f"{type(error).__name__}: {error}"
