"""All that a hub answers over the web, with something of everything in it that people wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route, compile_path

from connectors.http_connections import Connections
from connectors.port import routes
from connectors.wrong_tokens import WrongTokens
from ops.access.accounts import account
from ops.access.acting import asker
from ops.console.approvals import requests as approving
from ops.console.desks import DESKS
from ops.console.researching import requests as researching
from ops.console.screen import Desk, Screen
from ops.demo.running import DemoFolder
from ops.look.replay_report import Report, Wanted, as_json
from ops.mend import bulk, replays
from ops.mend.dead_letters import Person as Operator
from ops.run.parts import pages_of
from ops.run.serve import application
from ops.run.wiring import Hub, open_hub
from schemas.access import Role
from tests.support.approving import (
    NARRATIVE,
    RELEASE,
    ROBIN,
    asked,
    asking_hub,
    released,
    rerated,
    wanted_back,
)
from tests.support.console import Person
from tests.support.desk import LEAD, tells
from tests.support.desk_days import EVAN, XSS, Days
from tests.support.desks import Desks
from tests.support.filled import send

URL = "https://hub.example"
CANARY = f"Canary {XSS}"
"""What somebody writes wherever they may."""
NAMES = ("Invented", "Sampleton", "Marsden", "Canary", "script>", "9990000")
"""What no address, title or place that a browser is sent to may hold."""
OUTSIDER = "X. Outsider"
"""Of an agency that has nothing to do with any of it, with every role."""
AT = {
    "approvals": "M. Sergeant",
    "audit": "J. Auditor",
    "dead-letters": "A. Operator",
    "duty": "D. Manager",
    "find": "S. Worker",
    "front-door": "S. Worker",
    "links": "T. Worker",
    "operations": "A. Operator",
    "received": "E. Helper",
    "replays": "A. Operator",
    "requests": "H. Researcher",
}
"""Who is at each desk."""
LARK = {
    "name": [{"given_name": ["Lark"], "family_name": ["Sampled"]}],
    "date_of_birth": {"date": "2012-09-30"},
}
WREN = {
    "name": [{"given_name": ["Wren"], "family_name": ["Sampled"]}],
    "date_of_birth": {"date": "2013-04-06"},
    "identifier": [{"value": "9990000042", "system": "https://fhir.nhs.uk/Id/nhs-number"}],
}
ROLES = (
    Role.SCREENING,
    Role.DUTY_MANAGER,
    Role.AUDITOR,
    Role.DECISION_MAKER,
    Role.RESEARCHER,
)
ELSEWHERE = "housing"
"""An agency that runs no front door."""


def of_elsewhere(role: Role) -> str:
    """Who has a role at another agency than the lead's."""
    return f"X. {role.value.replace('_', ' ').title()}"


_OF_ONE_ROLE = (*ROLES, Role.OPERATIONS, Role.OBSERVER, Role.RISK_OWNER, Role.REVIEWER)
_MORE = {
    OUTSIDER: (ELSEWHERE, ROLES),
    "V. Watcher": (LEAD, (Role.OBSERVER,)),
    **{of_elsewhere(role): (ELSEWHERE, (role,)) for role in _OF_ONE_ROLE},
}
_PERSON = """
[[people]]
name = "{name}"
agency = "{agency}"
roles = {roles}
account = "{account}"
"""
_CHOSEN = {"approvals": approving.CHOICES[0], "requests": researching.CHOICES[0]}
_HREF = re.compile(r'(?:href|action)="(/desk/[^"#]*)"')
_TYPE = re.compile(r"\{(\w+)(?::\w+)?\}")


async def at_once(_: float) -> None:
    """Nobody waits."""


def everything(hub: Hub) -> Starlette:
    """The hub's whole web server, in which no stream goes on."""
    found, connections = routes(hub.settings, {}), Connections(hub.settings.http)
    connections.wrong_tokens = WrongTokens(sleep=at_once)
    connections.ending.set()
    pages = pages_of(hub, found, connections=connections, environment={})
    return application(hub, found, extra_routes=pages, connections=connections)


@dataclass(frozen=True)
class Story:
    """A hub, and the referrals of it that are with a team, about which somebody disagrees, of which
    an agency is asked, and of which a school is to be told.
    """

    folder: DemoFolder
    hub: Hub
    handed: str
    disputed: str
    asked: str
    told: str


def full_hub(path: Path) -> Story:
    """A hub in which every screen of every desk has something to show."""
    folder, hub = asking_hub(path)
    hub.database.close()
    text = folder.config.read_text("utf-8")
    for name, (agency, roles) in _MORE.items():
        text += _PERSON.format(
            name=name, agency=agency, roles=[str(one) for one in roles], account=account()
        )
    text += "" if "[identity]" in text else f'\n[identity]\nurl = "{URL}"\n'
    folder.config.write_text(text, "utf-8")
    hub = open_hub(folder.config, {})
    third = _released(hub)
    days = Days(hub)
    _in_doubt(hub, days)
    _dead(hub)
    _replayed(hub)
    handed, (disputed, _) = days.handover(CANARY), days.difference(CANARY)
    for agency, referral in ((LEAD, disputed), ("gp", third)):
        _disagrees(days, agency, referral)
    told = days.notified("police", LARK, CANARY, concern=["domestic-abuse"])
    return Story(folder, hub, handed, disputed, third, told)


def _disagrees(days: Days, agency: str, referral: str) -> None:
    """An agency does, in words of its own."""
    said = dict.fromkeys(("profession", "view", "asks_for", "raised_by"), CANARY)
    days.tells(agency, "disagreement", referral_id=referral, disputes="link", **said)


