"""The queues of the stack: ``ministack``, of whose many services only SQS is switched on."""

from __future__ import annotations

from pathlib import Path

from settings import StackSettings
from stack import probes
from stack.parts import Part, Port
from stack.places import StateDirectory
from stack.programs import python_tool

HEALTH = "/_ministack/health"


def queues(settings: StackSettings, directory: StateDirectory, gateway: str) -> Part:
    """On the bridge's gateway, as S3 is: this machine and its containers reach it, others do not.

    It writes what it holds to the disk when it is asked to end; what came since goes with a SIGKILL.
    """
    data = directory.data / "queues"
    data.mkdir(exist_ok=True)
    return Part(
        name="queues",
        title="queues (ministack)",
        command=(python_tool("ministack"),),
        probe=lambda: probes.answers_http("SQS", gateway, settings.sqs_port, HEALTH),
        address=sqs_endpoint(settings, gateway),
        ports=(Port(settings.sqs_port, gateway, "ONWARD_SQS_PORT"),),
        environment=queue_server_variables(data, gateway, settings.sqs_port) | {"TMPDIR": str(directory.run)},
    )


def queue_server_variables(data: Path, address: str, port: int) -> dict[str, str]:
    """What ``ministack`` is told; it has no options."""
    return {
        "SERVICES": "sqs",
        "BIND_HOST": address,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": address,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(data),
        "LOG_LEVEL": "WARNING",
    }


def sqs_endpoint(settings: StackSettings, gateway: str) -> str:
    """The SQS API, under the one address that workers and containers reach."""
    return f"http://{gateway}:{settings.sqs_port}"
