"""Read the one configuration file, and say of every error what to write instead."""

from __future__ import annotations

import itertools
import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from router.linkage.rules import NEWEST
from router.steps.same import Same
from router.steps.suggestion.phrases import BadPhrase
from router.steps.suggestion.reading import vocabulary
from schemas.access import AccessRules, Role
from schemas.base import Shape
from schemas.policy import RULES, BoroughProfile, Partner, Policy, Reached
from schemas.settings import AgencySettings, HubSettings, Runtime
from stores.tree.notes import Kind, NoNote, VerifierKey

PROFILES = "ops.profiles"
ACCESS = "ops.access"
S = TypeVar("S", bound=Shape)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the configuration: where, what, and what to write instead."""

    where: str
    what: str
    instead: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.where}: {self.what} - {self.instead}"


class Misconfigured(Exception):
    """The configuration cannot be used; ``faults`` says everything that is wrong with it."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def read_settings(path: Path, environment: Mapping[str, str]) -> HubSettings:
    """The settings in a TOML file, with ``HUB_STORE``, ``_TOPICS``, ``_QUEUES``, ``_PORT`` over."""
    raw = _read_toml(path)
    runtime = raw.setdefault("runtime", {})
    for name in ("store", "topics", "queues"):
        if value := environment.get(f"HUB_{name.upper()}"):
            runtime[name] = value
    if port := environment.get("HUB_PORT"):
        raw.setdefault("http", {})["port"] = port
    settings = _validated(HubSettings, raw, where=str(path))
    faults = (_inconsistencies(settings), _checks(settings), _enquiries(settings.agencies))
    refuse((*itertools.chain.from_iterable(faults), *_witnesses(settings), *_people(settings)))
    return settings


def refuse(faults: Iterable[Fault]) -> None:
    """Raise ``Misconfigured`` with all of these faults, if there are any."""
    if found := tuple(faults):
        raise Misconfigured(*found)


def read_policy(settings: HubSettings, *, folder: Path = Path()) -> Policy:
    """What decisions depend on, from the settings and the borough profile that they name."""
    profile = read_profile(settings.profile, folder=folder)
    refuse(_unknown_agencies(profile, settings))
    return Policy(
        lead_agency=settings.lead_agency,
        area=settings.area,
        profile=profile,
        partners={code: _partner(code, agency) for code, agency in settings.agencies.items()},
        linkage_model=settings.linkage_model or "default",
        linkage_rules=NEWEST,
        rules=RULES,
        checks=settings.checks,
        signed=True,
    )


def read_profile(name: str, *, folder: Path = Path()) -> BoroughProfile:
    """A borough profile that ships with the hub, or the one at a path relative to ``folder``.

    Its ``language`` names a file of the same kind, with the words and contexts that it begins with,
    and its ``weighing`` one in JSON, with what words weigh.
    """
    raw = _shipped_or_own(name, of=PROFILES, folder=folder)
    if isinstance(language := raw.pop("language", None), str):
        spoken = _shipped_or_own(language, of=PROFILES, folder=folder)
        raw["words"] = spoken.get("words", {}) | raw.get("words", {})
        raw["context"] = [*spoken.get("context", ()), *raw.get("context", ())]
    if isinstance(weighing := raw.get("weighing"), str):
        raw["weighing"] = _read_json(
            _shipped_or(folder / weighing, f"{weighing}.json", of=PROFILES)
        )
    profile = _validated(BoroughProfile, raw, where=name)
    refuse(_unknown_indicators(profile, where=name))
    try:
        vocabulary(Same(profile))
    except BadPhrase as error:
        raise Misconfigured(Fault(name, str(error), "mend that phrase")) from None
    return profile


def read_access(settings: HubSettings, *, folder: Path = Path()) -> AccessRules:
    """Who may read or do what: rules that ship with the hub, or those at a path."""
    raw = _shipped_or_own(settings.access, of=ACCESS, folder=folder)
    return _validated(AccessRules, raw, where=settings.access)


