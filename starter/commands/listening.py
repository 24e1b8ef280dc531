"""``onward listen``: alerts of prod open roll-forwards."""

from __future__ import annotations

from typing import Annotated

import typer

from starter.command import Json, command, waiting
from starter.output import ExitCode, Output


@command
def listen(
    address: Annotated[str, typer.Option(help="host:port to listen on; with port 0 a free one.")] = "127.0.0.1:9095",
    as_json: Json = False,
) -> ExitCode | None:
    """Take what Alertmanager sends, until SIGTERM: an alert of prod opens a roll-forward."""

    async def run() -> None:
        import logging

        from settings import ListenSettings
        from starter.alerts import alerts_of
        from starter.connection import connect
        from starter.listening import Listener, parse_address, serve

        output, token = Output(as_json=as_json), ListenSettings().listen_token
        host, port = parse_address(address, token)

        def ready(port: int) -> None:
            url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
            output.document({"listening": url})
            output.text(f"listening on {url}")

        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
        alerts = alerts_of((await connect()).client)
        await serve(Listener(alerts, token), host, port, ready=ready)

    return waiting(run())
