"""How long people wait for their desks is measured over a real hub, small."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path

from click.testing import CliRunner

from ops.console.desks import DESKS
from ops.demo.running import prepare
from ops.look.reading import open_reader
from schemas.rating import RatingSuggested
from stores import journal, states
from stores.codec import Unopened
from tests.proofs.desks import FAILED, SCREENS, Crowd, at_once, figures
from tests.proofs.desks_command import desks
from tests.proofs.lived import Amount, lived_place
from tests.proofs.place import Place
from tests.proofs.repeated import Past, repeat

RATED = RatingSuggested.type

SMALL = ("--notifications", "6", "--waiting", "2", "--a-day", "2", "--folder")
QUICK = ("--people", "2", "--seconds", "1", "--think", "0.2", "--times", "1", "--json")
QUIET = ("--changes", "1", "--rest", "0.1")


def test_every_page_of_every_desk_is_opened(tmp_path: Path) -> None:
    run = CliRunner().invoke(desks, [*SMALL, str(tmp_path), *QUICK, *QUIET])
    told = json.loads(run.output.splitlines()[-1])
    assert told["pages"]["limit"]["alone"]["n"] == len(SCREENS)
    lists = {one.name for screens in SCREENS.values() for one in screens if not one.link}
    assert {name for name in lists if not told["pages"][name]["alone"]} == set()
    assert (told["open_pages"]["streams"], told["open_pages"]["late"]) == (2, 0)


def test_no_desk_is_left_out_and_nobody_is_asked_to_open_what_is_not_theirs() -> None:
    """Of every desk its first page and every list that is renewed while it is open."""
    measured = {
        (path.strip("/").partition("/")[0], path.strip("/").partition("/")[2])
        for screens in SCREENS.values()
        for path in (one.path.partition("?")[0] for one in screens)
    }
    asked = {
        (desk.code, screen.path)
        for desk in DESKS
        for screen in desk.screens
        if "{" not in screen.path and (not screen.path or screen.hears is not None)
    }
    assert asked - measured == set()
    there = {(desk.code, screen.path) for desk in DESKS for screen in desk.screens}
    assert measured - there == set()
    sample = tomllib.loads((files("ops.sample") / "hub.toml").read_text("utf-8"))
    roles = {one["name"]: set(one["roles"]) for one in sample["people"]}
    desks_ = {desk.code: desk for desk in DESKS}
    for who, screens in SCREENS.items():
        for one in screens:
            assert not desks_[one.path.split("/")[1].partition("?")[0]].roles.isdisjoint(roles[who])


def test_a_long_past_is_what_a_short_one_was_again_and_again(tmp_path: Path) -> None:
    past = lived_place(tmp_path / "past", Amount(4, waiting=0, a_day=2), told=print)
    empty = prepare(tmp_path / "hub", port=0)
    until = 1_750_000_000_000_000
    entries = repeat(empty.config, Past.of(past.folder.config), times=3, until=until, told=print)
    reader = open_reader(empty.config, {})
    with reader.database.view() as view:
        rows = journal.rows_after(view.connection, 0, limit=10**6)
        keys = view.vault.keys(view.connection, {row.key_id for row in rows}, create=False)
        facts = [journal.opened(row, keys) for row in rows]
        known = states.load(view, "rate", keys={one.correlation_id for one in facts})
    reader.database.close()
    assert len(rows) == entries == 3 * (len(rows) // 3)
    assert [row.recorded_at for row in rows] == sorted(row.recorded_at for row in rows)
    assert rows[-1].time == until
    assert len({one.id for one in facts}) == entries
    assert not any(isinstance(one.data, Unopened) for one in facts)
    assert len(known) == len({one.correlation_id for one in facts if one.type == RATED})


def test_a_page_is_late_when_more_than_five_of_a_hundred_are_behind_its_aim() -> None:
    came = {"duty": [100.0] * 95 + [900.0] * 5, "limit": [1.0]}
    late = {"duty": [100.0] * 90 + [900.0] * 10, "limit": [1.0]}
    pages, found = figures(came, {"duty": [40.0, 20.0]}, late)
    assert found == ["duty, many"]
    assert pages["duty"]["many"]["p99"] == 900.0
    assert (pages["duty"]["cpu"]["p50"], pages["duty"]["first"]) == (30.0, 100.0)


def test_a_page_that_does_not_come_counts_as_late_and_ends_nothing(tmp_path: Path) -> None:
    """Nobody listens there, as when a hub is too busy to take another connection."""
    folder = prepare(tmp_path / "hub", port=0)
    place = Place(folder, "http://127.0.0.1:1", {}, "sqlite://")
    took = at_once(place, Crowd(people=20, seconds=0.5, think=0.1), seed=1)
    assert sum(map(len, took.values())) > 20
    assert {one for times in took.values() for one in times} == {FAILED}
    _, late = figures({"limit": [1.0]}, {}, took)
    assert "duty, many" in late
