"""Versions with a suite, and what a run of one leaves."""

from __future__ import annotations

from domain.artifact import Artifact, ArtifactKind, digest_of
from domain.manifest import Manifest
from domain.regression import Origin, SuiteToRun
from domain.required_suites import required_suites
from domain.suite import SuiteOutcome
from tests.domain.builders import IMAGE, definition, manifest

RETIRED = "retired: [{case: test_old, reason: integers now, owner: cart-team}]"
QUARANTINED = "quarantined: [{{case: test_shaky, reason: CART-17, owner: cart-team, until: {until}}}]"


def version(role: str = "cart", name: str = "1", extra: str = "", *, tests: bool = True, commit: str = "") -> Manifest:
    """A manifest of one version of a role, of a commit of its own; ``extra`` goes into its tests."""
    text = f"tests: {{integration: {{context: tests}}{', ' + extra if extra else ''}}}\n" if tests else ""
    suite = Artifact(kind=ArtifactKind.SUITE, uri=f"registry.test/{role}@{name}", digest=digest_of(name.encode()))
    return manifest(
        release=f"release:shop-{role}:{name:0>12}",
        commit=commit or f"{name:0>40}",
        definition=definition(text).model_copy(update={"role": role}),
        artifacts=(IMAGE, suite) if tests else (IMAGE,),
    )


def suites(candidate: Manifest, *basis: Manifest) -> list[SuiteToRun]:
    there = {each.service.role: (each.digest, each) for each in basis}
    return required_suites(candidate, candidate.digest, there)


def names(found: list[SuiteToRun]) -> list[tuple[str, Origin]]:
    return [(each.service.role, each.origin) for each in found]


def outcome(**cases: bool) -> SuiteOutcome:
    """A run: case → whether it passed."""
    failure = '<failure message="no"/>'
    text = "".join(
        f'<testcase classname="t" name="{case}">{"" if passed else failure}</testcase>'
        for case, passed in cases.items()
    )
    return SuiteOutcome(
        exit_code=0 if all(cases.values()) else 1, reports=(f"<testsuite>{text}</testsuite>".encode(),), output=""
    )
