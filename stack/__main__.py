"""``python -m stack checks|setup|up|down|doctor``: the local stack without the command line of Onward."""

from __future__ import annotations

import argparse
import os
import sys

from rich.console import Console
from rich.table import Table

from domain.errors import OnwardError
from settings import StackSettings
from stack.doctor import diagnose
from stack.down import down
from stack.setup import set_up, set_up_checks
from stack.up import up


def main() -> int:
    """Exit code 0, or 1 with one message."""
    parser = argparse.ArgumentParser(description="The local stack.")
    parser.add_argument("command", choices=["checks", "setup", "up", "down", "doctor"])
    parser.add_argument("--tests", action="store_true")
    parser.add_argument("--purge", action="store_true")
    parser.add_argument("--engine", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    asked = parser.parse_args()
    console = Console(soft_wrap=True)
    try:
        if asked.command == "checks":
            set_up_checks(lambda line: console.print(line, markup=False))
        elif asked.command == "up":
            table = Table("part", "state", "address", "", box=None)
            for row in up(StackSettings(), console.print, *([asked.only] if asked.only else [])):
                table.add_row(row.title, row.state, row.address, row.detail)
            console.print(table)
        elif asked.command == "setup":
            set_up(StackSettings(), lambda line: console.print(line, markup=False), tests=asked.tests)
        elif asked.command == "doctor":
            table = Table("", "", "", "next", box=None)
            for finding in diagnose(StackSettings()):
                table.add_row(finding.subject, finding.level, finding.detail, finding.next)
            console.print(table)
        elif asked.command == "down":
            down(StackSettings(), asked.purge, console.print, engine=asked.engine)
    except OnwardError as error:
        console.print(error, markup=False)
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # a Python that used the SDK can abort in its exit handlers (sdk-python 300)
