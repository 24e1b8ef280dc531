"""``service.yaml``: each fault names file, line, key and what was expected."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from domain.definition_file import FAULTS_LIMIT, parse_definition
from domain.errors import InvalidDefinition
from domain.service import definition_schema

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(ROOT.glob("examples/**/service.yaml"))
SCHEMA = definition_schema()

#: A valid beginning of five lines, so that what a case adds stands on line 6.
HEAD = "application: shop\nrole: cart\nowner: team\nport: 8080\nbuild: {context: .}\n"
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


def _refused(text: str) -> str:
    with pytest.raises(InvalidDefinition) as caught:
        parse_definition(text, "cart/service.yaml")
    return str(caught.value)


FAULTS = {
    "colour: red": "6: colour: unknown key; expected one of application, batch, build, config,",
    "health: {pth: /}": "6: health.pth: unknown key; expected one of command, interval, path, retries, start",
    "port: 80": "6: port: duplicate key; expected each key once (first on line 4)",
    "scale: {ci: {min: '1'}, prod: {}}": '6: scale.ci.min: "1"; expected a whole number, without quotes',
    "scale: {ci: {min: 3, max: 2}, prod: {}}": "6: scale.ci.max: 2; expected at least min, which is 3",
    "scale: {ci: {}}": "6: scale.prod: missing key; expected",
    "config: {ci: {lower: x}, prod: {}}": '6: config.ci.lower: "lower"; expected upper-case letters',
    "config: {ci: {ONWARD_ROLE: x}, prod: {}}": "expected another name: those that start with ONWARD_ are Onward's own",
    "config: {ci: {A: 1}, prod: {}}": "6: config.ci.A: 1; expected text; put it in quotes",
    "ingress: {path: cart}": '6: ingress.path: "cart"; expected a path that starts with /',
    "deploy: {timeout: soon}": '6: deploy.timeout: "soon"; expected a duration such as 500ms, 30s, 5m or 1h30m',
    "deploy: {timeout: 10ms}": "6: deploy.timeout: ",
    "verify: {bake: 90000h}": "expected at most 720h",
    "health: [1]": "6: health: a list; expected a mapping of keys to values",
    "health: {command: []}": "6: health.command: a list; expected a list with something in it",
    "secrets: [a, a]": '6: secrets.1: "a"; expected each secret once',
    "tests: {integration: {context: ../x}}": "expected a relative path inside the service's directory, without ..",
    "tests: {integration: {context: sub, dockerfile: ../Dockerfile}}": (
        '6: tests.integration.dockerfile: "../Dockerfile"; expected a relative path inside the context, without ..'
    ),
    "tests: {integration: {}}": "6: tests.integration.context: missing key; expected the suite's directory",
    **{
        f"tests: {{integration: {{context: t}}, {excuses}: [{{case: '{case}', reason: r, owner: o{until}}}]}}": (
            f'6: tests.{excuses}.0.case: "{case}"; expected a shell-style pattern such as test_total*, not of wildcards'
        )
        for excuses, until in (("retired", ""), ("quarantined", ", until: 2026-12-31"))
        for case in ("*", "?*", "*.*", "[a-z]*", "[!x]")
    },
    **{
        f"tests: {{integration: {{context: t}}, {excuses}: [{{{given}}}]}}": f"6: tests.{excuses}.0.{key}: {fault}"
        for excuses, given, key, fault in (
            ("retired", "case: a, owner: o", "reason", "missing key; expected why, for whoever reads it later"),
            ("retired", "case: a, reason: r", "owner", "missing key; expected who answers for it"),
            ("retired", "reason: r, owner: o", "case", "missing key; expected a shell-style pattern"),
            ("quarantined", "case: a, owner: o, until: 2026-12-31", "reason", "missing key; expected why"),
            ("quarantined", "case: a, reason: r, until: 2026-12-31", "owner", "missing key; expected who answers"),
            ("quarantined", "case: a, reason: r, owner: o", "until", "missing key; expected the last day"),
            ("quarantined", "case: a, reason: r, owner: o, until: soon", "until", '"soon"; expected'),
            ("retired", "case: a, reason: '', owner: o", "reason", '""; expected some text'),
        )
    },
    "kind: static": "5: build.output: missing key; expected the directory that holds the site, for kind static",
    "kind: daemon": '6: kind: "daemon"; expected one of',
    "writes: {queues: [Jobs]}": '6: writes.queues.0.name: "Jobs"; expected lower-case words',
    "writes: {queues: [7]}": "6: writes.queues.0: 7; expected a name, or a mapping with one",
    "writes: {queues: [{fifo: true}]}": "6: writes.queues.0.name: missing key; expected lower-case words",
    "writes: {queues: [{name: a, colour: red}]}": "6: writes.queues.0.colour: unknown key; expected one of",
    "writes: {queues: [{name: a, visibility: 500ms}]}": '6: writes.queues.0.visibility: "500ms"; expected whole',
    "writes: {queues: [{name: a, visibility: 13h}]}": "6: writes.queues.0.visibility: 13h; expected at most 12 hours",
    "writes: {queues: [{name: a, dead_letter: {after: 0}}]}": "6: writes.queues.0.dead_letter.after: 0; expected at",
    "writes: {queues: [a, {name: a}]}": '6: writes.queues.1: "a"; expected each queue once',
    "writes: {queues: [a-dead, {name: a, dead_letter: {after: 2}}]}": "another name: a-dead is the queue of the dead",
    "writes: {buckets: [{name: a, expire: 90}]}": "6: writes.buckets.0.expire: 90; expected whole days such as 90d",
    "batch: {timeout: 5m}": "6: batch: a mapping; expected this key only for kind batch",
    "kind: datastore": "1: datastore: missing key; expected volume and version of the data, for kind datastore",
    "datastore: {volume: /data, version: '15'}": "6: datastore: a mapping; expected this key only for kind datastore",
    **{
        f"kind: datastore\ndatastore: {{volume: /data, version: '15'}}\n{key}": f"8: {fault}"
        for key, fault in (
            (
                "scale: {ci: {}, prod: {max: 2}}",
                "scale.prod: a mapping; expected min and max 1: two processes",
            ),
            ("ingress: {path: /x}", "ingress: a mapping; expected nothing: only who reads it reaches a datastore"),
            ("reads: {services: [a]}", "reads: a mapping; expected nothing: a datastore is on no network but"),
            ("deploy: {migrate: [a]}", "deploy.migrate: a list; expected nothing: the service that owns a schema"),
        )
    },
    **{
        f"kind: datastore\ndatastore: {{{keys}}}": f"7: datastore.{fault}"
        for keys, fault in (
            ("version: '15'", "volume: missing key; expected"),
            ("volume: data, version: '15'", 'volume: "data"; expected an absolute path below /, without ..'),
            ("volume: /, version: '15'", 'volume: "/"; expected an absolute path below /'),
            ("volume: /data, version: 15", "version: 15; expected text; put it in quotes"),
            ("volume: /data, version: latest", 'version: "latest"; expected a version such as 15 or 15.4, in quotes'),
            ("volume: /data, version: '15', upgrade_from: '15.1'", 'upgrade_from: "15.1"; expected a major version'),
            (
                "volume: /d, version: '15', upgrade_from: '16'",
                'upgrade_from: "16"; expected a major version below 15',
            ),
            ("volume: /data, version: '15', backup: {}", "backup.command: missing key; expected"),
        )
    },
    "x: [": "7: not YAML: ",
    BOMB: "7: alias *a; expected the value written out",
    "x: !!str y": "6: tag tag:yaml.org,2002:str; expected plain values without tags",
    "<<: {port: 1}": "6: merge key <<; expected the keys written out",
    "1: x": "6: a key that is not text; expected text keys",
    "---\na: b": "6: not YAML: but found another document; expected one YAML document",
    f"x: {'[' * 40}{']' * 40}": "6: nested too deeply; expected at most 32 levels",
    f"# {'x' * 262_144}": "6: too large; expected at most 256 KiB",
    'owner2: "\\0"': "6: owner2: text with NUL",
}


BATCH_FAULTS = {
    "port: 8081": "5: port: 8081; expected nothing: a batch job serves nobody",
    "health: {path: /x}": "5: health: a mapping; expected nothing: a batch job serves nobody",
    "ingress: {path: /x}": "5: ingress: a mapping; expected nothing: a batch job serves nobody",
    "scale: {ci: {}, prod: {min: 2, max: 5}}": (
        "5: scale.prod.min: 2; expected only max, how many runs may be going at once"
    ),
    "batch: {schedule: '0 25 * * *'}": (
        "5: batch.schedule: \"0 25 * * *\"; expected numbers from 0 to 23 for the hour, not '25'"
    ),
    "batch: {schedule: 5}": "5: batch.schedule: 5; expected text; put it in quotes",
    "batch: {schedule: '@daily', every: 5m}": '5: batch.every: "5m"; expected no schedule beside it',
    "batch: {every: 100ms}": "5: batch.every: ",
    "batch: {overlap: queue}": "5: batch.overlap: \"queue\"; expected one of 'skip', 'buffer_one' or 'buffer_all'",
    "batch: {command: []}": "5: batch.command: a list; expected a list with something in it",
    "batch: {retries: 3}": "5: batch.retries: unknown key; expected one of command, every, late_after, overlap,",
}


@pytest.mark.parametrize("text", BATCH_FAULTS)
def test_a_fault_of_a_batch_job_is_said_as_exactly(text: str) -> None:
    message = _refused(f"application: shop\nrole: report\nowner: team\nkind: batch\n{text}\n")

    assert BATCH_FAULTS[text] in message


@pytest.mark.parametrize("key", ["dockerfile", "output"])
def test_what_is_relative_to_the_context_stays_in_it(key: str) -> None:
    message = _refused(f"application: shop\nrole: cart\nowner: team\nbuild:\n  context: sub\n  {key}: ../x\n")

    wanted = f'cart/service.yaml:6: build.{key}: "../x"; expected a relative path inside the context, without ..'
    assert message.splitlines()[0] == wanted


@pytest.mark.parametrize("text", FAULTS, ids=lambda text: text[:40])
def test_a_fault_is_said_with_file_line_key_and_what_was_expected(text: str) -> None:
    message = _refused(f"{HEAD}{text}\n")

    assert message.startswith("cart/service.yaml:")
    assert FAULTS[text] in message
    assert "onward check DIR" in message


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    message = _refused("application: Shop\nrole: Cart\nport: 0\n")

    lines = [int(line) for line in re.findall(r"service\.yaml:(\d+)", message)]
    assert lines == sorted(lines)
    assert all(key in message for key in ("application: ", "role: ", "port: 0; expected at least 1", "owner: missing"))


def test_a_wholly_wrong_file_is_told_in_a_page() -> None:
    message = _refused(HEAD + "".join(f"key{index}: 1\n" for index in range(100)))

    assert message.count("unknown key") == FAULTS_LIMIT
    assert "and 80 more" in message


@pytest.mark.parametrize("case", ["test_total*", "suite.*", "[ab]_1", "a", "*é"])
def test_a_pattern_with_a_name_in_it_may_be_excused(case: str) -> None:
    text = f"{HEAD}tests: {{integration: {{context: t}}, retired: [{{case: '{case}', reason: r, owner: o}}]}}\n"

    tests = parse_definition(text, "service.yaml").tests

    assert tests is not None
    assert tests.retired[0].case == case


@pytest.mark.parametrize("text", ["", "null", "[]", "text", "# nothing"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    assert "cart/service.yaml:1: " in _refused(text)


@given(st.text(max_size=80))
def test_no_text_at_all_gets_anything_but_an_answer(text: str) -> None:
    try:
        parse_definition(HEAD + text, "service.yaml")
    except InvalidDefinition as error:
        assert str(error).startswith("service.yaml:")  # noqa: PT017 – most texts are refused, some are not


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.parent.name)
def test_the_examples_are_valid_by_the_exported_schema_too(file: Path) -> None:
    parse_definition(file.read_text(), str(file))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(yaml.safe_load(file.read_text()), SCHEMA, jsonschema.Draft202012Validator)


def test_the_exported_schema_refuses_what_we_refuse() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(f"{HEAD}colour: red"), SCHEMA)
    json.dumps(SCHEMA)  # it is plain data


def _leaves(schema: dict[str, Any], path: str) -> set[str]:
    """The keys of a schema that hold no keys of their own, with dots."""
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    target = options[0]
    if "$ref" in target:
        target = SCHEMA["$defs"][target["$ref"].rpartition("/")[2]]
    inner = target.get("properties")
    if not inner or path.startswith(("scale.", "config.")):
        return {path}
    return {leaf for key, value in inner.items() for leaf in _leaves(value, f"{path}.{key}".strip("."))}


def test_the_documentation_lists_exactly_the_keys_that_there_are() -> None:
    table = (ROOT / "docs" / "service-yaml.md").read_text()
    rows = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    documented = {key for row in rows for key in re.findall(r"`([\w.]+)`", row)}

    assert documented == _leaves(SCHEMA, "")


def test_a_bucket_is_as_long_as_s3_takes_it_in_each_environment() -> None:
    head = f"application: {'a' * 20}\nrole: cart\nowner: team\n"

    parse_definition(f"{head}writes: {{buckets: [{'b' * 37}], queues: [{'q' * 40}]}}\n", "service.yaml")
    with pytest.raises(InvalidDefinition, match=rf"expected at most 37 characters in {'a' * 20}"):
        parse_definition(f"{head}writes: {{buckets: [{'b' * 38}]}}\n", "service.yaml")


def test_a_resource_may_be_a_name_alone() -> None:
    short = parse_definition(f"{HEAD}writes: {{queues: [jobs]}}\n", "service.yaml")
    long = parse_definition(
        f"{HEAD}writes: {{queues: [{{name: jobs, retention: 4d, visibility: 30s}}]}}\n", "service.yaml"
    )

    assert short == long
