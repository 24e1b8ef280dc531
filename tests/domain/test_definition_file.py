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
from tests.domain.faulty_definitions import FAULTS

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(ROOT.glob("examples/**/service.yaml"))
SCHEMA = definition_schema()

#: A valid beginning of five lines, so that what a case adds stands on line 6.
HEAD = "application: shop\nrole: cart\nowner: team\nport: 8080\nbuild: {context: .}\n"


def _refused(text: str) -> str:
    with pytest.raises(InvalidDefinition) as caught:
        parse_definition(text, "cart/service.yaml")
    return str(caught.value)


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
