"""``onward scale``: how many replicas, who said so, and ci as it is in prod."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import TypeAdapter

from domain.duration import Duration, format_duration
from domain.environment import Environment
from domain.errors import InvalidInput
from domain.identity import ServiceId, canonical_name
from domain.mirror import LASTS, Mirror, Reset
from starter.command import By, Json, command, myself, waiting
from starter.output import ExitCode, Output


@command
def scale(
    environment: Annotated[Environment, typer.Argument(metavar="ENVIRONMENT", help="ci or prod.")],
    application: Annotated[str, typer.Argument(metavar="APPLICATION", help="Such as shop.")],
    role: Annotated[str | None, typer.Argument(metavar="ROLE", help="Such as cart.")] = None,
    replicas: Annotated[int | None, typer.Argument(metavar="REPLICAS", help="Inside of the limits.")] = None,
    mirror: Annotated[Environment | None, typer.Option(help="Of ci: bring all services to the size in prod.")] = None,
    lasts: Annotated[str, typer.Option("--for", help="How long a mirror lasts.")] = format_duration(LASTS),
    reset: Annotated[bool, typer.Option("--reset", help="Of ci: end the mirror now.")] = False,
    reason: Annotated[str, typer.Option(help="Why; kept with the change.")] = "",
    by: By = "",
    as_json: Json = False,
) -> ExitCode | None:
    """How many replicas each service has, and who changed that; or change it."""
    output, who = Output(as_json=as_json), by or myself()
    given = [role is not None, mirror is not None, reset]
    if sum(given) > 1 or (role is None) != (replicas is None):
        raise InvalidInput(
            "that is not one change",
            expected="ROLE REPLICAS, or --mirror prod, or --reset, or nothing to see the sizes",
        )
    if any(given) and not reason.strip():
        raise InvalidInput("it is empty", where="--reason", expected="why the size changes; it is kept with the change")
    if mirror is not None or reset:
        if environment is not Environment.CI or mirror is Environment.CI:
            raise InvalidInput(
                "only ci mirrors, and only prod", expected=f"onward scale ci {application} --mirror prod"
            )
        asked = {"application": application, "by": who, "reason": reason}
        message = Reset(**asked) if reset else Mirror(**asked, lasts=_duration(lasts))
        return waiting(_mirror(message, output))
    if role is None or replicas is None:
        return waiting(_show(environment, application, output))
    return waiting(_scale(environment, _service(application, role), replicas, reason, who, output))


async def _show(environment: Environment, application: str, output: Output) -> None:
    from starter.connection import connect
    from starter.scaling import Scaling, record_rows

    sizes = await Scaling((await connect()).client).sizes(environment, application)
    output.document(sizes)
    output.table(
        ["service", "#", "replicas", "limits", ""],
        [
            (
                *(
                    canonical_name(environment, _service(application, each.role)),
                    each.number,
                    f"{each.healthy}/{each.replicas}",
                ),
                *(f"{each.limits.min}–{each.limits.max}", "mirrors prod" if each.mirrored else ""),
            )
            for each in sizes.services
        ],
        empty=f"nothing of {application} in {environment} has replicas",
    )
    output.table(["when", "what", "by", "why"], record_rows(sizes.records), empty="nobody has changed a size")


async def _scale(
    environment: Environment, service: ServiceId, replicas: int, reason: str, by: str, output: Output
) -> None:
    from domain.scale import ScaleRequest
    from starter.connection import connect
    from starter.scaling import Scaling

    request = ScaleRequest(environment=environment, service=service, replicas=replicas, by=by, reason=reason)
    change = await Scaling((await connect()).client).scale(request)
    output.document({"environment": environment, "application": service.application, **change.model_dump(mode="json")})
    output.text(f"{canonical_name(environment, service)}: {change.before} → {change.replicas}, all serve")


async def _mirror(message: Mirror | Reset, output: Output) -> ExitCode:
    from starter.connection import connect
    from starter.scaling import Scaling, change_lines

    done = await Scaling((await connect()).client).mirror(message)
    output.document(done)
    output.text("\n".join(change_lines(done.changes)) or "nothing is mirrored")
    if done.until is not None:
        output.text(f"ends by itself at {done.until:%Y-%m-%d %H:%M} UTC, or with --reset")
    return ExitCode.FAILED if any(each.fault for each in done.changes) else ExitCode.DONE


def _service(application: str, role: str) -> ServiceId:
    try:
        return ServiceId(application=application, role=role)
    except ValueError:
        raise InvalidInput(f"{application}-{role} is no service", expected="an application and a role") from None


def _duration(text: str) -> Duration:
    try:
        return TypeAdapter(Duration).validate_python(text)
    except ValueError:
        raise InvalidInput(f"{text!r}", where="--for", expected="a duration such as 30m or 2h") from None
