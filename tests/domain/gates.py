"""Gates and their candidates, for stories about them."""

from __future__ import annotations

from domain import gate_decisions as decided
from domain.artifact import Digest, digest_of
from domain.environment import Environment
from domain.gate import Gate
from domain.gate_decisions import Decision, Snapshot


def manifest(key: str) -> Digest:
    """The manifest of a candidate."""
    return digest_of(key.encode())


def snapshot(**keys: str) -> Snapshot:
    """Role → candidate as role → manifest."""
    return {role: manifest(key) for role, key in keys.items()}


def joined(*candidates: tuple[str, str], gate: Gate | None = None) -> Gate:
    """A gate with a queue of (key, role); nobody has answered yet."""
    gate = gate or Gate()
    for key, role in candidates:
        gate.join(key, role, manifest(key))
    return gate


def answered(gate: Gate, key: str, *, passed: bool = True) -> list[Decision]:
    """The test that a candidate is in ends."""
    test = next(each.test for each in gate.queue if each.key == key)
    return gate.verdict(key, test, passed=passed, verdict=attested(key))


def attested(key: str) -> Digest:
    """The attestation of a candidate's test."""
    return digest_of(f"verdict on {key}".encode())


def publication(key: str, basis: Snapshot) -> decided.Publish:
    """What is decided once a candidate has passed on the published set."""
    return decided.Publish(key=key, manifest=manifest(key), basis=basis, verdict=attested(key))


def numbered(key: str, number: int) -> decided.Published:
    """What is decided once it is written."""
    return decided.Published(key=key, number=number, verdict=attested(key))


def bases(decisions: list[Decision]) -> dict[str, Snapshot]:
    """Who is tested on what."""
    return {each.key: each.basis for each in decisions if isinstance(each, decided.Test)}


def published(*releases: tuple[str, str], gate: Gate | None = None, express: bool = False, first: int = 1) -> Gate:
    """A gate at which (key, role) were published one after the other; the first of all has the turn."""
    gate = gate or Gate()
    for number, (key, role) in enumerate(releases, start=first):
        gate.join(key, role, manifest(key), express=express)
        answered(gate, key)
        gate.wrote(key, number)
    return gate


def turn(key: str, environment: Environment = Environment.CI) -> decided.Turn:
    """What is decided when its turn comes."""
    return decided.Turn(key=key, environment=environment)
