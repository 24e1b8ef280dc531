"""Which path of an edge leads where."""

from __future__ import annotations

import itertools

import pytest

from engines.edge_routes import path_priority, path_rule


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/", "PathPrefix(`/`)"),
        ("/cart", "Path(`/cart`) || PathPrefix(`/cart/`)"),
        ("/a/b/", "Path(`/a/b`) || PathPrefix(`/a/b/`)"),
    ],
)
def test_a_path_is_matched_with_what_is_below_it(path: str, rule: str) -> None:
    assert path_rule(path) == rule


def test_a_longer_path_wins() -> None:
    priorities = [path_priority(path) for path in ("/", "/cart", "/cart/items")]
    assert all(shorter < longer for shorter, longer in itertools.pairwise(priorities))
    assert priorities[0] > 0
