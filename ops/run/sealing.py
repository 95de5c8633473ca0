"""What a configuration lets go in clear, and to whom letters are sealed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from itertools import combinations

from connectors.sealing import is_private
from ops.run.configuration import Fault
from schemas.sealed import NoKeyNow, key_at
from schemas.settings import AgencySettings, HubSettings

_REGISTER = "have the agency make a key (`hub edge init`), and write it under {}.encryption"
_SOON = dt.timedelta(days=30)


def kept_waiting(
    settings: HubSettings, environment: Mapping[str, str], *, today: dt.date
) -> Iterator[Fault]:
    """Agencies whose letters do not go: in clear others could read them, or their keys ended."""
    at = _midnight(today)
    for code, agency in settings.agencies.items():
        try:
            key = key_at(agency.encryption, at)
        except NoKeyNow:
            what = "the last key has ended: its letters wait"
            yield Fault(f"agencies.{code}.encryption", what, "write the next one beside it")
            continue
        url = _way(agency, settings, environment=environment)
        if (key is None or _in_mais(agency)) and url is not None and not is_private(url):
            yield _in_the_open(code, agency)


def _in_the_open(code: str, agency: AgencySettings) -> Fault:
    over_http = agency.push is not None and agency.push.kind == "http"
    way, tls = ("HTTP", "https://") if over_http else ("a broker", "amqps://")
    what = f"its letters would go in clear over {way} without TLS, so they wait"
    register = f"{_REGISTER.format(f'agencies.{code}')}; or "
    return Fault(f"agencies.{code}", what, f"{'' if _in_mais(agency) else register}write {tls}")


def shared_keys(settings: HubSettings) -> Iterator[Fault]:
    """Agencies that could open each other's letters."""
    keys = [(code, key.x) for code, one in settings.agencies.items() for key in one.encryption]
    for (one, x), (other, its_x) in combinations(keys, 2):
        if x == its_x and one != other:
            what = f"has the key of {one}, which opens its letters"
            yield Fault(f"agencies.{other}.encryption", what, "let each make its own")


def in_clear(settings: HubSettings, *, today: dt.date) -> Iterator[Fault]:
    """Agencies whose letters go as they are: one warning for all, as in a new file it is all."""
    unsealed = [
        code for code, one in settings.agencies.items() if not one.encryption and _by_wire(one)
    ]
    if unsealed:
        what = f"inside TLS alone, not sealed, letters go to: {', '.join(unsealed)}"
        yield Fault("agencies", what, _REGISTER.format("agencies.CODE"))
    for code, agency in settings.agencies.items():
        if agency.encryption and (told := _unsealed_all_the_same(agency)):
            what = f"does not hold for {told}"
            yield Fault(f"agencies.{code}.encryption", what, "see that only the agency reads there")
        yield from _ending(code, agency, today=today)


def _ending(code: str, agency: AgencySettings, *, today: dt.date) -> Iterator[Fault]:
    ends = [key.until for key in agency.encryption if key.until is not None]
    if ends and len(ends) == len(agency.encryption):
        last = max(ends).date()
        if today <= last < today + _SOON:
            instead = "have the agency make the next (`hub edge rotate`), and write it beside this"
            yield Fault(f"agencies.{code}.encryption", f"the last key ends on {last}", instead)


def _by_wire(agency: AgencySettings) -> bool:
    return bool(agency.push or agency.http or agency.queue) and agency.letters is None


def _unsealed_all_the_same(agency: AgencySettings) -> str | None:
    if agency.letters is not None:
        return "letters that are put into a folder"
    return "letters to a system that speaks MAIS over HTTP" if _in_mais(agency) else None


def _in_mais(agency: AgencySettings) -> bool:
    """Whether its system speaks MAIS over HTTP: then it opens nothing."""
    push = agency.push
    return push is not None and push.kind == "http" and push.shape == "mais"


def _way(
    agency: AgencySettings, settings: HubSettings, *, environment: Mapping[str, str]
) -> str | None:
    """Where its letters are sent, by a broker or over HTTP."""
    if agency.letters is not None:
        return None
    if (push := agency.push) is None:
        return settings.runtime.queues
    return push.url or environment.get(push.url_variable or "")


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
