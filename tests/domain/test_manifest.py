"""The manifest as a document: what it says, and what is refused when it is read."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2

from domain.artifact import canonical_json
from domain.errors import Untrusted
from domain.manifest import read_manifest
from tests.domain.builders import COMMIT, IMAGE, MOMENT, manifest


def test_it_reads_back_as_it_was_written() -> None:
    assert read_manifest(manifest().document()) == manifest()


def test_its_name_is_the_digest_of_its_bytes_and_the_same_every_time() -> None:
    assert manifest().digest == manifest().digest
    assert manifest().digest != manifest(finished=MOMENT + timedelta(seconds=1)).digest


def test_it_is_an_in_toto_statement_by_the_published_schema() -> None:
    statement = json_format.Parse(manifest().document(), statement_pb2.Statement())

    assert statement.type == "https://in-toto.io/Statement/v1"
    assert statement.subject[0].digest["sha256"] == IMAGE.digest.removeprefix("sha256:")


def test_its_predicate_is_slsa_provenance_by_the_published_schema() -> None:
    predicate = manifest().statement()["predicate"]
    own = predicate.pop("onward_release")

    provenance = json_format.ParseDict(predicate, provenance_pb2.Provenance())

    assert provenance.build_definition.resolved_dependencies[0].digest["gitCommit"] == COMMIT
    assert provenance.run_details.metadata.invocation_id == "release:shop-cart:aaaaaaaaaaaa"
    assert own["role"] == "cart"


def test_the_published_schema_refuses_a_statement_with_a_wrong_key() -> None:
    statement = manifest().statement() | {"subjects": []}

    with pytest.raises(json_format.ParseError):
        json_format.ParseDict(statement, statement_pb2.Statement())


def _changed(path: list[str], value: Any) -> bytes:
    statement = manifest().statement()
    place = statement
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return canonical_json(statement)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", "not a manifest"),
        (b"[]", "not a manifest"),
        (b'{"_type": "a", "_type": "b"}', "duplicate key"),
        (_changed(["predicateType"], "https://example.test/other"), "expected 'https://slsa.dev/provenance/v1'"),
        (_changed(["predicate", "onward_release", "definition", "role"], "CART"), "role"),
        (_changed(["predicate", "onward_release", "role"], "catalog"), "not in the form that Onward writes"),
        (_changed(["extra"], 1), "not in the form that Onward writes"),
        (json.dumps(manifest().statement(), indent=1).encode(), "not in the form that Onward writes"),
        (b" " * (1024 * 1024 + 1), "at most 1048576"),
    ],
)
def test_what_onward_would_not_have_written_is_not_trusted(document: bytes, reason: str) -> None:
    with pytest.raises(Untrusted, match=reason):
        read_manifest(document)


def test_canonical_json_refuses_floats_because_they_have_many_spellings() -> None:
    with pytest.raises(TypeError, match="no floats"):
        canonical_json({"a": [1.0]})
