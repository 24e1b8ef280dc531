"""Which suites a candidate must pass, and which of their cases are excused.

The rule (DESIGN: the stages of a release): the candidate's own new suite, its own previous one,
and the published suite of every other service of the application.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from domain.artifact import Artifact, ArtifactKind, Digest
from domain.manifest import Manifest
from domain.regression import Origin, SuiteToRun
from domain.service_tests import Tests
from domain.suite import Excuse


def origins(role: str, own: str | None, published: Mapping[str, Digest], *, retires: bool) -> list[tuple[str, Origin]]:
    """The rule itself: whose suites a candidate must pass, and why; its own first.

    A previous suite that is the new one, bit by bit, is not run twice – unless cases of it are
    retired: they must be there, and only the previous one may break them.

    :param own: the image of the candidate's suite, ``None`` if it has none.
    :param published: role → the image of the suite of what is published, of those that have one.
    :param retires: whether the candidate retires cases of the previous one.
    """
    found = [(role, Origin.NEW)] if own is not None else []
    if role in published and (retires or published[role] != own):
        found.append((role, Origin.PREVIOUS))
    return found + [(other, Origin.PUBLISHED) for other in sorted(published) if other != role]


def required_suites(
    candidate: Manifest, digest: Digest, basis: Mapping[str, tuple[Digest, Manifest]]
) -> list[SuiteToRun]:
    """The suites that a candidate must pass on a basis, in the order of :func:`origins`.

    :param digest: of the candidate's manifest.
    """
    published = {role: suite for role, (_, manifest) in basis.items() if (suite := suite_of(manifest))}
    own, suites = candidate.service.role, []
    retires = own in basis and bool(_retired(candidate, basis[own][1]))
    for role, origin in origins(own, suite_of(candidate), published, retires=retires):
        name, manifest = (digest, candidate) if origin is Origin.NEW else basis[role]
        quarantined = _quarantined(manifest.definition.tests)
        excuses = _for_previous(candidate, manifest) if origin is Origin.PREVIOUS else quarantined
        suites.append(_suite(manifest, name, origin, excuses))
    return suites


def suite_of(manifest: Manifest) -> Digest | None:
    """The image of a version's suite, ``None`` if it brings none."""
    return _brought(manifest)[0].digest if manifest.definition.tests else None


def unfounded(candidate: Manifest, previous: Manifest | None, today: date) -> str | None:
    """Why the candidate's own excuses cannot be taken, before any suite has run; ``None`` if they can.

    A quarantine is a promise with a date: from the day after, the regression fails. A retirement
    that has no previous suite to apply to excuses nothing.
    """
    tests = candidate.definition.tests
    for quarantined in tests.quarantined if tests else ():
        if quarantined.until < today:
            return (
                f"the quarantine of {quarantined.case!r} ended on {quarantined.until}: "
                f"{quarantined.owner} mends the case or decides on a later day"
            )
    if tests and tests.retired and (previous is None or previous.definition.tests is None):
        return f"{tests.retired[0].case!r} is retired, but {candidate.service} has no previous suite: take it out"
    return None


def in_force(suites: Sequence[SuiteToRun], today: date) -> list[SuiteToRun]:
    """The suites without the excuses whose day is over."""
    return [
        suite.model_copy(
            update={"excuses": tuple(each for each in suite.excuses if each.until is None or each.until >= today)}
        )
        for suite in suites
    ]


def _for_previous(candidate: Manifest, previous: Manifest) -> tuple[Excuse, ...]:
    """What is retired must be there to be broken; what is quarantined, before or now, need not."""
    loose = (*_quarantined(previous.definition.tests), *_quarantined(candidate.definition.tests))
    return (*_retired(candidate, previous), *(each.model_copy(update={"must_match": False}) for each in loose))


def _retired(candidate: Manifest, previous: Manifest) -> tuple[Excuse, ...]:
    """Nothing once the same commit is published: that version is the one that the cases were retired in."""
    tests = candidate.definition.tests
    if tests is None or previous.commit == candidate.commit:
        return ()
    return tuple(Excuse(case=each.case, why=f"retired by {each.owner}") for each in tests.retired)


def _suite(manifest: Manifest, digest: Digest, origin: Origin, excuses: tuple[Excuse, ...]) -> SuiteToRun:
    image, tests = _brought(manifest)
    return SuiteToRun(
        service=manifest.service,
        origin=origin,
        release=manifest.release,
        manifest=digest,
        image=image,
        timeout=tests.integration.timeout,
        excuses=excuses,
        datastores=manifest.definition.reached_datastores,
    )


def _brought(manifest: Manifest) -> tuple[Artifact, Tests]:
    image, tests = manifest.artifact(ArtifactKind.SUITE), manifest.definition.tests
    if image is None or tests is None:  # a manifest has a suite exactly when its definition has tests
        raise ValueError(f"the manifest of {manifest.release} has no suite")
    return image, tests


def _quarantined(tests: Tests | None) -> tuple[Excuse, ...]:
    cases = tests.quarantined if tests else ()
    return tuple(
        Excuse(case=each.case, why=f"quarantined by {each.owner} until {each.until}", until=each.until)
        for each in cases
    )
