"""A service's own rules: read strictly, and none without tests."""

from __future__ import annotations

import pytest

from domain.environment import ENVIRONMENTS
from domain.errors import InvalidMonitors
from domain.monitor_files import FILES_LIMIT, RULES_LIMIT
from domain.monitor_rules import rules_from
from domain.monitor_set import installed, monitors_of
from tests.monitors import DEFINITION, RULES, TESTS, definition, own

NEVER_SILENT = TESTS.replace(
    "  - {eval_time: 4m, alertname: CartFails}\n", "  - {eval_time: 4m, alertname: TasksFail}\n"
)
NEVER_FIRING = TESTS.replace('[{exp_labels: {severity: page}, exp_annotations: {summary: "4 carts fail"}}]', "[]")

FAULTS = {
    "an unknown key": (RULES.replace("for:", "four:"), TESTS, "cart.yaml:6: groups.0.rules.0.four: unknown key"),
    "no duration": (RULES.replace("1m\n", "soon\n"), TESTS, 'rules.0.for: "soon"; expected a duration'),
    "a number for text": (RULES.replace("page", "1"), TESTS, "labels.severity: 1; expected text; put it in quotes"),
    "a recording rule": (RULES.replace("alert:", "record:"), TESTS, "groups.0.rules.0.record: unknown key"),
    "a label of Onward's": (RULES.replace("labels: {", "labels: {role: x, "), TESTS, "the label role; expected no"),
    "one environment alone": (
        RULES.replace('environment="ONWARD_ENVIRONMENT"', 'environment="prod"'),
        TESTS,
        'cart.yaml:4: CartFails: environment="prod"; expected ONWARD_ENVIRONMENT: the same rule serves ci and prod',
    ),
    "a canonical name": (RULES.replace("carts_total{", 'carts_total{x="prod-shop-cart",'), TESTS, "prod-shop; "),
    "a name of a standard monitor": (RULES.replace("CartFails", "TasksFail"), TESTS, "TasksFail: a second rule of"),
    "a merge key": (RULES.replace("    for: 1m\n", "    <<: {for: 1m}\n"), TESTS, "groups.0.rules.0: merge"),
    "nothing in it": ("groups: []\n", TESTS, "monitors/cart.yaml:1: groups: nothing in it"),
    "no test that fires": (RULES, NEVER_FIRING, "CartFails: too few tests; expected one in which it fires, in a "),
    "no test that is silent": (RULES, NEVER_SILENT, "CartFails: too few tests; expected one in which it does not"),
    "no rule of that name": (RULES, TESTS.replace("CartFails}", "CartFall}"), "cart_test.yaml:14: CartFall"),
    "no rule file of that name": (RULES, TESTS.replace("[cart.yaml]", "[card.yaml]"), "rule_files: card.yaml; "),
    "too many samples": (RULES, TESTS.replace("60x20'", "60x20000'"), "expected at most 10000 samples"),
    "too many rules": (
        RULES + "".join(RULES.partition("rules:\n")[2].replace("CartFails", f"C{n}") for n in range(RULES_LIMIT)),
        TESTS,
        "monitors: 101 rules; expected at most 100",
    ),
    "too large": (RULES + "#" * 70_000, TESTS, "monitors/cart.yaml: too large; expected at most 64 KiB"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_what_is_wrong_is_refused_with_its_place_and_what_was_expected(case: str) -> None:
    rules, tests, expected = FAULTS[case]
    with pytest.raises(InvalidMonitors) as refused:
        own(rules, tests)
    assert expected in str(refused.value)


def test_a_rule_without_any_test_is_refused() -> None:
    with pytest.raises(
        InvalidMonitors, match="CartFails: too few tests; expected one in which it fires and one in which"
    ):
        monitors_of(definition(), {"cart.yaml": RULES.encode()})


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, "monitors: no rules; expected files"),
        ({"deep/cart.yaml": b""}, "monitors/deep/cart.yaml: a file in a directory; expected it in monitors itself"),
        ({f"{n}.yaml": b"" for n in range(FILES_LIMIT + 1)}, "monitors: too many files; expected at most 20"),
        ({"cart.yaml": b"\xff"}, "cart.yaml:1: not text; expected UTF-8"),
    ],
)
def test_a_directory_that_cannot_be_read_as_monitors_is_refused(files: dict[str, bytes], expected: str) -> None:
    with pytest.raises(InvalidMonitors) as refused:
        monitors_of(definition(), files)
    assert expected in str(refused.value)


def test_many_faults_are_told_and_the_rest_counted() -> None:
    rules = RULES + "".join(RULES.partition("rules:\n")[2].replace("CartFails", f"C{n}") for n in range(40))
    with pytest.raises(InvalidMonitors, match="and 20 more"):
        own(rules)


def test_the_same_rules_serve_both_environments_with_the_canonical_labels() -> None:
    monitors = own()
    digest = "sha256:" + "a" * 64
    by_environment = {each: installed(monitors.rules, each, definition().service, 7, digest) for each in ENVIRONMENTS}

    for environment, found in by_environment.items():
        assert found.rules is not None
        for rule in found.rules.rules:
            labels = {"environment": environment.value, "application": "shop", "role": "cart"}
            assert labels.items() <= rule.labels.items(), rule.alert
            assert "ONWARD_" not in rule.expr
            assert rule.annotations["onward_monitors"] == "a" * 16
    texts = {found.text.replace(each.value, "") for each, found in by_environment.items()}
    assert len(texts) == 1


def test_the_names_of_the_service_are_put_in() -> None:
    expressions = [rule.expr for rule in rules_from(own().rules).rules if rule.alert == "CartFails"]

    assert expressions == ['sum(rate(carts_total{environment="ONWARD_ENVIRONMENT",role="cart"}[1m])) > 1']


def test_a_service_that_brings_none_has_the_standard_ones_and_who_has_no_edge_none_of_the_edge() -> None:
    plain = DEFINITION.replace("monitors: monitors\n", "")

    names = {
        each: set(monitors_of(definition(text), {}).origins)
        for each, text in {"edge": plain, "inside": plain.replace("ingress: {path: /cart}\n", "")}.items()
    }

    assert names["inside"] == {"ReplicasMissing", "ReplicasUnknown", "TasksFail"}
    assert names["edge"] - names["inside"] == {"ErrorRatioHigh", "LatencyHigh"}
