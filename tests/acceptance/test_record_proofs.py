"""The proofs of the record in a small form, and each with what it is to find let through."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from tests.proofs import f29, f30, f31, f32, f33, f34, f38, f39, own_verifier
from tests.support.size import FULL


def silent(_done: int) -> None:
    pass


def test_each_call_that_records_something_is_missed_when_it_is_off(tmp_path: Path) -> None:
    figures = f30.prove(tmp_path, without=None, advance=silent)
    assert figures["not_caught"] == 0, figures
    assert figures["writes"] + figures["looks"] == figures["caught"] > 30


def test_without_a_look_at_the_store_no_call_is_missed(tmp_path: Path) -> None:
    figures = f30.prove(tmp_path, without="verify", advance=silent)
    assert figures["not_caught"] == figures["writes"], figures


@pytest.mark.parametrize("without", [None, *f31.CONTROLS])
def test_who_saw_or_decided_what_is_what_whoever_did_it_noted(
    tmp_path: Path, without: str | None
) -> None:
    """20,000 entries where all is looked for and there is time (F31)."""
    leaves = 20_000 if FULL and not without else 2000
    figures = f31.prove(tmp_path, leaves=leaves, asks=10, seed=1, without=without, advance=silent)
    assert (figures["incomplete"] == 0) == (without is None), figures


@pytest.mark.parametrize(
    ("without", "flips"), [(None, 250 if FULL else 60), ("rows", 25), ("tree", 25)]
)
def test_each_bit_that_is_flipped_is_named_by_its_row(
    tmp_path: Path, without: str | None, flips: int
) -> None:
    figures = f32.prove(tmp_path, flips=flips, seed=1, without=without, advance=silent)
    assert figures["tables"] == 24
    assert (figures["not_named"] == 0) == (without is None), figures


@pytest.mark.parametrize("without", [None, *f33.CONTROLS])
def test_one_honest_witness_shows_what_was_rewritten_with_every_right(
    tmp_path: Path, without: str | None
) -> None:
    rounds = 4 if FULL else 2
    figures = f33.prove(tmp_path, rounds=rounds, seed=3, without=without, advance=silent)
    expected = 0 if without else rounds
    assert (figures["caught"], figures["caught_without_a_witness"]) == (expected, 0), figures


@pytest.mark.parametrize("without", [None, *f34.CONTROLS])
def test_another_program_verifies_what_the_hub_proves(tmp_path: Path, without: str | None) -> None:
    trees, bundles = (1000 if FULL else 200, 10) if without is None else (50, 0)
    figures = f34.prove(
        tmp_path, trees=trees, bundles=bundles, seed=1, without=without, advance=silent
    )
    assert (figures["differ"] == 0) == (without is None), figures


def test_the_original_and_the_map_give_the_product() -> None:
    figures = f38.prove(f38.Plan(sequences=8 if FULL else 4), progress=silent)
    assert (figures["not_equal"], figures["items"] > 0) == (0, True), figures


def test_a_decision_that_is_opened_again_shows_what_was_known_then() -> None:
    figures = f39.prove(f39.Plan(sequences=3 if FULL else 2), progress=silent)
    assert (figures["not_equal"], figures["pictures"] > 0) == (0, True), figures


def test_nothing_is_read_without_a_need_and_an_emergency_is_told() -> None:
    figures = f29.prove(f29.Plan(looks=40 if FULL else 20), progress=silent)
    assert (figures["wrong"], figures["emergencies"] > 0) == (0, True), figures


def test_the_other_program_has_nothing_of_the_hubs() -> None:
    tree = ast.parse(Path(own_verifier.__file__).read_text("utf-8"))
    names = {
        alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        str(node.module).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }
    assert names - {"cryptography"} <= sys.stdlib_module_names