def _shipped_or_own(name: str, *, of: str, folder: Path) -> dict[str, Any]:
    return _read_toml(_shipped_or(folder / name, f"{name}.toml", of=of))


def _shipped_or(own: Path, name: str, *, of: str) -> Traversable:
    shipped = files(of) / name
    return shipped if shipped.is_file() else own


def _read_toml(path: Traversable) -> dict[str, Any]:
    return _read_as("TOML", path, parse=tomllib.loads)


def _read_json(path: Traversable) -> Any:
    return _read_as("JSON", path, parse=json.loads)


def _read_as(kind: str, path: Traversable, *, parse: Callable[[str], T]) -> T:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        said = "there is no such file", "write one with `hub config init`"
    except OSError as error:
        said = f"cannot be read: {error.strerror}", "check its path and who may read it"
    except ValueError as error:  # of both parsers, and of what is no UTF-8
        said = f"is not {kind}: {error}", "mend that line"
    raise Misconfigured(Fault(str(path), *said))


def _validated(shape: type[S], raw: dict[str, Any], *, where: str) -> S:
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        faults = [_fault(where, item) for item in error.errors(include_input=False)]
    raise Misconfigured(*faults)


def _fault(file: str, error: Any) -> Fault:
    where = ".".join(map(str, error["loc"]))
    known = {
        "missing": ("is missing", "add it"),
        "extra_forbidden": ("is not a setting", "check its spelling, or take it out"),
    }
    what, instead = known.get(error["type"], (f"is not right: {error['msg']}", "correct the value"))
    return Fault(f"{file}: {where}", what, instead)


def _inconsistencies(settings: HubSettings) -> Iterator[Fault]:
    agencies, referrals = settings.agencies, settings.http.referrals
    if settings.lead_agency not in agencies:
        cure = "name an agency that stands under [agencies.…]"
        yield Fault("lead_agency", "is not one of the agencies", cure)
    if referrals not in (None, *agencies):
        cure = "name the agency as which the referral form sends"
        yield Fault("http.referrals", "is not one of the agencies", cure)
    yield from _impossible(settings.runtime)
    yield from _shared_tokens(agencies)


def _impossible(runtime: Runtime) -> Iterator[Fault]:
    checks = (
        (
            not runtime.store.startswith(("sqlite://", "postgresql+psycopg://")),
            "runtime.store",
            "is no database that the hub knows",
            "write sqlite:///FILE, or postgresql+psycopg://USER:PASSWORD@HOST/NAME",
        ),
        (
            runtime.topics and not runtime.store.startswith("postgresql"),
            "runtime.store",
            "is not PostgreSQL, though topics are on Kafka",
            "write postgresql+psycopg://…",
        ),
        (
            runtime.topics and not runtime.queues,
            "runtime.queues",
            "is missing, though topics are on Kafka",
            "write amqp://user:password@host:port/",
        ),
    )
    yield from (Fault(*said) for wrong, *said in checks if wrong)


def _shared_tokens(agencies: Mapping[str, AgencySettings]) -> Iterator[Fault]:
    found = [
        (code, token.sha256)
        for code, agency in agencies.items()
        if agency.http
        for token in agency.http.all_tokens
    ]
    times = Counter(digest for _, digest in found)
    said = "has a token twice, or one of another's", "make one with `hub config token`"
    shared = dict.fromkeys(code for code, digest in found if times[digest] > 1)
    yield from (Fault(f"agencies.{code}.http", *said) for code in shared)


def _checks(settings: HubSettings) -> Iterator[Fault]:
    times = Counter(check.system for check in settings.checks)
    for number, check in enumerate(settings.checks):
        where = f"checks[{number}]"
        if times[check.system] > 1:
            yield Fault(where, f"{check.system} is named twice", "name each system once")
        if check.agency not in settings.agencies:
            what, instead = f"{check.agency} is not configured", f"add [agencies.{check.agency}]"
            yield Fault(f"{where}.agency", what, instead)
        if check.told_on and check.answered_by != "register":
            what = "is for a register that the hub keeps, and this system answers by itself"
            yield Fault(f"{where}.told_on", what, 'take it out, or write answered_by = "register"')


