"""What a connector is, and what each needs to know of an agency."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from threading import Event
from typing import Protocol

from connectors.formats.mapping import AgencyMapping, MappingFault, load
from connectors.formats.readers import Kind
from schemas.settings import AgencySettings, HubSettings


class Connector(Protocol):
    """One way in or out: ``run`` works until ``stop`` is set, through broken connections and
    unavailable stores.
    """

    @property
    def name(self) -> str:
        """For the log and ``hub status``, such as ``folder:police``."""
        ...

    def run(self, stop: Event) -> None:
        """Work until ``stop`` is set; what is in hand then is finished or left where it will be
        found again.
        """
        ...


class SecretMissing(Exception):
    """An environment variable that the configuration names is not set; the message says which."""


@dataclass(frozen=True, slots=True, repr=False)
class AgencyRoute:
    """An agency as connectors see it: who it is, what it may send and how its own format reads."""

    code: str
    settings: AgencySettings
    area: str
    leads: bool
    notifications: AgencyMapping | None
    open_cases: AgencyMapping | None
    largest: int
    """Bytes of one message."""
    queue_url: str | None = None
    """Of the broker with the agency's queue; has a password."""
    push_url: str | None = None
    """Where its letters are pushed; may have a password."""
    push_token: str | None = None

    @property
    def mappings(self) -> tuple[AgencyMapping, ...]:
        """Its own formats; that of open cases first, as it goes by the file's name."""
        return tuple(
            mapping for mapping in (self.open_cases, self.notifications) if mapping is not None
        )

    def mapping(self, name: str) -> AgencyMapping | None:
        """Its mapping of this name."""
        return next((mapping for mapping in self.mappings if mapping.name == name), None)

    def mapping_for(self, kind: Kind, filename: str) -> AgencyMapping | None:
        """The mapping that reads a dropped file: one named for it, else any that reads its
        format.
        """
        fitting = [mapping for mapping in self.mappings if mapping.reads(kind)]
        named = [mapping for mapping in fitting if mapping.for_file(filename)]
        general = [mapping for mapping in fitting if not mapping.files]
        return next(iter(named + general), None)

    @property
    def may_send_open_cases(self) -> bool:
        """Open cases come from the authority's case system, or from an agency configured with a
        feed of them.
        """
        return self.leads or self.open_cases is not None


@dataclass(frozen=True, slots=True, repr=False)
class Routes:
    """Every configured agency by its code."""

    by_code: Mapping[str, AgencyRoute]

    def __iter__(self) -> Iterator[AgencyRoute]:
        return iter(self.by_code.values())

    def with_token(self, token: str) -> AgencyRoute | None:
        """The agency whose bearer token this is. Every token is compared, each in constant time."""
        given = sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
        found = None
        for route in self:
            if route.settings.http and hmac.compare_digest(route.settings.http.token_sha256, given):
                found = route
        return found


def routes(settings: HubSettings, environ: Mapping[str, str]) -> Routes:
    """Every agency with its mappings compiled and its secrets read. Raises ``MappingFault`` or
    ``SecretMissing``.
    """
    return Routes({code: _route(code, settings, environ) for code in settings.agencies})


def _route(code: str, settings: HubSettings, environ: Mapping[str, str]) -> AgencyRoute:
    agency = settings.agencies[code]
    push = agency.push
    return AgencyRoute(
        code=code,
        settings=agency,
        area=settings.area,
        leads=code == settings.lead_agency,
        notifications=_mapping(agency.mapping, "notification"),
        open_cases=_mapping(agency.open_cases, "open-case"),
        largest=settings.http.largest_body,
        queue_url=_secret(environ, agency.queue.url_variable if agency.queue else None),
        push_url=push.url or _secret(environ, push.url_variable) if push else None,
        push_token=_secret(environ, push.token_variable if push else None),
    )


def _mapping(name: str | None, makes: str) -> AgencyMapping | None:
    if name is None:
        return None
    mapping = load(name)
    if mapping.makes != makes:
        raise MappingFault(
            f"{name} makes {mapping.makes}, but stands where a mapping that makes {makes} is wanted"
        )
    return mapping


def _secret(environ: Mapping[str, str], variable: str | None) -> str | None:
    if variable is None:
        return None
    if not environ.get(variable):
        raise SecretMissing(f"set the environment variable {variable}: the configuration names it")
    return environ[variable]
