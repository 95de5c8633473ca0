"""What is wrong with who decides for agencies, and with what they release beforehand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from ops.run.configuration import Fault
from schemas.envelope import the_key
from schemas.policy import BoroughProfile, plain_name
from schemas.settings import AgencySettings, HubSettings

_EACH = "have each make a key of their own"


def nobody_decides(settings: HubSettings, profile: BoroughProfile) -> Iterator[Fault]:
    """Agencies that own items, with nobody registered who decides about them (R29)."""
    asked = {code for agencies in profile.levels.values() for code in agencies}
    for code, agency in settings.agencies.items():
        if (agency.mapping or code in asked) and not (agency.decision_makers or _registers(agency)):
            what = "is missing: nothing of what this agency owns can be released"
            instead = "name the people who decide for it about its items"
            yield Fault(f"agencies.{code}.decision_makers", what, instead)


def faults(settings: HubSettings) -> Iterator[Fault]:
    """All that releases what it may not, and keys that are nobody's."""
    yield from released_by_an_operator(settings)
    yield from released_by_no_text(settings)
    yield from keys_of_nobody(settings)


def released_by_an_operator(settings: HubSettings) -> Iterator[Fault]:
    """Lines of old, by which whoever wrote the file released what is not theirs."""
    for code, agency in settings.agencies.items():
        if agency.standing_release:
            yield Fault(
                f"agencies.{code}.standing_release",
                "releases nothing: only the owner does, by its own word",
                "write it as the signed agreement has it, under "
                f"[[agencies.{code}.agreement.standing_release]] with agreement.text_sha256, or "
                "let the agency send mash.standing-release.v1; and take this out",
            )


def released_by_no_text(settings: HubSettings) -> Iterator[Fault]:
    """Agreements that release something beforehand, of which nobody knows what was signed."""
    for code, agency in settings.agencies.items():
        told = agency.agreement
        if told and told.standing_release and told.text_sha256 is None:
            yield Fault(
                f"agencies.{code}.agreement",
                "releases something beforehand, and does not say by which text",
                "write text_sha256: the SHA-256 of the text that was signed (sha256sum FILE)",
            )


def releases_to_nobody(settings: HubSettings, profile: BoroughProfile) -> Iterator[Fault]:
    """Standing releases to whom no product of this borough goes, or not for that purpose."""
    products = {
        (recipient.agency, recipient.purpose)
        for rule in profile.colours.values()
        for recipient in (*rule.recipients, *rule.at_once)
    }
    for code, agency in settings.agencies.items():
        for recipient, purpose in _releases(agency):
            if recipient not in settings.agencies:
                what, instead = f"{recipient} is not configured", f"add [agencies.{recipient}]"
            elif (recipient, purpose) not in products:
                what = f"no product goes to {recipient} for {purpose!r}"
                instead = "write recipient and purpose as a colour of the profile has them"
            else:
                continue
            where = f"agencies.{code}.agreement.standing_release"
            yield Fault(where, what, f"{instead}, or take it out")


def nobody_signs(settings: HubSettings, *, today: dt.date) -> Iterator[Fault]:
    """Agencies that decide about items of their own, and do not sign what they let leave."""
    for code, agency in settings.agencies.items():
        agreement, where = agency.agreement, f"agencies.{code}.agreement"
        if agreement is None or agreement.keys or not agency.decision_makers:
            continue
        if _registers(agency):
            continue
        until, instead = agreement.unsigned_until, "have each of its decision makers make a key "
        instead += f"(`hub approvals keygen`), and add the public ones as [[{where}.keys]]"
        if until is not None and until >= today:
            what = f"lets its own items leave unsigned until {until}: whoever runs the hub could"
            yield Fault(where, what, instead)
        else:
            what = "has no keys: nothing that it approves can leave"
            yield Fault(where, what, f"{instead}; or write unsigned_until until it has")


def _registers(agency: AgencySettings) -> bool:
    """Whether its own administrator registers who decides for it."""
    return agency.agreement is not None and bool(agency.agreement.administrators)


def keys_of_nobody(settings: HubSettings) -> Iterator[Fault]:
    """Keys of who decides about nothing, and keys that two share."""
    seen = dict[bytes, tuple[str, str]]()
    for code, agency in settings.agencies.items():
        makers = {*map(plain_name, agency.decision_makers)}
        makers |= {plain_name(agency.agreement.signatory)} if agency.agreement else set()
        for key in agency.agreement.administrators if agency.agreement else ():
            whose = code, f"administrator {plain_name(key.decided_by)}"
            if seen.setdefault(the_key(key.public), whose) != whose:
                where = f"agencies.{code}.agreement.administrators"
                yield Fault(where, "a key is said to be of two people", _EACH)
        for key in agency.agreement.keys if agency.agreement else ():
            where, who = f"agencies.{code}.agreement.keys", (code, plain_name(key.decided_by))
            if who[1] not in makers:
                what = f"{key.decided_by} is no decision maker of the agency, nor its signatory"
                yield Fault(where, what, "name one of them, or take the key out")
            if seen.setdefault(the_key(key.public), who) != who:
                what = "a key is said to be of two people"
                yield Fault(where, what, _EACH)


def _releases(agency: AgencySettings) -> list[tuple[str, str]]:
    parts = agency.agreement.standing_release if agency.agreement else ()
    return [(to, what) for part in parts for to in part.recipients for what in part.purposes]