def _witnesses(settings: HubSettings) -> Iterator[Fault]:
    for number, witness in enumerate(settings.witnesses):
        if not _is_cosigner(witness.key):
            instead = "write what `hub witness init` printed: name+id+key"
            yield Fault(f"witnesses[{number}].key", "is no witness's key", instead)
        if not witness.url.startswith(("http://", "https://")):
            yield Fault(f"witnesses[{number}].url", "is no address of the web", "write https://…")


def _people(settings: HubSettings) -> Iterator[Fault]:
    times = Counter(person.name for person in settings.people)
    for number, person in enumerate(settings.people):
        where = f"people[{number}]"
        if times[person.name] > 1:
            yield Fault(f"{where}.name", "is another's too", "write what tells them apart")
        if person.agency not in settings.agencies:
            what, instead = f"{person.agency} is not configured", f"add [agencies.{person.agency}]"
            yield Fault(f"{where}.agency", what, instead)
        if Role.SYSTEM in person.roles:
            instead = "take it out: an agency's system has a credential of its own"
            yield Fault(f"{where}.roles", "system is no person's", instead)


def _is_cosigner(key: str) -> bool:
    """Whether a text is the public key of a witness."""
    try:
        return VerifierKey.parse(key).kind is Kind.COSIGNATURE
    except NoNote:
        return False


def _enquiries(agencies: Mapping[str, AgencySettings]) -> Iterator[Fault]:
    for code, agency in agencies.items():
        terms = agency.agreement and agency.agreement.enquiries
        both = {*terms.permit} & {*terms.review} if terms else set()
        for purpose in sorted(both):
            what = f"{purpose!r} is both permitted and left to a human"
            yield Fault(f"agencies.{code}.agreement.enquiries", what, "name it in one of the lists")


def _unknown_agencies(profile: BoroughProfile, settings: HubSettings) -> Iterator[Fault]:
    chains = (
        (f"agencies.{code}.chain", contact.agency)
        for code, agency in settings.agencies.items()
        for contact in agency.chain
    )
    for where, code in (*_named(profile), *chains):
        if code is not None and code not in settings.agencies:
            what = f"{code} is not configured"
            yield Fault(f"{profile.title}: {where}", what, f"add [agencies.{code}]")


def _named(profile: BoroughProfile) -> Iterator[tuple[str, str | None]]:
    """Every agency that a profile names, with where; None where it might name one."""
    for level, codes in profile.levels.items():
        yield from ((f"levels.{level}", code) for code in codes)
    for colour, rule in profile.colours.items():
        told = (*rule.recipients, *rule.at_once, *rule.next)
        yield from ((f"colours.{colour}", one.agency) for one in told)
    for clock, chain in profile.chains.items():
        yield from ((f"chains.{clock}", contact.agency) for contact in chain)
    yield "adult_services", profile.adult_services
    yield "case_system", profile.case_system
    yield from (("school_notices.schools", code) for code in _schools(profile))
    yield from ((f"places.{place.name}", place.hub) for place in profile.places)


def _unknown_indicators(profile: BoroughProfile, *, where: str) -> Iterator[Fault]:
    wanted = profile.school_notices.indicators if profile.school_notices else ()
    known = {one.id for one in profile.indicators}
    for one in wanted:
        if one not in known:
            says = f"school_notices.indicators: there is no indicator {one}"
            yield Fault(where, says, "write the id of one of this profile's [[indicators]]")


def _schools(profile: BoroughProfile) -> Iterable[str]:
    return profile.school_notices.schools.values() if profile.school_notices else ()


def _partner(code: str, agency: AgencySettings) -> Partner:
    return Partner(
        code=code,
        name=agency.name,
        signpost_contact=agency.signpost_contact,
        agreement=agency.agreement,
        decision_makers=agency.decision_makers,
        social_workers=agency.social_workers,
        chain=agency.chain,
        **agency.shared(Reached),
    )
