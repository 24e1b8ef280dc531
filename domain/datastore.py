"""Datastores: what a definition says of one, which version may follow which, and who may read one.

A datastore's data outlive every release of it, so that its versions only ever go up, a major version only when
the definition says from which one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from domain.definition_values import Section
from domain.duration import Duration
from domain.errors import Refused
from domain.key_fault import key_fault

VERSION = "a version such as 15 or 15.4, in quotes"


def _absolute(path: str) -> str:
    if not path.startswith("/") or path.strip("/") == "" or ".." in path.split("/") or ":" in path:
        raise ValueError("an absolute path below /, without .. and without a colon")
    return path.rstrip("/")


Version = Annotated[str, Field(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6}){0,3}$", description=VERSION)]
Major = Annotated[str, Field(pattern=r"^[0-9]{1,6}$", description='a major version such as "14", in quotes')]
AbsolutePath = Annotated[str, AfterValidator(_absolute)]


class Backup(Section):
    """``command`` runs in the datastore that serves, before it is updated; what it prints is the backup."""

    command: tuple[str, ...] = Field(min_length=1)
    timeout: Duration = Field(default=timedelta(minutes=10), ge=timedelta(seconds=1))


class Datastore(Section):
    """``volume``: where the container has its data. ``upgrade_from``: the major version that this one can take over."""

    volume: AbsolutePath
    version: Version
    upgrade_from: Major | None = None
    backup: Backup | None = None

    @model_validator(mode="after")
    def _goes_up(self) -> Datastore:
        if self.upgrade_from is not None and int(self.upgrade_from) >= major(self.version):
            expected = f"a major version below {major(self.version)}, the one of datastore.version"
            raise key_fault("upgrade_from", value=self.upgrade_from, expected=expected)
        return self


def major(version: str) -> int:
    """``15.4`` → 15."""
    return int(version.partition(".")[0])


def version_fault(deployed: str, wanted: Datastore) -> str:
    """Why a version must not follow the one that is there; empty when it may.

    :param deployed: the version that the data are of.
    """
    before, after = major(deployed), major(wanted.version)
    if after < before:
        return (
            f"the data are of version {deployed}, this is {wanted.version}: a datastore never goes back\n"
            f"  expected: datastore.version of at least {before}"
        )
    if after > before and wanted.upgrade_from != str(before):
        said = f"datastore.upgrade_from says {wanted.upgrade_from}" if wanted.upgrade_from else "nothing says so"
        return (
            f"the data are of version {deployed}, this is {wanted.version}: another major version, and {said}\n"
            f'  expected: datastore.upgrade_from: "{before}", once the image can take over such data'
        )
    return ""


def refuse_version(name: str, deployed: str, wanted: Datastore) -> None:
    """:raises Refused: the version must not follow the one that is deployed under a canonical name."""
    if fault := version_fault(deployed, wanted):
        raise Refused(f"{name}: {fault}")


def unpublished_fault(application: str, reads: Iterable[str], published: Iterable[str]) -> str:
    """Why a service cannot have what it reads: nobody has published such a datastore; empty if all are there.

    :param published: the roles of the application's datastores.
    """
    there = sorted(published)
    for role in reads:
        if role not in there:
            have = f"the datastores of {application} are: {', '.join(there)}" if there else "there is none yet"
            return (
                f"reads.datastores: nobody has published a datastore {role} in {application}; {have}\n"
                f"  next: release {application}-{role} first"
            )
    return ""
