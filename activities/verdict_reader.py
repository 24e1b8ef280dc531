"""Verdicts as they are read: verified again by whoever publishes or deploys on the strength of one."""

from __future__ import annotations

from collections.abc import Mapping

from domain import keys
from domain.artifact import Digest, verified
from domain.attestation import TrustedKey, open_envelope
from domain.errors import Untrusted
from domain.storage import ObjectStore
from domain.verdict import RegressionVerdict, read_verdict


class VerdictReader:
    """Believes no verdict that the ci duty did not sign.

    :param trusted: the public keys of ci duties – other keys than those that manifests are signed with.
    """

    def __init__(self, store: ObjectStore, trusted: Mapping[str, TrustedKey]) -> None:
        self._store = store
        self._trusted = trusted

    def read(self, candidate: Digest, verdict: Digest) -> RegressionVerdict:
        """The verdict on a candidate; ``NotFound``, or ``Untrusted`` with the reason."""
        key = keys.verdict_key(candidate, verdict)
        uri = self._store.uri(key)
        found = read_verdict(verified(open_envelope(self._store.get(key), self._trusted), verdict, uri))
        if found.candidate != candidate:
            raise Untrusted(f"{uri} is about {found.candidate}")
        return found

    def require_passed(self, candidate: Digest, verdict: Digest) -> None:
        """:raises Untrusted: the regression of the candidate failed."""
        found = self.read(candidate, verdict)
        if found.failure:
            raise Untrusted(f"the regression of {found.release} failed: {found.failure}")
