"""How long people wait for a page of their desk: one of them, and many at once, over HTTP."""

from __future__ import annotations

import http.client
import random
import re
import statistics
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode, urlsplit

from ops.access.pages import SESSION
from ops.access.proving import known_as, named
from ops.access.sessions import sessions_of
from ops.console.rendering import AT
from ops.run.configuration import read_settings
from schemas.access import Proof
from tests.proofs.place import Place

WORKLIST, OTHER = 300.0, 200.0
"""Milliseconds that 95 of 100 pages may take."""
LIMIT: Final = f"{AT}/static/console.css"
"""What costs the server least: the same file for everybody."""
_WHY: Final = "To measure how long it takes"
_TOKEN: Final = re.compile(r'name="form_token" value="([^"]*)"')
_SECONDS: Final = 30.0
"""For which somebody waits for a page."""


@dataclass(frozen=True, slots=True)
class Screen:
    """A page as somebody comes to it."""

    name: str
    path: str
    aim: float = OTHER
    link: str = ""
    """The pattern of the links on that page of which one is followed; none: the page itself."""
    asks: Mapping[str, str] = field(default_factory=dict)
    """What is asked there with its form, and the answer is the page."""


_OPEN = rf'href="({AT}/front-door/[0-9a-f-]{{36}})"'
_MESSAGE: Final = rf'href="({AT}/operations/follow/[^"/?]+)"'
_DEAD: Final = rf'href="({AT}/dead-letters/letters/[^"/?]+)"'
_SCREENING: Final = (
    Screen("front-door", "/front-door", WORKLIST),
    Screen("front-door mine", "/front-door?show=mine", WORKLIST),
    Screen("front-door all", "/front-door?show=all", WORKLIST),
    Screen("front-door kept back", "/front-door/kept-back", WORKLIST),
    Screen("front-door referral", "/front-door", link=_OPEN),
    Screen("links", "/links", WORKLIST),
    Screen("find", "/find"),
    Screen("find child", "/find", asks={"given": "Sam", "family": "Whitby"}),
)
_RESEARCHING: Final = (
    Screen("requests", "/requests", WORKLIST),
    Screen("requests request", "/requests", link=rf'href="({AT}/requests/request/[^"/]+/[^"/]+)"'),
    Screen("requests differences", "/requests/differences", WORKLIST),
    Screen("received", "/received", WORKLIST),
    Screen("received product", "/received", link=rf'href="({AT}/received/product/[^"/]+)"'),
)
SCREENS: Final[Mapping[str, Sequence[Screen]]] = {
    "D. Manager": (
        Screen("duty", "/duty", WORKLIST),
        Screen("duty clocks", "/duty/clocks", WORKLIST),
        Screen("duty silence", "/duty/silence"),
        Screen("duty handovers", "/duty/handovers"),
        Screen("duty differences", "/duty/differences"),
    ),
    "S. Worker": _SCREENING,
    "T. Worker": _SCREENING,
    "M. Sergeant": (
        Screen("approvals", "/approvals", WORKLIST),
        Screen("approvals items", "/approvals/items"),
        Screen("approvals ours", "/approvals/ours"),
        Screen("approvals standing", "/approvals/standing", WORKLIST),
        Screen(
            "approvals request",
            "/approvals",
            link=rf'href="({AT}/approvals/request/[^"/]+/[^"/]+)"',
        ),
    ),
    "H. Researcher": _RESEARCHING,
    "E. Helper": _RESEARCHING,
    "J. Auditor": (
        Screen("audit", "/audit"),
        Screen("audit who", "/audit", asks={"wanted": "S. Worker"}),
        Screen("audit owner", "/audit/owner", asks={"agency": "gp"}),
        Screen("audit record", "/audit/record"),
    ),
    "A. Operator": (
        Screen("operations", "/operations"),
        Screen("operations pauses", "/operations/pauses"),
        Screen("operations search", "/operations/search", asks={"text": "police"}),
        Screen("operations newest", "/operations/newest", WORKLIST),
        Screen("operations follow", "/operations/newest", link=_MESSAGE),
        Screen("dead-letters", "/dead-letters", WORKLIST),
        Screen("dead-letters asked", "/dead-letters/asked", WORKLIST),
        Screen("dead-letters letter", "/dead-letters", link=_DEAD),
        Screen("replays", "/replays", WORKLIST),
    ),
}
"""By the person of the sample whose pages they are."""
_OF_A_HUNDRED: Final[Mapping[str, int]] = {
    "D. Manager": 5,
    "S. Worker": 20,
    "T. Worker": 20,
    "M. Sergeant": 11,
    "H. Researcher": 20,
    "E. Helper": 20,
    "J. Auditor": 2,
    "A. Operator": 2,
}
Times: TypeAlias = dict[str, list[float]]
"""Milliseconds, by page."""


FAILED: Final = _SECONDS * 1000
"""As how long it counts that a page did not come in time, or another than was asked for."""


def cpu_of(process: int) -> float:
    """Seconds of CPU that a process has had, to the nanosecond (clock_getcpuclockid of Linux)."""
    return time.clock_gettime((~process << 3) | 2)


