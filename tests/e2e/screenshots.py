"""``make screenshots``: the pictures of ``docs/``, from the stack on which the demo was told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from settings import StackSettings
from tests.e2e.browser import browser_page, opened
from tests.e2e.commandline import CommandLine

IMAGES = Path(__file__).parents[2] / "docs" / "images"
TAB = "User Metadata"


def main() -> None:
    """One picture for each kind of page."""
    settings, onward = StackSettings(), CommandLine({})
    verified, failed = (_newest(onward, status) for status in ("verified", "failed"))
    pages = {
        "release-verified": (verified["release"], "verify prod"),
        "release-failed": (failed["release"], "Failed in"),
        "regression": (verified["regression"]["workflow"], "passed"),
        "roll-forward": (failed["roll_forward"], "What was tried"),
        "gate": ("gate:shop", "Gate of shop"),
    }
    base = f"http://127.0.0.1:{settings.temporal_ui_port}/namespaces/default/workflows"
    with browser_page() as page:
        for name, (workflow, text) in pages.items():
            opened(page, f"{base}/{quote(workflow, safe='')}", TAB, text, IMAGES / f"{name}.png")


def _newest(onward: CommandLine, status: str) -> Any:
    """The newest release of the cart that ended like this."""
    words = ("releases", "--application", "shop", "--role", "cart", "--status", status, "--limit", "1")
    return onward.json("show", json.loads(onward.run(*words, "--json").stdout)[0]["release"])


if __name__ == "__main__":
    main()
