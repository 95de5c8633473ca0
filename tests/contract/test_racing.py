"""An owner withdraws in the moment in which its product is handed over (F23), in small."""

from __future__ import annotations

from pathlib import Path

from tests.proofs.f23 import Plan, prove
from tests.support.production import fresh_database


def _nothing(_: int) -> None:
    pass


def test_nothing_is_handed_over_after_its_owners_word_and_what_is_left_of_it_comes(
    tmp_path: Path,
) -> None:
    found = prove(f"sqlite:///{tmp_path}/hub.db", Plan(8, seed=1), progress=_nothing)
    assert (found["handed_over_after_the_word"], found["never_came"]) == (0, 0)
    assert found["failed"] == []


def test_nor_where_many_write_at_once(postgres_url: str) -> None:
    with fresh_database(postgres_url) as url:
        found = prove(url, Plan(6, seed=1), progress=_nothing)
    assert (found["handed_over_after_the_word"], found["never_came"]) == (0, 0)
    assert found["failed"] == []


def test_who_does_not_look_at_the_record_hands_it_over(tmp_path: Path) -> None:
    plan = Plan(8, seed=1, without="record")
    found = prove(f"sqlite:///{tmp_path}/hub.db", plan, progress=_nothing)
    assert found["handed_over_after_the_word"]
