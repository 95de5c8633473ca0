"""What an agency is told never speaks of what only those who run the hub know: its commands,
dead letters, mappings, configuration.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.problems import TOLD
from schemas.refusals import INSTEAD, REASONS
from tests.support.words import OPERATORS

ROOT = Path(__file__).parents[3]


def spoken() -> Iterator[tuple[str, str]]:
    """Every text that reaches an agency, with where it stands."""
    for reason in REASONS.values():
        yield f"cause of {reason.code}", reason.cause
        yield f"cure of {reason.code}", reason.cure
    for done in INSTEAD.values():
        yield "what was done", done
    for status, told in TOLD.items():
        yield f"problem {status}", told.detail
    for path in sorted((ROOT / "router/steps").rglob("*.py")):
        for text in literals(ast.parse(path.read_text("utf-8"))):
            yield path.name, text


def literals(tree: ast.AST) -> Iterator[str]:
    """The texts of a module that are no docstrings: they end up in notices, if anywhere."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def test_whatever_an_agency_is_told_is_in_words_that_it_can_act_on() -> None:
    said = list(spoken())
    assert len(said) > 200
    assert [where for where, text in said if OPERATORS.search(text)] == []


def test_every_reason_says_what_is_wrong_and_what_its_sender_can_do() -> None:
    for reason in REASONS.values():
        assert reason.cause.endswith(".")
        assert reason.cure.endswith(".")


@pytest.mark.parametrize(
    "text", ["See `hub case`.", "Mend and redrive.", "run hub linkage explain", "use --redo"]
)
def test_the_words_of_those_who_run_the_hub_would_be_found(text: str) -> None:
    assert OPERATORS.search(text)
