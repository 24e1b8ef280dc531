"""A service's own monitors, for tests: right, and in one way or another not."""

from __future__ import annotations

from domain.artifact import digest_of
from domain.definition_file import parse_definition
from domain.environment import Environment
from domain.monitor_set import InstalledMonitors, MonitorSet, installed, monitors_of
from domain.service import ServiceDefinition

DEFINITION = """\
application: shop
role: cart
owner: team
ingress: {path: /cart}
monitors: monitors
"""

RULES = """\
groups:
- name: cart
  rules:
  - alert: CartFails
    expr: sum(rate(carts_total{environment="ONWARD_ENVIRONMENT",role="ONWARD_ROLE"}[1m])) > 1
    for: 1m
    labels: {severity: page}
    annotations: {summary: "{{ $value }} carts fail"}
"""

TESTS = """\
rule_files: [cart.yaml]
evaluation_interval: 15s
tests:
- name: four fail in a second
  interval: 15s
  input_series: [{series: 'carts_total{environment="ONWARD_ENVIRONMENT",role="cart"}', values: '0+60x20'}]
  alert_rule_test:
  - eval_time: 5m
    alertname: CartFails
    exp_alerts: [{exp_labels: {severity: page}, exp_annotations: {summary: "4 carts fail"}}]
- interval: 15s
  input_series: [{series: 'carts_total{environment="ONWARD_ENVIRONMENT",role="cart"}', values: '0+1x20'}]
  alert_rule_test:
  - {eval_time: 4m, alertname: CartFails}
"""


def definition(text: str = DEFINITION) -> ServiceDefinition:
    """A ``service.yaml``."""
    return parse_definition(text, "service.yaml")


def own(rules: str = RULES, tests: str = TESTS) -> MonitorSet:
    """The monitors of a service with these rules of its own."""
    return monitors_of(definition(), {"cart.yaml": rules.encode(), "cart_test.yaml": tests.encode()})


def to_install(monitors: MonitorSet, number: int = 1, environment: Environment = Environment.PROD) -> InstalledMonitors:
    """What an environment gets of them."""
    digest = digest_of(monitors.rules.encode())
    return installed(monitors.rules, environment, definition().service, number, digest)
