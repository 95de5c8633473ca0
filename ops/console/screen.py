"""What a desk is made of: screens, who is at them, and what they answer with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, TypeAlias

from connectors.port import Routes
from ops.access.acting import Asker, may
from ops.look.health import Health
from ops.run.wiring import Hub
from schemas.access import Act, Resource, Role, Verdict


@dataclass(frozen=True, slots=True, repr=False)
class Form:
    """What a form brought: every field with all that was sent under its name."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """What was written or chosen there, without blanks around it; empty where nothing was."""
        return next(iter(self.fields.get(name, ())), "").strip()

    def all(self, name: str) -> tuple[str, ...]:
        """All that were ticked."""
        return tuple(filter(None, self.fields.get(name, ())))


@dataclass(frozen=True, slots=True, repr=False)
class Visit:
    """Somebody at a screen."""

    hub: Hub
    routes: Routes
    """The agencies as connectors know them: what they send from here is read as of them."""
    asker: Asker
    """Who has signed in; a view says with ``replace`` what for and why they look."""
    desk: Desk
    place: Mapping[str, str] = field(default_factory=dict)
    """The parts of the address that the screen's path names."""
    query: Mapping[str, str] = field(default_factory=dict)
    form: Form = field(default_factory=Form)
    health: Health | None = None
    """How the hub is, and was."""

    @property
    def who(self) -> str:
        """Their name, as the record has it."""
        assert self.asker.who is not None
        return self.asker.who

    @property
    def agency(self) -> str:
        """Whom they work for."""
        assert self.asker.agency is not None
        return self.asker.agency

    def could(self, act: Act, resource: Resource) -> bool:
        """Whether the rules would let them, for a reason: what they never may is not offered."""
        answer = may(self.hub, replace(self.asker, why="-"), act=act, resource=resource)
        return answer.verdict is Verdict.ALLOW

    @property
    def of_lead(self) -> bool:
        """Whether that is the agency that runs the front door."""
        return self.agency == self.hub.settings.lead_agency

    @property
    def page(self) -> int:
        """Which page of a list they ask for."""
        page = self.query.get("page", "1")
        return int(page) if page.isdecimal() and len(page) < 7 else 1

    @property
    def names(self) -> Mapping[str, str]:
        """What people call each agency."""
        return {code: agency.name for code, agency in self.hub.settings.agencies.items()}


@dataclass(frozen=True, slots=True, repr=False)
class Page:
    """What a view shows."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    script: str | None = None
    """The static file that asks the browser for what a page without one cannot: a passkey. The page
    says what else there is.
    """


@dataclass(frozen=True, slots=True)
class Go:
    """To another screen, by its path under ``/desk/``; ``done``: the word for what was done."""

    to: str
    done: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class File:
    """What somebody takes away."""

    name: str
    """As browsers keep it: ids at most, nothing of a child."""
    body: bytes
    kind: str = "application/json"


class NotThere(Exception):
    """There is no such thing, or nothing of it for whoever asks; ``happened``: what became of it,
    and by whom, where that may be told.
    """

    def __init__(self, happened: str | None = None) -> None:
        super().__init__()
        self.happened = happened


View: TypeAlias = Callable[[Visit], Page | Go | File]


class Hears(Enum):
    """What concerns an open screen, of all that happens elsewhere."""

    ANYTHING = "anything"
    REFERRAL = "referral"
    """What happens to the referral of its address."""
    WRITING = "writing"
    """The same, of a form: what somebody writes stays, and they are shown what is new with it."""
    OWN = "own"
    """What the agency of whoever is there is asked and sent, and what it sends."""


@dataclass(frozen=True, slots=True)
class Screen:
    """One address of a desk: what it shows, and what takes its form, where it has one."""

    path: str
    """Under the desk's own; empty: the desk's first page. Ids are written as ``{referral_id}``."""
    shows: View
    takes: View | None = None
    uploads: bool = False
    """Whether its form brings a file."""
    hears: Hears | None = None
    """Of what it is told while it is open. A list is then renewed; who has a referral open is told
    that it changed: nothing is taken from under a reader. Opening such a screen records nothing.
    """


@dataclass(frozen=True, slots=True)
class Desk:
    """Where people of some roles do their work."""

    code: str
    """In its address, and the folder of its templates."""
    name: str
    """As the navigation calls it."""
    says: str
    """What is done there, in a sentence."""
    roles: frozenset[Role]
    screens: Sequence[Screen]
    act: Act = Act.LOOK
    resource: Resource = Resource.TRAIL
    """What the access rules have to let somebody do who opens any of its screens."""
    own: bool = False
    """Whether that is asked of what is their own agency's."""
    lead: bool = False
    """Whether it is for people of the lead agency alone: a role says nothing of whose somebody is.
    """
    others: str | None = None
    """The path of the one screen that people of other agencies have all the same, of their own."""
    says_what_waits: bool = False
    """Whether every page of it says what somebody lets wait."""
    done: Mapping[str, str] = field(default_factory=dict)
    """What people are told after something was done, by the word for it."""

    def opens_at(self, asker: Asker, *, lead: str) -> str | None:
        """The path at which somebody comes in; None: it is not for them."""
        if self.roles.isdisjoint(asker.roles):
            return None
        return "" if not self.lead or asker.agency == lead else self.others

    def lets(self, asker: Asker, screen: Screen, *, lead: str) -> bool:
        """Whether one of its screens is for somebody."""
        opens = self.opens_at(asker, lead=lead)
        return opens is not None and opens in ("", screen.path)
