"""What can go wrong, as types.

A "no" that a stage expects (a paused update, a failed smoke case) still ends the release,
so it is raised as one of these; the *type* says whether trying again can help::

    OnwardError
    ├── InvalidInput            the person must change what they gave        (exit 2)
    │   ├── InvalidDefinition   … in service.yaml: file, line, key, expected
    │   └── InvalidMonitors     … in its monitors: file, line, rule, expected
    ├── Refused                 Onward will not do it: not allowed, goes back (exit 4)
    │   ├── Superseded          a newer release of the same role took its place
    │   ├── ForeignResource     the name belongs to another Onward stack
    │   └── ResourceRefused     another service owns the queue or bucket, or nobody writes it
    ├── StageFailed             the release's own content did not work       (exit 1)
    │   ├── BuildFailed
    │   ├── RegressionFailed    a suite of its own or of another service did not pass
    │   ├── BackupFailed        a datastore is not updated without its backup
    │   ├── MigrationFailed     no task was replaced
    │   ├── DeployHalted        old tasks that were not replaced go on serving
    │   └── VerifyFailed
    ├── Untrusted               a digest or a signature does not match       (exit 1)
    ├── NotFound                a thing that was asked for by name is not there (exit 2)
    ├── Conflict                a compare-and-swap was lost: read again, try again
    └── Unreachable             a server does not answer: try again          (exit 3)

Everything but ``Conflict`` and ``Unreachable`` is final: ``FINAL_ERRORS`` feeds the retry
policies, so that wrong input never retries.
"""

from __future__ import annotations


class OnwardError(Exception):
    """The root of all errors that Onward itself raises; its text is fit for a person."""


class InvalidInput(OnwardError):
    """What the person gave is wrong: says what, where, what was expected, and what to do."""

    def __init__(self, problem: str, *, where: str = "", expected: str = "", next: str = "") -> None:
        parts = [f"{where}: {problem}" if where else problem]
        if expected:
            parts.append(f"expected: {expected}")
        if next:
            parts.append(f"next: {next}")
        super().__init__("\n  ".join(parts))


class InvalidDefinition(InvalidInput):
    """A ``service.yaml`` that cannot be accepted; one line per fault, each with its line and key."""


class InvalidMonitors(InvalidInput):
    """Rules or tests in ``monitors`` that cannot be accepted; one line per fault, each with its file."""


class Refused(OnwardError):
    """Onward understood and will not do it."""


class Superseded(Refused):
    """A newer release of the same role is already there; going back is not possible."""


class ForeignResource(Refused):
    """A resource with a name of ours carries another stack's label."""


class ResourceRefused(Refused):
    """A queue or bucket that the service must not write, or cannot read; names its owner."""


class StageFailed(OnwardError):
    """The release's own content did not work in a stage."""


class BuildFailed(StageFailed):
    """A build command failed, or a build left nothing where its output was declared."""


class RegressionFailed(StageFailed):
    """A suite that the release must pass did not pass."""


class BackupFailed(StageFailed):
    """A datastore could not be backed up, and therefore was not updated."""


class MigrationFailed(StageFailed):
    """``deploy.migrate`` did not end well; no task was replaced."""


class DeployHalted(StageFailed):
    """An update was paused because its new tasks did not become healthy."""


class VerifyFailed(StageFailed):
    """What is deployed does not do what it should."""


class Untrusted(OnwardError):
    """Bytes do not match their digest, or a signature does not match any trusted key."""


class NotFound(OnwardError):
    """A thing that was asked for by its name or digest is not there."""


class Conflict(OnwardError):
    """Somebody else wrote first (a lost compare-and-swap); read again and decide again."""


class Unreachable(OnwardError):
    """A server did not answer.

    :param server: what it is, for a person: ``S3``, ``image registry``, ``Temporal``.
    :param address: where it was looked for; empty for what has none.
    :param reason: what the attempt said; never holds a credential.
    """

    def __init__(self, server: str, address: str, reason: str) -> None:
        super().__init__(f"{server}{f' at {address}' if address else ''} does not answer: {reason}")


def silent_worker(queue: str, reason: str = "") -> Unreachable:
    """A worker has no address: the task queue that nobody serves says which one is meant."""
    reason = reason or "nobody takes the question; is a worker of that duty running?\n  next: onward doctor"
    return Unreachable(f"worker of task queue {queue}", "", reason)


FINAL_ERRORS: tuple[type[OnwardError], ...] = (
    InvalidInput,
    InvalidDefinition,
    InvalidMonitors,
    Refused,
    Superseded,
    ForeignResource,
    ResourceRefused,
    StageFailed,
    BuildFailed,
    RegressionFailed,
    BackupFailed,
    MigrationFailed,
    DeployHalted,
    VerifyFailed,
    Untrusted,
    NotFound,
)
