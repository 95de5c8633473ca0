"""An edge that dies between any two steps: what it does next, it does once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from connectors.directory import Directory
from connectors.edge.configured import Edge
from connectors.edge.hub import Hub
from connectors.edge.store import Store
from tests.support.edges import Door, letter, made, open_door, working

STEPS: tuple[tuple[type, tuple[str, ...]], ...] = (
    (Store, ("take", "told", "placing", "at_step", "send", "sent", "noted")),
    (Directory, ("move", "remove")),
    (Hub, ("fetch", "acknowledge", "send")),
)
"""What an edge does that lasts; it may die before and after each."""


class Killed(BaseException):
    """Nobody handles it."""


class System:
    """The agency's own, which takes every file at once."""

    def __init__(self, edge: Edge) -> None:
        self.folder = edge.folder / "letters"
        self.took: list[str] = []

    def take(self) -> None:
        for path in self.folder.glob("*.json"):
            self.took.append(json.loads(path.read_bytes())["id"])
            path.unlink()


def dying(monkeypatch: pytest.MonkeyPatch, *, at: int) -> None:
    """The step of this number is the last."""
    number = count()

    def step() -> None:
        if next(number) == at:
            raise Killed

    def wrapped(does: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*given: Any, **named: Any) -> Any:
            step()
            answer = does(*given, **named)
            step()
            return answer

        return stepping

    for kind, names in STEPS:
        for name in names:
            monkeypatch.setattr(kind, name, wrapped(getattr(kind, name)))


def once(edge: Edge) -> None:
    with working(edge) as found:
        found.fetch(wait=0)
        found.hand_on()
        found.send()
        found.hand_on()


@pytest.fixture(scope="module")
def opened() -> Iterator[tuple[Door, str]]:
    with open_door() as found:
        yield found


def test_whenever_it_dies_all_comes_through_once(
    tmp_path: Path, opened: tuple[Door, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    door, url = opened
    for at in count():
        vars(door).update(vars(Door()))
        edge = made(tmp_path / str(at), url)
        system = System(edge)
        door.letters = {one: letter(one) for one in ("l1", "l2")}
        event = {"specversion": "1.0", "id": "e1", "source": "s", "type": "t"}
        (edge.folder / "to-send" / "e1.json").write_text(json.dumps(event), "utf-8")
        died = False
        with monkeypatch.context() as patched:
            dying(patched, at=at)
            try:
                once(edge)
            except Killed:
                died = True
        system.take()
        door._leased.clear()
        once(edge)
        system.take()
        assert (at, sorted(system.took), [*door.taken]) == (at, ["l1", "l2"], ["e1"])
        assert door.letters == {}
        assert (edge.folder / "to-send" / "receipts" / "e1.json.receipts.json").exists()
        if not died:
            break
    assert at > 40
