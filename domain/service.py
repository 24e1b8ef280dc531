"""``service.yaml``: what a service brings, as a model (DESIGN: what a service brings).

A definition says nothing that Onward does not act on: a key that this version knows but does
not act on is refused in :mod:`domain.unsupported`, never silently ignored.
"""

from __future__ import annotations

import posixpath
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from domain.duration import Duration
from domain.environment import PerEnvironment, Scale
from domain.identity import APPLICATION_PATTERN, ROLE_PATTERN, ServiceId

DEFINITION_FILE = "service.yaml"


def _inside(path: str) -> str:
    """A relative path that stays inside the service's directory, in its normal form."""
    normal = posixpath.normpath(path)
    if not path or path.startswith("/") or normal == ".." or normal.startswith("../") or "\\" in path:
        raise ValueError("a relative path inside the service's directory, without ..")
    return normal


InsidePath = Annotated[str, AfterValidator(_inside)]
Name = Annotated[str, Field(pattern=ROLE_PATTERN, max_length=40)]
Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
UrlPath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/-]*$")]


class Section(BaseModel):
    """A part of a definition; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Kind(StrEnum):
    """What sort of thing a service is."""

    SERVICE = "service"
    STATIC = "static"
    BATCH = "batch"
    DATASTORE = "datastore"


class Build(Section):
    """How the service's own artifact is made.

    ``static``: ``command`` runs in a container of ``image`` with the context as its working
    directory, and what it leaves in ``output`` is the bundle. Other kinds: ``dockerfile``
    makes an image of the context.
    """

    context: InsidePath = "."
    dockerfile: InsidePath = Field(default="Dockerfile", description="relative to the context")
    args: dict[str, str] = {}
    image: str | None = Field(default=None, min_length=1, description="static only")
    command: tuple[str, ...] | None = Field(default=None, min_length=1, description="static only")
    output: InsidePath | None = Field(default=None, description="static only, relative to the context")


class SuiteBuild(Section):
    """How the suite image is made; ``dockerfile`` is relative to the context."""

    context: InsidePath
    dockerfile: InsidePath = "Dockerfile"


class Smoke(Section):
    """The cases of the suite that are safe to run in prod, as a shell-style pattern."""

    case: str = Field(min_length=1, max_length=200)


class RetiredCase(Section):
    """A case of the previous suite that this version breaks on purpose."""

    case: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)


class Tests(Section):
    """The service's integration tests."""

    integration: SuiteBuild
    smoke: Smoke | None = None
    retired: tuple[RetiredCase, ...] = ()


class Health(Section):
    """How a task tells that it serves: an HTTP path that answers 2xx, or a command that exits 0.

    ``interval`` is the time between two checks, ``retries`` how many must fail in a row,
    ``start`` the time in which a failure does not count yet.
    """

    path: UrlPath = "/healthz"
    command: tuple[str, ...] | None = Field(default=None, min_length=1)
    interval: Duration = timedelta(seconds=2)
    retries: int = Field(default=3, ge=1, le=100)
    start: Duration = timedelta(seconds=10)


class Ingress(Section):
    """The path that the environment's edge proxy sends to this service, prefix included."""

    path: UrlPath


class Reads(Section):
    """What the service reads of others."""

    services: tuple[Name, ...] = ()
    datastores: tuple[Name, ...] = ()
    queues: tuple[Name, ...] = ()
    buckets: tuple[Name, ...] = ()


class Writes(Section):
    """The resources that the service writes, and therefore owns."""

    queues: tuple[Name, ...] = ()
    buckets: tuple[Name, ...] = ()


class DeployRules(Section):
    """``timeout`` bounds one environment's deploy; ``migrate`` runs before the first new task."""

    migrate: tuple[str, ...] | None = Field(default=None, min_length=1)
    timeout: Duration = timedelta(minutes=5)


class VerifyRules(Section):
    """``bake`` is how long the new version is watched before it counts as verified."""

    bake: Duration = timedelta(0)


class ServiceDefinition(Section):
    """A whole ``service.yaml``."""

    application: str = Field(
        pattern=APPLICATION_PATTERN,
        description="lower-case letters and digits, at most 20, starting with a letter, no hyphen",
    )
    role: str = Field(
        pattern=ROLE_PATTERN, description="lower-case words of letters and digits joined by single hyphens"
    )
    kind: Kind = Kind.SERVICE
    build: Build = Build()
    tests: Tests | None = None
    port: int = Field(default=8080, ge=1, le=65535)
    health: Health = Health()
    ingress: Ingress | None = None
    scale: PerEnvironment[Scale] = PerEnvironment(ci=Scale(), prod=Scale())
    config: PerEnvironment[dict[Variable, str]] = PerEnvironment(ci={}, prod={})
    secrets: tuple[Name, ...] = ()
    writes: Writes = Writes()
    reads: Reads = Reads()
    monitors: InsidePath | None = None
    deploy: DeployRules = DeployRules()
    verify: VerifyRules = VerifyRules()
    owner: str = Field(min_length=1, max_length=100, description="the team to tell")

    @property
    def service(self) -> ServiceId:
        """Who this is."""
        return ServiceId(application=self.application, role=self.role)

    @model_validator(mode="after")
    def _name_fits(self) -> Self:
        self.service  # noqa: B018 – raises when the canonical name is too long
        return self

    @model_validator(mode="after")
    def _build_fits_kind(self) -> Self:
        if self.kind is Kind.STATIC:
            if self.build.output is None:
                raise ValueError("build.output, the directory that holds the site, for kind static")
            if (self.build.command is None) != (self.build.image is None):
                raise ValueError("build.command and build.image together, or neither")
            if self.ingress is None:
                raise ValueError("ingress.path for kind static: nobody could reach the site")
        elif self.build.output or self.build.command or self.build.image:
            raise ValueError("build.output, build.command and build.image only for kind static")
        return self

    @model_validator(mode="after")
    def _secrets_are_unique(self) -> Self:
        if len(set(self.secrets)) != len(self.secrets):
            raise ValueError("each secret once")
        return self


def definition_schema() -> dict[str, Any]:
    """The JSON Schema of ``service.yaml``, for editors (``onward check --schema``)."""
    schema = ServiceDefinition.model_json_schema(mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Onward service.yaml"
    return schema
