"""``service.yaml``: what a service brings, as a model (DESIGN: what a service brings).

A definition says nothing that Onward does not act on: a key that is unknown is refused, never
silently ignored.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from pydantic import Field, model_validator
from pydantic.json_schema import GenerateJsonSchema

from domain.batch_rules import BatchRules
from domain.datastore import Datastore
from domain.datastore_rules import refuse_unfit_datastore
from domain.definition_values import WORDS, InsideContext, InsidePath, Name, Section, UrlPath, Variable
from domain.duration import Duration, format_duration
from domain.environment import ENVIRONMENTS, PerEnvironment, Scale
from domain.identity import APPLICATION_PATTERN, ROLE_PATTERN, ServiceId, role_limit, secret_limit
from domain.key_fault import key_fault
from domain.resources import BucketItem, QueueItem, ResourceKind, resource_fault
from domain.service_tests import Tests

DEFINITION_FILE = "service.yaml"


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
    dockerfile: InsideContext = Field(default="Dockerfile", description="relative to the context")
    args: dict[str, str] = Field(default_factory=dict)
    image: str | None = Field(default=None, min_length=1, description="static only")
    command: tuple[str, ...] | None = Field(default=None, min_length=1, description="static only")
    output: InsideContext | None = Field(default=None, description="static only, relative to the context")


class ScaleLimits(PerEnvironment[Scale]):
    """How many replicas each environment may have."""


class Config(PerEnvironment[dict[Variable, str]]):
    """The environment variables of the service in each environment."""


class Health(Section):
    """How a task tells that it serves: an HTTP path that answers 2xx, or a command that exits 0.

    ``interval`` is the time between two checks, ``retries`` how many must fail in a row,
    ``start`` the time in which a failure does not count yet.
    """

    path: UrlPath = "/healthz"
    command: tuple[str, ...] | None = Field(default=None, min_length=1)
    interval: Duration = Field(default=timedelta(seconds=2), ge=timedelta(milliseconds=100))
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
    """The resources that the service writes, and therefore owns: each a name, or a mapping with more."""

    queues: tuple[QueueItem, ...] = ()
    buckets: tuple[BucketItem, ...] = ()


class DeployRules(Section):
    """``timeout`` bounds one environment's deploy; ``migrate`` runs before the first new task."""

    migrate: tuple[str, ...] | None = Field(default=None, min_length=1)
    timeout: Duration = Field(default=timedelta(minutes=5), ge=timedelta(seconds=1))


class VerifyRules(Section):
    """``bake`` is how long the new version is watched before it counts as verified."""

    bake: Duration = timedelta(0)


