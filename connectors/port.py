"""What a connector is, and what each needs to know of an agency."""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from threading import Event
from typing import Protocol

from connectors.formats.forms import Form, load_form
from connectors.formats.mapping import AgencyMapping, Format, load
from connectors.formats.media import NAMES, STRUCTURED, MediaType, kind_of_file, suffix_of
from connectors.formats.records import Kind
from connectors.formats.targets import MappingFault
from schemas.settings import AgencySettings, HubSettings


class Connector(Protocol):
    """One way in or out, which outlives broken connections and unavailable stores."""

    @property
    def name(self) -> str:
        """For the log and ``hub status``, such as ``folder:police``."""
        ...

    def run(self, stop: Event) -> None:
        """Work until ``stop`` is set, and leave nothing in hand that would not be found again."""
        ...


class Access(Protocol):
    """What an agency's system may be given, by the access rules.

    What it sends no such rule turns away: its credential and its agreement decide about that, and
    a concern that is told twice does less harm than one that is told to nobody.
    """

    def may_fetch(self, agency: str) -> bool:
        """Whether its system may have the agency's letters; answers at once."""
        ...

    def refused(self, agency: str) -> None:
        """Record that it was not given them."""
        ...


class MappingMisplaced(MappingFault):
    """A mapping stands where one that makes something else is wanted; ``place``: where it may."""

    def __init__(self, name: str, makes: str, *, instead_of: str) -> None:
        super().__init__(
            f"{name} makes {makes}, but stands where a mapping that makes {instead_of} is wanted"
        )
        self.place = _PLACES.get(makes, "mappings")


_PLACES = {"notification": "mapping", "open-case": "open_cases"}
"""Settings for mappings of one kind; those of every other kind stand under ``mappings``."""


class SecretMissing(Exception):
    """An environment variable that the configuration names is not set; the message says which."""


@dataclass(frozen=True, slots=True, repr=False)
class AgencyRoute:
    """An agency as connectors see it: who it is, what it may send and how its own format reads."""

    code: str
    settings: AgencySettings
    area: str
    leads: bool
    mappings: tuple[AgencyMapping, ...]
    """Its own formats; that of notifications last, as the others go by files' names."""
    largest: int
    """Bytes of one message."""
    queue_url: str | None = None
    """Of the broker with the agency's queue; has a password."""
    push_url: str | None = None
    """Where its letters are pushed; may have a password."""
    push_token: str | None = None
    form: Form | None = None
    """How its letters are written, where they are put into a folder of its own."""
    registers: frozenset[str] = frozenset()
    """Its systems of which the hub keeps the entries, to answer from."""

    def format_of_file(self, filename: str) -> Format | None:
        """What reads a dropped file: the mapping named for it, else any for its kind."""
        kind = kind_of_file(filename)
        fitting = [mapping for mapping in self.mappings if mapping.format(kind)]
        named = [mapping for mapping in fitting if mapping.for_file(filename)]
        general = [mapping for mapping in fitting if not mapping.files]
        return next((mapping.format(kind) for mapping in named + general), None)

    def format_of_kept(self, media: MediaType) -> Format | None:
        """What read a kept record; None for one in the hub's own shape."""
        name = media.parameters.get("mapping")
        mapping = next((mapping for mapping in self.mappings if mapping.name == name), None)
        form = mapping.format(media.kind) if mapping else None
        return replace(form, reading=replace(form.reading, encoding="utf-8")) if form else None

    @property
    def sends(self) -> str:
        """The formats that were agreed, in words for the agency."""
        own = [_in_words(mapping, kind) for mapping in self.mappings for kind in mapping.formats]
        return "; ".join([*own, f"events ({STRUCTURED})"])

    @property
    def may_send_open_cases(self) -> bool:
        """The authority's case system may, and an agency that is configured with a feed of them."""
        return self.leads or any(mapping.makes == "open-case" for mapping in self.mappings)


def _in_words(mapping: AgencyMapping, kind: Kind) -> str:
    names = " or ".join(mapping.files) or f"*{suffix_of(kind)}"
    return f"files named {names}, or Content-Type {NAMES[kind]} ({mapping.name})"


@dataclass(frozen=True, slots=True, repr=False)
class Routes:
    """Every configured agency by its code."""

    by_code: Mapping[str, AgencyRoute]

    def __iter__(self) -> Iterator[AgencyRoute]:
        return iter(self.by_code.values())

    def with_token(self, token: str, at: dt.datetime) -> AgencyRoute | None:
        """The agency whose bearer token this is at that time; every one is compared, in constant
        time.
        """
        given = sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
        tokens = [
            (route, one)
            for route in self
            if route.settings.http
            for one in route.settings.http.all_tokens
        ]
        same = [pair for pair in tokens if hmac.compare_digest(pair[1].sha256, given)]
        return next((route for route, one in same if one.opens(at)), None)

    def with_certificate(self, digest: str, at: dt.datetime) -> AgencyRoute | None:
        """The agency whose certificate has this digest, at that time. Whoever connected with it has
        shown that they have its key.
        """
        for route in self:
            shown = route.settings.http.certificates if route.settings.http else ()
            if any(one.sha256 == digest and one.opens(at) for one in shown):
                return route
        return None


def routes(settings: HubSettings, environ: Mapping[str, str]) -> Routes:
    """Every agency with its mappings and secrets. Raises ``MappingFault``, ``SecretMissing``."""
    return Routes({code: _route(code, settings, environ=environ) for code in settings.agencies})


def _route(code: str, settings: HubSettings, *, environ: Mapping[str, str]) -> AgencyRoute:
    agency = settings.agencies[code]
    push = agency.push
    feeds = {"open-case": agency.open_cases, "notification": agency.mapping}
    of_feeds = (_mapping(name, makes) for makes, name in feeds.items() if name)
    others = (_other_mapping(name) for name in agency.mappings)
    return AgencyRoute(
        code=code,
        settings=agency,
        area=settings.area,
        leads=code == settings.lead_agency,
        mappings=(*others, *of_feeds),
        largest=settings.http.largest_body,
        queue_url=_secret(environ, agency.queue.url_variable if agency.queue else None),
        push_url=push.url or _secret(environ, push.url_variable) if push else None,
        push_token=_secret(environ, push.token_variable if push else None),
        form=load_form(agency.letters.form) if agency.letters and agency.letters.form else None,
        registers=frozenset(
            check.system
            for check in settings.checks
            if check.agency == code and check.answered_by == "register"
        ),
    )


def _mapping(name: str, makes: str) -> AgencyMapping:
    mapping = load(name)
    if mapping.makes == makes:
        return mapping
    raise MappingMisplaced(name, mapping.makes, instead_of=makes)


def _other_mapping(name: str) -> AgencyMapping:
    mapping = load(name)
    if mapping.makes in _PLACES:
        raise MappingMisplaced(name, mapping.makes, instead_of="anything else")
    return mapping


def _secret(environ: Mapping[str, str], variable: str | None) -> str | None:
    if variable is None:
        return None
    if not environ.get(variable):
        raise SecretMissing(f"set the environment variable {variable}: the configuration names it")
    return environ[variable]
