"""What a proof wraps is there: a function that was renamed would let it wait for ever."""

from __future__ import annotations

from functools import reduce
from importlib import import_module

import pytest

from tests.proofs import rules
from tests.proofs.points import POINTS, RECEIPT_FIRST, TAKEN_OVER, point_of
from tests.proofs.rules import RULES


def function(named: str) -> object:
    """What ``module:name`` or ``module:Class.name`` names."""
    module, _, path = named.partition(":")
    return reduce(getattr, path.split("."), import_module(module))


@pytest.mark.parametrize("point", [*POINTS, TAKEN_OVER, RECEIPT_FIRST])
def test_every_point_is_a_function_of_the_hub(point: str) -> None:
    assert callable(function(point_of(point).function))


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_that_can_be_dropped_is_kept_by_what_the_hub_has(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced: list[str] = []
    monkeypatch.setattr(rules, "replace", lambda named, _by: replaced.append(named))
    RULES[rule]()
    assert replaced
    for named in replaced:
        assert function(named)
