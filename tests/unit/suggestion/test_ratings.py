"""The small form of `make proof PROOF=suggestion`: what the shipped profile reaches, it keeps."""

from __future__ import annotations

from typing import Any

from tests.proofs.suggestion import prove


def figures(name: str, without: str = "") -> dict[str, Any]:
    told: dict[str, Any] = prove([name], without=without)["sets"][name]
    return told


def test_on_the_set_that_it_was_made_with_the_profile_reaches_what_is_aimed_at() -> None:
    assert figures("ratings-develop")["reached"]


def test_and_not_without_contexts() -> None:
    assert not figures("ratings-develop", "context")["reached"]
