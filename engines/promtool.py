"""promtool: are rules right, and do their unit tests pass?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from domain.errors import BuildFailed, NotFound
from domain.monitor_set import RULES_FILE, MonitorSet
from domain.progress import Progress

PROMTOOL = "promtool"
QUESTIONS = "questions.yaml"

#: Seconds for all tests of a service; a healthy one takes a tenth of a second.
PATIENCE = 60
FAULTS_LIMIT = 10
TEXT_LIMIT = 2000

#: ``rules.yaml: 5:11: group "g", rule 1, "CartFails": could not parse expression: …``
_FAULTY_RULE = re.compile(r'rule \d+, "(?P<rule>[\w:]+)": (?P<fault>.*)')
_FAILED_TEST = re.compile(
    r"^ *(?:name: (?P<test>[^\n]*),\n *)?"
    r"(?:alertname: (?P<rule>\w+)|expr: (?P<expr>\"[^\n]*\")), time: (?P<time>\S+?), *\n"
    r" *exp:(?P<expected>.*?)\n *got:(?P<got>.*?)(?=\n *(?:name|alertname|expr): |\n\s*\n|\Z)",
    re.MULTILINE | re.DOTALL,
)


class Promtool:
    """A :class:`domain.monitor.MonitorTester`.

    :param search: where to look for the program, as in ``PATH``; without it the process's own.
    """

    def __init__(self, search: str | None = None) -> None:
        self._search = search

    def test(self, monitors: MonitorSet, progress: Progress) -> None:
        """Check the rules, then run their tests. Writes nothing that outlives it; a cancel ends promtool.

        :raises BuildFailed: a rule that Prometheus does not take; or tests that fail, each with its rule,
            what was expected and what it got.
        :raises NotFound: there is no promtool.
        """
        if not monitors.rules:
            return
        program = shutil.which(PROMTOOL, path=self._search)
        if program is None:
            raise NotFound(
                "promtool, which tests monitors, is not installed\n"
                "  next: apt-get install --no-install-recommends prometheus (it is part of Prometheus); onward doctor"
            )
        with tempfile.TemporaryDirectory(prefix="onward-monitors-") as folder:
            rules = Path(folder, RULES_FILE)
            rules.write_text(monitors.rules)
            tests = [Path(folder, name) for name in monitors.tests]
            for file in tests:
                file.write_text(monitors.tests[file.name])
            progress.say(f"checking {monitors.count} monitors")
            Path(folder, QUESTIONS).write_text(_as_rules(monitors))
            for name, check in ((RULES_FILE, _faulty), (QUESTIONS, _faulty_questions)):
                output = _failed([program, "check", "rules", name], folder, progress)
                if output:
                    raise BuildFailed(_text(check(output, monitors) or [_tail(output)]))
            progress.say(f"testing {monitors.count} monitors")
            output = _failed([program, "test", "rules", *(file.name for file in tests)], folder, progress)
            if output:
                raise BuildFailed(_text(list(_failures(output, monitors)) or [_tail(output)]))
            progress.say(f"{monitors.count} monitors pass their tests")


def _failed(words: Sequence[str], folder: str, progress: Progress) -> str:
    """What promtool said, if it did not succeed."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    process = subprocess.Popen(
        words,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    with process, progress.closing(process.kill):
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise BuildFailed(
                f"promtool had not ended after {PATIENCE} s: the tests of the monitors are too much"
            ) from None
        except BaseException:
            process.kill()
            raise
    if process.returncode < 0:
        raise BuildFailed(f"promtool was ended by signal {-process.returncode}")
    return output or f"exit code {process.returncode}" if process.returncode else ""


def _as_rules(monitors: MonitorSet) -> str:
    """What is asked because of annotations, in a form that promtool checks: recording rules."""
    rules = [{"record": _record(*asked), "expr": query} for asked, query in monitors.asked.items()]
    return str(yaml.safe_dump({"groups": [{"name": "questions", "rules": rules}]}))


def _record(rule: str, annotation: str) -> str:
    return f"{rule}:{annotation}"


def _faulty_questions(output: str, monitors: MonitorSet) -> list[str]:
    found = {match["rule"]: match["fault"] for match in _FAULTY_RULE.finditer(output)}
    return [
        f"{monitors.origins.get(rule, '')}: {rule}: {annotation}: {found[_record(rule, annotation)]}"
        for rule, annotation in monitors.asked
        if _record(rule, annotation) in found
    ]


def _faulty(output: str, monitors: MonitorSet) -> list[str]:
    found = {match["rule"]: match["fault"] for match in _FAULTY_RULE.finditer(output)}
    return [f"{monitors.origins.get(rule, '')}: {rule}: {fault}" for rule, fault in found.items()]


def _failures(output: str, monitors: MonitorSet) -> Iterator[str]:
    for match in _FAILED_TEST.finditer(output):
        rule, expression = match["rule"], match["expr"]
        what = f"{monitors.origins.get(rule, '')}: {rule}" if rule else f"the expression {expression}"
        test = f"the test {match['test']!r}" if match["test"] else "its test"
        yield (
            f"{what} fails {test} at {match['time']}\n"
            f"  expected: {_alerts(match['expected'])}\n"
            f"  got: {_alerts(match['got'])}"
        )


def _alerts(text: str) -> str:
    """``Labels:{…} Annotations:{…}`` of each alert in one line; ``no alert`` for none."""
    plain = " ".join(text.strip().rstrip(",").split())
    plain = re.sub(r"(^\[| )\d+: ", r"\1", plain).strip("[] ") if plain.startswith("[") else plain
    return plain or "no alert"


def _text(faults: Sequence[str]) -> str:
    shown = list(faults[:FAULTS_LIMIT])
    if len(faults) > len(shown):
        shown.append(f"and {len(faults) - len(shown)} more")
    return "\n".join(shown)


def _tail(output: str) -> str:
    return output.strip()[-TEXT_LIMIT:]