@dataclass(slots=True)
class Somebody:
    """A person with a browser and a session of their own."""

    place: Place
    who: str
    chance: random.Random
    took: Times = field(default_factory=dict)
    process: int | None = None
    """The hub's, of whose work each page is noted in ``work``; None: others are there as well."""
    work: Times = field(default_factory=dict)
    cookie: str = ""
    """Of their session."""

    def enters(self) -> None:
        """As somebody who has shown who they are."""
        settings = read_settings(self.place.folder.config, self.place.environment)
        person = named(settings, self.who)
        assert person is not None
        known = known_as(person, Proof.PASSPHRASE)
        token, _ = sessions_of(settings, self.place.path).begin(known)
        self.cookie = f"{SESSION}={token}"

    def opens(self, screen: Screen) -> None:
        """Open a page, unless nothing is listed by which it can be reached, or no list comes."""
        path, fields = f"{AT}{screen.path}", None
        if screen.link:
            links = re.findall(screen.link, self.asks("GET", path) or "")
            if not links:
                return
            path = unescape(self.chance.choice(links))
        if screen.asks:
            token = _TOKEN.search(self.asks("GET", path) or "")
            if token is None:
                return
            fields = {"form_token": token[1], "why": _WHY, **screen.asks}
        self.timed(screen.name, path, fields)

    def timed(self, name: str, path: str, fields: Mapping[str, str] | None = None) -> None:
        """Ask for a page, and note how long it took until all of it was there."""
        worked = cpu_of(self.process) if self.process else 0.0
        begun = time.perf_counter()
        page = self.asks("GET" if fields is None else "POST", path, fields)
        took = (time.perf_counter() - begun) * 1000
        self.took.setdefault(name, []).append(FAILED if page is None else took)
        if self.process:
            self.work.setdefault(name, []).append((cpu_of(self.process) - worked) * 1000)

    def asks(self, method: str, path: str, fields: Mapping[str, str] | None = None) -> str | None:
        """The page, on a connection of its own; None where it did not come, or another did."""
        try:
            return self._answer(method, path, None if fields is None else urlencode(fields))
        except (OSError, http.client.HTTPException):
            return None

    def _answer(self, method: str, path: str, body: str | None) -> str | None:
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        connection = http.client.HTTPConnection(urlsplit(self.place.url).netloc, timeout=_SECONDS)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            page = answer.read().decode()
        finally:
            connection.close()
        return page if answer.status == 200 else None


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many, for how long, and how long each looks at a page."""

    people: int
    seconds: float
    think: float


def one_at_a_time(place: Place, *, process: int, times: int, seed: int) -> tuple[Times, Times]:
    """Every page so often, with nobody else there: milliseconds until it was there, and of the
    hub's work.
    """
    took: Times = {}
    work: Times = {}
    for who, screens in SCREENS.items():
        person = Somebody(place, who, random.Random(seed), took, process, work)  # noqa: S311
        person.enters()
        for _ in range(times):
            person.timed("limit", LIMIT)
            for screen in screens:
                person.opens(screen)
    return took, work


def at_once(place: Place, crowd: Crowd, *, seed: int) -> Times:
    """What many people wait for the pages of their work, each at their own time. Who gets none goes
    on with the next.
    """
    chance = random.Random(seed)  # noqa: S311
    shares = list(_OF_A_HUNDRED)
    names = chance.choices(shares, weights=list(_OF_A_HUNDRED.values()), k=crowd.people)
    people = [
        Somebody(place, who, random.Random(seed + number))  # noqa: S311
        for number, who in enumerate(names)
    ]
    for person in people:
        person.enters()
    until = threading.Event()
    with ThreadPoolExecutor(crowd.people) as pool:
        done = [pool.submit(_works, one, until, think=crowd.think) for one in people]
        until.wait(crowd.seconds)
        until.set()
        for one in done:
            one.result()
    took: Times = {}
    for person in people:
        for name, times in person.took.items():
            took.setdefault(name, []).extend(times)
    return took


def _works(person: Somebody, until: threading.Event, *, think: float) -> None:
    """One page after the other, looked at for half to one and a half times as long as is usual."""
    screens = SCREENS[person.who]
    until.wait(person.chance.uniform(0, think))
    while not until.is_set():
        if person.chance.random() < _OF_LIMIT:
            person.timed("limit", LIMIT)
        person.opens(person.chance.choice(screens))
        until.wait(person.chance.uniform(think / 2, think * 1.5))


_OF_LIMIT: Final = 0.2


def figures(alone: Times, work: Times, many: Times) -> tuple[dict[str, Any], list[str]]:
    """Milliseconds of each page, of them of the hub's work, and those pages of which fewer than 95
    of 100 came in time.
    """
    aims = {one.name: one.aim for screens in SCREENS.values() for one in screens}
    pages: dict[str, Any] = {
        name: {
            "aim": aim,
            "first": round(alone[name][0], 1) if name in alone else None,
            "alone": spread(alone.get(name)),
            "cpu": spread(work.get(name)),
            "many": spread(many.get(name)),
        }
        for name, aim in aims.items()
    }
    late = [
        f"{name}, {how}"
        for name, one in pages.items()
        for how in ("alone", "many")
        if one[how] and one[how]["p95"] > one["aim"]
    ]
    pages["limit"] = {"alone": spread(alone["limit"]), "many": spread(many.get("limit"))}
    return pages, late


def spread(times: Sequence[float] | None) -> dict[str, float] | None:
    """How many, how many of them failed, and the 50th, 95th and 99th percentile; None: there are
    none.
    """
    if not times:
        return None
    each = times if len(times) > 1 else [*times, *times]
    at = statistics.quantiles(each, n=100, method="inclusive")
    shown = {"p50": at[49], "p95": at[94], "p99": at[98]}
    counts = {"n": len(times), "failed": sum(one >= FAILED for one in times)}
    return counts | {name: round(value, 1) for name, value in shown.items()}