class ServiceDefinition(Section):
    """A whole ``service.yaml``."""

    application: str = Field(
        pattern=APPLICATION_PATTERN,
        description="lower-case letters and digits, at most 20, starting with a letter, no hyphen",
    )
    role: str = Field(pattern=ROLE_PATTERN, description=WORDS)
    kind: Kind = Kind.SERVICE
    build: Build = Build()
    tests: Tests | None = None
    port: int = Field(default=8080, ge=1, le=65535)
    health: Health = Health()
    ingress: Ingress | None = None
    scale: ScaleLimits = ScaleLimits(ci=Scale(), prod=Scale())
    config: Config = Config(ci={}, prod={})
    secrets: tuple[Name, ...] = ()
    writes: Writes = Writes()
    reads: Reads = Reads()
    monitors: InsidePath | None = None
    datastore: Datastore | None = Field(default=None, description="kind datastore only")
    deploy: DeployRules = DeployRules()
    verify: VerifyRules = VerifyRules()
    batch: BatchRules = BatchRules()
    owner: str = Field(min_length=1, max_length=100, description="the team to tell")

    @property
    def service(self) -> ServiceId:
        """Who this is."""
        return ServiceId(application=self.application, role=self.role)

    @property
    def resources(self) -> dict[ResourceKind, tuple[str, ...]]:
        """The queues and buckets that it writes or reads, each once; dead letters are not among what it writes."""
        queues = (*(each.name for each in self.writes.queues), *self.reads.queues)
        buckets = (*(each.name for each in self.writes.buckets), *self.reads.buckets)
        found = {ResourceKind.QUEUE: queues, ResourceKind.BUCKET: buckets}
        return {kind: tuple(dict.fromkeys(names)) for kind, names in found.items() if names}

    @property
    def reached_datastores(self) -> tuple[str, ...]:
        """The roles of the datastores that it and its suite speak to: those it reads, or itself."""
        return (self.role,) if self.kind is Kind.DATASTORE else self.reads.datastores

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        limit = role_limit(self.application)
        if len(self.role) > limit:
            name = f"prod-{self.application}-<role>"
            raise key_fault(
                "role", value=self.role, expected=f"at most {limit} characters: {name} is a DNS label of at most 63"
            )
        limit = secret_limit(self.service)
        for index, secret in enumerate(self.secrets):
            if len(secret) > limit:
                raise key_fault("secrets", index, value=secret, expected=f"at most {limit} characters")
            if secret in self.secrets[:index]:
                raise key_fault("secrets", index, value=secret, expected="each secret once")
        return self

    @model_validator(mode="after")
    def _resources_fit(self) -> Self:
        if fault := resource_fault(self.application, self.writes.queues, self.writes.buckets):
            raise fault
        return self

    @model_validator(mode="after")
    def _build_fits_kind(self) -> Self:
        if self.kind is not Kind.STATIC:
            for key in ("output", "command", "image"):
                if value := getattr(self.build, key):
                    raise key_fault("build", key, value=value, expected="this key only for kind static")
        elif self.build.output is None:
            raise key_fault("build", "output", expected="the directory that holds the site, for kind static")
        elif self.build.command and self.build.image is None:
            raise key_fault("build", "image", expected="the image that build.command runs in")
        elif self.build.image and self.build.command is None:
            raise key_fault("build", "command", expected="the command that runs in build.image")
        return self

    @model_validator(mode="after")
    def _a_datastore_is_one_process(self) -> Self:
        refuse_unfit_datastore(self, is_datastore=self.kind is Kind.DATASTORE)
        return self

    @model_validator(mode="after")
    def _a_site_is_files(self) -> Self:
        if self.kind is Kind.STATIC:
            if self.ingress is None:
                raise key_fault("ingress", "path", expected="the path of the site, for kind static")
            if self.deploy.migrate:
                raise key_fault("deploy", "migrate", value=self.deploy.migrate, expected="nothing: a site is files")
            for key in ("port", "health", "scale", "config", "secrets", "writes"):
                if getattr(self, key) != ServiceDefinition.model_fields[key].default:
                    raise key_fault(key, value=getattr(self, key), expected="nothing: a site is files, no process")
            for key in ("queues", "buckets"):
                if value := getattr(self.reads, key):
                    raise key_fault("reads", key, value=value, expected="nothing: a site is files, no process")
        return self

    @model_validator(mode="after")
    def _a_job_serves_nobody(self) -> Self:
        if self.kind is not Kind.BATCH:
            if self.batch != BatchRules():
                raise key_fault("batch", value=self.batch, expected="this key only for kind batch")
            return self
        for key in ("port", "health", "ingress"):
            if getattr(self, key) != ServiceDefinition.model_fields[key].default:
                raise key_fault(key, value=getattr(self, key), expected="nothing: a batch job serves nobody")
        for environment in ENVIRONMENTS:
            least = self.scale.of(environment).min
            if least != Scale().min:
                expected = "only max, how many runs may be going at once"
                raise key_fault("scale", environment.value, "min", value=least, expected=expected)
        return self


class _SchemaOfDefinition(GenerateJsonSchema):
    def encode_default(self, dft: Any) -> Any:
        """A default as a person would write it."""
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def definition_schema() -> dict[str, Any]:
    """The JSON Schema of ``service.yaml``, for editors (``onward check --schema``)."""
    schema = ServiceDefinition.model_json_schema(mode="validation", schema_generator=_SchemaOfDefinition)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Onward service.yaml"
    return schema
