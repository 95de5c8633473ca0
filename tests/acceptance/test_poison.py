"""Bad messages of every kind among good ones: each is answered and kept, and no good one is lost or
held up (F17a).

The same by command and as large as wanted: `python -m tests.proofs f17a --good 10000`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ops.demo.simulation.bad import bad_messages
from tests.proofs.place import embedded_place
from tests.proofs.poison import Dose, prove
from tests.proofs.worse import worse_messages
from tests.support.size import FULL


def embedded(path: Path, dose: Dose, *, broker: str | None = None) -> dict[str, Any]:
    """The figures of an embedded hub."""
    with (
        embedded_place(path / "clean", broker=broker) as clean,
        embedded_place(path / "poisoned", broker=broker) as poisoned,
    ):
        return prove(clean, poisoned, dose=dose)


def test_every_kind_of_bad_message_is_told_why_and_kept_as_it_came_and_no_good_one_is_lost(
    rabbitmq_url: str, tmp_path: Path
) -> None:
    figures = embedded(tmp_path, Dose(good=150 if FULL else 50, ratio=3), broker=rabbitmq_url)
    assert figures["findings"] == []
    assert (figures["lost"], figures["wrong"]) == (0, 0)
    assert figures["kinds"] == len([*bad_messages(), *worse_messages()]) >= 40
    assert 0 < figures["dead_letters"] == figures["bad"] - figures["set_aside"]


def test_the_check_finds_it_when_originals_are_not_kept(tmp_path: Path) -> None:
    figures = embedded(tmp_path, Dose(good=4, ratio=4, without="originals"))
    assert figures["lost"] >= figures["bad"] - figures["set_aside"] > 0