def _released(hub: Hub) -> str:
    """A product that is wanted back, one of which something has changed, one that waits, and a
    child of whom agencies are asked: the referral about that child.
    """
    asked(hub, reference="S-1", narrative=CANARY)
    _fetched(hub)
    wanted_back(hub)
    changes = asked(hub, reference="S-4", narrative=CANARY, child=WREN)
    _fetched(hub)
    rerated(hub, changes)
    tells(hub, "police", "mash.standing-release.v1", **RELEASE)
    asked(hub, reference="S-2", narrative=f"{NARRATIVE} {CANARY}", child=ROBIN)
    return asked(hub, reference="S-3", narrative=CANARY, child=EVAN, answered=False)


def _fetched(hub: Hub) -> None:
    """All that waits leaves, and early help has it."""
    released(hub)
    helper = Person(everything(hub))
    helper.enters(hub, "E. Helper")
    for path in _HREF.findall(helper.get("/desk/received").text):
        helper.get(unescape(path))
    hub.embedded().drain()


def _replayed(hub: Hub) -> None:
    """A replay that is done."""
    known = replace(asker(hub, "A. Operator"), why="Inquiry")
    job = replays.plan(hub, Wanted(), asker=known).plan.job_id
    place = replays.place_of(hub, hub.folder, job)
    replays.write_report(place, as_json(Report()) | {"well": True})


def _dead(hub: Hub) -> None:
    """What could not be acted on, and what an operator wants done with two of it."""
    sent = {"specversion": "1.0", "source": "s", "data": {"narrative": CANARY}}
    odd = [{**sent, "id": f"odd-{n}", "type": CANARY} for n in range(3)]
    ids = [receipt.id for receipt in send(hub, "school", odd)]
    bulk.ask(hub, "discard", ids=ids[:2], person=Operator("A. Operator", "Sent anew"))


def _in_doubt(hub: Hub, days: Days) -> None:
    """Whose child it is is in doubt, or was settled; and a name that is none."""
    days.review(CANARY)
    address = {"line1": XSS, "city": XSS, "postcode": "ZZ99 8QQ"}
    tilly = {"name": [{"given_name": ["Tilly"], "family_name": [XSS]}], "address": [address]}
    days.notified("school", tilly, CANARY)
    linked = [one.person_id for one in Desks(hub).facts("case.child-linked")]
    days.tells(
        LEAD,
        "persons-decision",
        person_id=linked[0],
        other_person_id=next(one for one in linked if one != linked[0]),
        same=False,
        decided_by="S. Worker",
        rationale=CANARY,
    )


@dataclass(frozen=True)
class Address:
    """One address of the hub as its routes say it."""

    template: str
    methods: frozenset[str]

    def fits(self, path: str) -> re.Match[str] | None:
        """Whether a path is one of it, with its parts."""
        return compile_path(self.template)[0].match(path.partition("?")[0])

    @property
    def parts(self) -> list[str]:
        """The names of its parts."""
        return _TYPE.findall(self.template)

    def filled(self, values: Mapping[str, str]) -> str:
        """A path."""
        return _TYPE.sub(lambda found: values[found[1]], self.template)


def addresses(there: Sequence[BaseRoute], under: str = "") -> Iterator[Address]:
    """Every address, from the table by which the hub itself finds them."""
    for one in there:
        if isinstance(one, Mount):
            yield from addresses(one.routes, under + one.path)
        else:
            assert isinstance(one, Route)
            methods = frozenset(one.methods or ()) - {"HEAD"}
            yield Address(under + one.path, methods)


def screens() -> Iterator[tuple[Desk, Screen, Address]]:
    """Every screen of every desk."""
    for desk in DESKS:
        for screen in desk.screens:
            path = f"/desk/{desk.code}/{screen.path}".rstrip("/")
            methods = {"GET", "POST"} if screen.takes else {"GET"}
            yield desk, screen, Address(path, frozenset(methods))


def walked(person: Person, desk: str) -> dict[str, str]:
    """Pages of a desk to which links lead somebody, one of each kind, with what they say."""
    seen: dict[str, str] = {}
    kinds: set[str] = set()
    ahead = [f"/desk/{desk}"]
    while ahead:
        path = ahead.pop(0)
        kind = next((one.template for *_, one in screens() if one.fits(path)), path)
        if kind in kinds:
            continue
        kinds.add(kind)
        answer = person.get(path)
        seen[path] = answer.text
        found = (unescape(one) for one in _HREF.findall(answer.text))
        ahead += [answer.headers["location"]] if answer.status_code == 303 else found
        ahead = [one for one in ahead if one.startswith(f"/desk/{desk}")]
    return seen


def places(story: Story, paths: Iterable[str]) -> dict[str, str]:
    """A real address of every screen, of those that people came to; what has to be chosen on the
    way is chosen.
    """
    persons = [one.person_id for one in Desks(story.hub).facts("case.child-linked")]
    known = {"person_id": persons[0], "other_person_id": persons[-1], "ruling": "amend"}
    known |= {"referral_id": story.handed}
    only = dict.fromkeys(("settle", "agree"), story.disputed)
    only |= {"take-back": story.handed, "change": story.asked, "school": story.told}
    found: dict[str, str] = {}
    for desk, screen, address in screens():
        at = f"/desk/{desk.code}/"
        parts = known | {"choice": _CHOSEN.get(desk.code, "")}
        for path in paths:
            # From the outside in, as far as it goes: of one request all are made.
            longest = address.template
            while longest.startswith(at):
                if told := Address(longest, frozenset()).fits(path):
                    parts |= told.groupdict()
                    break
                longest = longest.rpartition("/")[0]
        if referral := only.get(screen.path.rpartition("/")[2]):
            parts["referral_id"] = referral
        found[address.template] = address.filled(parts)
    return found
