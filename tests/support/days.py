"""People of an invented borough at their desks, with a real hub between them.

They send by HTTP; where the hub has a broker, letters come to each agency's queue there, else each
fetches its own by HTTP.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from connectors.clients.broker_client import BrokerClient, QueueNames
from connectors.clients.http_client import HubClient
from ops.demo.simulation.answers import event
from tests.proofs.place import Place
from tests.proofs.processes import Part, await_serving, hub_part, kept, terminated
from tests.proofs.quiet import await_quiet

SECONDS = 90.0
"""Until what somebody waits for has come, on a busy machine."""
_POLL_SECONDS = 0.1

Data = dict[str, Any]


@dataclass(repr=False)
class Desk:
    """One agency's desk: what it sends, and every letter that it has read."""

    agency: str
    client: HubClient
    inbox: HubClient | BrokerClient
    read: list[Data] = field(default_factory=list)
    """Letters, oldest first, each once."""
    sent: int = 0

    def tells(self, kind: str, data: Mapping[str, Any]) -> Data:
        """Send ``mash.<kind>.v1``; the receipt as the sender reads it."""
        self.sent += 1
        id_, type_ = f"{self.agency}-{self.sent}", f"mash.{kind}.v1"
        message = event(id_, type_, agency=self.agency, data=dict(data))
        (receipt,) = self.client.send([message])
        return receipt.model_dump(mode="json", exclude_none=True)

    def letters(self, kind: str, **about: Any) -> list[Data]:
        """What the letters of a kind say that have come by now, of those with these fields."""
        while came := self.inbox.fetch():
            self.read += came
            self.inbox.acknowledge([str(letter["id"]) for letter in came])
        said = (one["data"] for one in self.read if one["type"] == f"mash.{kind}.v1")
        return [one for one in said if about.items() <= one.items()]

    def awaits(self, kind: str, when: Callable[[Data], bool] = bool, **about: Any) -> Data:
        """The first letter of a kind with these fields of which ``when`` is true, once it is
        there.
        """
        deadline = time.monotonic() + SECONDS
        while True:
            for one in self.letters(kind, **about):
                if when(one):
                    return one
            had = sorted({str(one["type"]) for one in self.read})
            assert time.monotonic() < deadline, f"{self.agency} waits for {kind}; it had {had}"
            time.sleep(_POLL_SECONDS)


@dataclass(repr=False)
class Borough:
    """A hub that runs, and everybody who speaks to it."""

    place: Place
    desks: Mapping[str, Desk]

    def __getitem__(self, agency: str) -> Desk:
        return self.desks[agency]

    def settles(self) -> None:
        """Wait until nothing is left to do but what people do."""
        await_quiet(self.place, lambda: True, seconds=SECONDS, letters=False)

    def hub(self, *arguments: str, code: int = 0) -> str:
        """What ``hub …`` prints to whoever runs it beside the hub."""
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "ops.cli",
                *arguments,
                "--config",
                str(self.place.folder.config),
            ],
            env=dict(self.place.environment),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    def hub_json(self, *arguments: str) -> Any:
        """The same for programs."""
        return json.loads(self.hub(*arguments, "--json"))


@contextmanager
def at_work(
    place: Place, people: Mapping[str, Sequence[str]], *, profile: Mapping[str, str]
) -> Iterator[Borough]:
    """The hub of a place at work.

    ``people``: who decides for each agency, and for the lead agency who rates. ``profile``: what
    this borough agreed otherwise than the sample's, as lines of it.
    """
    _configure(place, people, profile=profile)
    parts: list[Part] = [hub_part(place)]
    with ExitStack() as open_:
        open_.enter_context(kept(parts))
        for part in parts:
            part.start()
        await_serving(place)
        yield Borough(place, {desk.agency: desk for desk in _desks(place, open_)})
        assert set(terminated(parts).values()) == {0}


def _desks(place: Place, open_: ExitStack) -> Iterator[Desk]:
    tokens = json.loads(place.folder.tokens.read_text(encoding="utf-8"))
    for agency, token in tokens.items():
        client = open_.enter_context(HubClient(place.url, token))
        if place.broker is None:
            yield Desk(agency, client, client)
        else:
            names = QueueNames.of(agency, place.prefix)
            yield Desk(agency, client, open_.enter_context(BrokerClient(place.broker, names)))


def _configure(
    place: Place, people: Mapping[str, Sequence[str]], *, profile: Mapping[str, str]
) -> None:
    agreed = (files("ops.profiles") / "sample-borough.toml").read_text(encoding="utf-8")
    for line, instead in profile.items():
        assert line in agreed
        agreed = agreed.replace(line, instead)
    place.file("borough.toml").write_text(agreed, encoding="utf-8")
    text = place.folder.config.read_text(encoding="utf-8")
    text = text.replace('profile = "sample-borough"', 'profile = "borough.toml"')
    text = text.replace("[runtime]\n", '[runtime]\nworkers = ["all"]\n')
    for agency, names in people.items():
        text = _named(text, agency, names)
    place.folder.config.write_text(text, encoding="utf-8")


def _named(text: str, agency: str, names: Sequence[str]) -> str:
    """The configuration with the people of an agency in place of the simulated one."""
    before, table, after = text.partition(f"[agencies.{agency}]\n")
    deciders = f"decision_makers = {json.dumps(list(names))}"
    assert table
    if agency == "childrens_social_care":
        deciders += f"\nsocial_workers = {json.dumps(list(names))}"
    own, following = re.split(r"(?m)^(?=\[agencies\.\w+\]$)", after, maxsplit=1)
    named, count = re.subn(r"(?m)^decision_makers = .*$", lambda _: deciders, own)
    assert count == 1
    return before + table + named + following


_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DIGESTS = re.compile(r"\b[0-9a-f]{64}\b")
_TIMES = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)")


def read(letter: Any, *, without: Sequence[str] = ()) -> Any:
    """What a letter says, with … for ids, digests and moments, and without these fields."""
    if isinstance(letter, dict):
        return {
            name: read(part, without=without)
            for name, part in letter.items()
            if name not in without and part is not None
        }
    if isinstance(letter, list):
        return [read(part, without=without) for part in letter]
    if isinstance(letter, str):
        return _TIMES.sub("…", _DIGESTS.sub("…", _IDS.sub("…", letter)))
    return letter
