"""What docs/resources.md says: its example is a definition, and names are computed as its table has it."""

from __future__ import annotations

import re
from pathlib import Path

from domain.definition_file import parse_definition
from domain.environment import Environment
from domain.identity import parse_canonical_name
from domain.resource_names import queue_name, resource_name, resource_variable
from domain.resources import Bucket, Queue, dead_name
from domain.slice_names import slice_resource

PAGE = (Path(__file__).parents[2] / "docs" / "resources.md").read_text()


def test_the_example_of_the_page_is_accepted() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)

    definition = parse_definition(f"application: shop\nrole: cart\nowner: team\n{example}", "service.yaml")

    assert {kind.value: names for kind, names in definition.resources.items()} == {
        "queue": ("orders", "payments", "refunds"),
        "bucket": ("receipts",),
    }
    assert definition.writes.buckets[0].expire == 365


def test_every_key_of_a_resource_is_on_the_page_and_none_of_the_past() -> None:
    sections = {name: PAGE.split(f"## {name}\n")[1].split("\n## ")[0] for name in ("Queues", "Buckets")}

    for section, keys in (("Queues", Queue.model_fields), ("Buckets", Bucket.model_fields)):
        listed = {row.partition(".")[0] for row in re.findall(r"^\| `([\w.]+)` \|", sections[section], re.MULTILINE)}
        assert listed == set(keys)


def test_names_are_computed() -> None:
    name = resource_name(Environment.PROD, "shop", "orders")

    assert name == "prod-shop-orders"
    assert parse_canonical_name(name)[0] is Environment.PROD
    assert queue_name(name, fifo=True) == "prod-shop-orders.fifo"
    assert dead_name(name) == "prod-shop-orders-dead"
    assert resource_variable("queue", "new-orders") == "ONWARD_QUEUE_NEW_ORDERS"
    assert slice_resource("slice-1a2b3c4d5e", "orders") == "ci--slice-1a2b3c4d5e-orders"
