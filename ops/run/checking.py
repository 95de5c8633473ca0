"""Everything that can be known to be wrong with a configuration before the hub starts."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from connectors.events.facts import MESSAGE_TYPES
from connectors.formats.targets import MappingFault
from connectors.port import MappingMisplaced, SecretMissing, routes
from ops.run import doors, owners, people, registered, sealing
from ops.run.answering import away, silent
from ops.run.chains import goes_up_to_nobody
from ops.run.configuration import Fault, Misconfigured, read_access, read_policy, read_settings
from router.linkage import load_model
from router.topology import bound_steps
from router.unit import ALL
from schemas.access import Role
from schemas.policy import Agreement, Policy
from schemas.settings import AgencySettings, HubSettings

_SOON = dt.timedelta(days=30)


_REFUSED = "everything from this agency is refused"
_FEEDS = ("mapping", "open_cases")


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found.

    ``faults`` keep the hub or an agency's way in or out from working, or lay open what is private;
    with ``warnings`` it works, and somebody should know.
    """

    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


def check(
    path: Path, environment: Mapping[str, str], *, today: dt.date, connect: bool = False
) -> Checked:
    """Read the file and all that it names; ``connect``: ask servers too whether they answer."""
    try:
        settings = read_settings(path, environment)
    except Misconfigured as error:
        return Checked(error.faults, ())
    folder, found = path.parent, list(doors.servers(settings, environment))
    policy, unread = _read(settings, folder)
    mute = list(doors.wrong_schemes(found))
    spoken = [server for server in found if server.where not in {fault.where for fault in mute}]
    faults = [
        *unread,
        *_wrong(settings, environment, policy=policy, folder=folder, today=today),
        *mute,
        *(silent(settings, spoken, folder=folder) if connect else ()),
    ]
    warned = [
        *_lacking(settings, folder, today=today),
        *(goes_up_to_nobody(policy) if policy else ()),
        *_unkeyed(settings, environment, folder=folder),
        *sealing.in_clear(settings, today=today),
        *registered.by_nobody(path, environment),
        *doors.open_to_listeners(settings, spoken),
        *doors.readable_passwords(settings, path),
        *(away(settings) if connect else ()),
    ]
    return Checked(tuple(faults), tuple(warned))


def _wrong(
    settings: HubSettings,
    environment: Mapping[str, str],
    *,
    policy: Policy | None,
    folder: Path,
    today: dt.date,
) -> Iterator[Fault]:
    """What the files say wrongly."""
    yield from _contents(settings, environment, policy=policy)
    yield from _access(settings, folder, today=today)
    yield from people.wrongly_identified(settings, environment)
    yield from owners.faults(settings)
    yield from _doors(settings, folder)
    yield from sealing.kept_waiting(settings, environment, today=today)
    yield from sealing.shared_keys(settings)


def _lacking(settings: HubSettings, folder: Path, *, today: dt.date) -> Iterator[Fault]:
    """What is there, or ends, on a day."""
    for code, agency in settings.agencies.items():
        yield from _agency(code, agency, today=today)
    yield from _unreached(settings)
    yield from _unasked(settings, today=today)
    yield from owners.nobody_signs(settings, today=today)
    yield from _ending_tokens(settings, today=today)
    yield from _unpeopled(settings)
    yield from people.unproven(settings)
    yield from _ending(settings, folder, today=today)


def _contents(
    settings: HubSettings, environment: Mapping[str, str], *, policy: Policy | None
) -> Iterator[Fault]:
    if policy is not None:
        yield from owners.nobody_decides(settings, policy.profile)
        yield from owners.releases_to_nobody(settings, policy.profile)
        yield from doors.told_to_nobody(settings, policy.profile)
    yield from _mappings(settings)
    yield from _secrets(settings, environment)
    yield from _model(settings)
    yield from _workers(settings.runtime.workers)


def _access(settings: HubSettings, folder: Path, *, today: dt.date) -> Iterator[Fault]:
    try:
        rules = read_access(settings, folder=folder)
    except Misconfigured as error:
        yield from error.faults
        return
    if not rules.in_force(today):
        denied = "everything is denied to everybody"
        if rules.over(today):
            denied = "people are shown nothing, and agencies go on by it"
        what = f"{rules.version} is not in force today: {denied}"
        yield Fault("access", what, "name rules that are, or have these renewed")
    there = [person for person in settings.people if person.is_there(today)]
    unseeing = {Role.REVIEWER, Role.OPERATIONS, Role.OBSERVER}
    looking = [one for one in there if not {*one.roles} <= unseeing]
    if looking and len([one for one in there if Role.REVIEWER in one.roles]) == 0:
        what = "nobody reviews who was shown contents, so they are shown to nobody"
        yield Fault("people", what, 'enter somebody with roles = ["reviewer"]')


def _doors(settings: HubSettings, folder: Path) -> Iterator[Fault]:
    yield from doors.pushed_nowhere(settings)
    yield from doors.shared_ports(settings)
    yield from doors.without_tls(settings, folder)
    yield from _unread_hl7(settings)
    yield from _unknown_plain(settings)
    yield from doors.unsafe_folders(settings, folder)
    yield from doors.shared_folders(settings, folder)
    yield from doors.readable_files(settings, folder)


def _read(settings: HubSettings, folder: Path) -> tuple[Policy | None, tuple[Fault, ...]]:
    """What decisions depend on, or what is wrong with it."""
    try:
        return read_policy(settings, folder=folder), ()
    except Misconfigured as error:
        return None, error.faults


def _mappings(settings: HubSettings) -> Iterator[Fault]:
    """Each by itself, so that one fault does not hide another."""
    for code, agency in settings.agencies.items():
        named = [(feed, name) for feed in _FEEDS if (name := getattr(agency, feed))]
        for feed, value in (*named, *(("mappings", (name,)) for name in agency.mappings)):
            alone = _bare(agency).model_copy(update={feed: value})
            yield from _mapping(_of(settings, code, agency=alone), where=f"agencies.{code}.{feed}")
        if agency.letters:
            alone = _bare(agency).model_copy(update={"letters": agency.letters})
            yield from _mapping(_of(settings, code, agency=alone), where=f"agencies.{code}.letters")


def _mapping(alone: HubSettings, *, where: str) -> Iterator[Fault]:
    try:
        routes(alone, {})
    except MappingMisplaced as error:
        yield Fault(where, str(error), f"name it under {error.place}, or name another here")
    except MappingFault as error:
        yield Fault(where, str(error), "mend the mapping; try it with `hub connectors try`")


def _unread_hl7(settings: HubSettings) -> Iterator[Fault]:
    """Agencies with a listener for HL7 of whose mappings none reads it."""
    for code, agency in settings.agencies.items():
        if agency.mllp is None:
            continue
        with suppress(MappingFault):  # told of the mapping itself
            route = routes(_of(settings, code, agency=_read_alone(agency)), {}).by_code[code]
            if route.format_of_file("message.hl7") is None:
                instead = 'name one with [reader.hl7] under mapping, such as "health-hl7"'
                yield Fault(f"agencies.{code}.mllp", "no mapping of the agency reads HL7", instead)


def _unknown_plain(settings: HubSettings) -> Iterator[Fault]:
    """Agencies whose bodies without an event are said to be what the hub takes from nobody."""
    for code, agency in settings.agencies.items():
        if agency.plain is not None and agency.plain not in MESSAGE_TYPES:
            what = f"{agency.plain} is no type of message that agencies send"
            instead = "write one such as mash.enquiry.v1; `hub schemas` lists them"
            yield Fault(f"agencies.{code}.plain", what, instead)


def _read_alone(agency: AgencySettings) -> AgencySettings:
    return agency.model_copy(update={"queue": None, "push": None})


def _secrets(settings: HubSettings, environment: Mapping[str, str]) -> Iterator[Fault]:
    for code, agency in settings.agencies.items():
        for way in ("queue", "push"):
            alone = _bare(agency).model_copy(update={way: getattr(agency, way)})
            try:
                routes(_of(settings, code, agency=alone), environment)
            except SecretMissing as error:
                instead = "export it where the hub is started"
                yield Fault(f"agencies.{code}.{way}", str(error), instead)


def _bare(agency: AgencySettings) -> AgencySettings:
    nothing = dict.fromkeys((*_FEEDS, "queue", "push", "letters"))
    return agency.model_copy(update={**nothing, "mappings": ()})


def _of(settings: HubSettings, code: str, *, agency: AgencySettings) -> HubSettings:
    return settings.model_copy(update={"agencies": {code: agency}})


def _workers(workers: Sequence[str]) -> Iterator[Fault]:
    """Each step in one worker, none twice and none left out."""
    named = Counter(name for worker in workers for name in worker.split())
    steps = {bound.step.name for bound in bound_steps()}
    if workers and named != Counter(steps) and named != Counter([ALL]):
        yield Fault(
            "runtime.workers",
            "does not name every step once",
            f'write ["{ALL}"], or each of {", ".join(sorted(steps))} once',
        )


def _model(settings: HubSettings) -> Iterator[Fault]:
    name = settings.linkage_model or "default"
    try:
        load_model(name)
    except (OSError, ValueError, LookupError):
        yield Fault(
            "linkage_model", f"{name} cannot be read", "leave it out, or name a model that ships"
        )


def _unkeyed(
    settings: HubSettings, environment: Mapping[str, str], *, folder: Path
) -> Iterator[Fault]:
    variable = settings.runtime.key_variable
    if not environment.get(variable) and not (folder / settings.runtime.key_file).exists():
        instead = f"in production make one with `hub config key` and set {variable}"
        yield Fault("runtime.key_file", "is not there and will be made on first start", instead)


def _agency(code: str, agency: AgencySettings, *, today: dt.date) -> Iterator[Fault]:
    if amiss := _amiss(agency.agreement, today):
        yield Fault(f"agencies.{code}.agreement", *amiss)


def _unreached(settings: HubSettings) -> Iterator[Fault]:
    """Agencies that cannot be sent anything: one warning for all, as in a new file it is all."""
    agencies = settings.agencies.items()
    codes = [
        code for code, one in agencies if not (one.push or one.http or one.queue or one.letters)
    ]
    if codes:
        what = f"no way to get what the hub has for them: {', '.join(codes)}"
        yield Fault(
            "agencies", what, "add http, queue, push or letters; until then their letters wait"
        )


def _unasked(settings: HubSettings, *, today: dt.date) -> Iterator[Fault]:
    """Systems that no referral is checked against, as no agreement names a basis."""
    for number, check in enumerate(settings.checks):
        agency = settings.agencies.get(check.agency)
        terms = agency.agreement.checks if agency and agency.agreement else None
        if terms is None or today < terms.since:
            what = f"the agreement with {check.agency} names no basis for checks today"
            instead = (
                f"add checks = {{ basis = …, since = … }} to agencies.{check.agency}.agreement"
            )
            yield Fault(f"checks[{number}]", f"{what}: nobody is asked", instead)


def _unpeopled(settings: HubSettings) -> Iterator[Fault]:
    if not settings.people and settings.identity.issuer is None:
        what = "are none: contents are shown to nobody, and dead letters are mended by nobody"
        yield Fault("people", what, "enter who acts by commands under [[people]]")


def _ending(settings: HubSettings, folder: Path, *, today: dt.date) -> Iterator[Fault]:
    """Access rules that end soon; those that cannot be read are told of as such."""
    with suppress(Misconfigured):
        rules = read_access(settings, folder=folder)
        until = rules.until
        if not rules.messages:
            what = f"{rules.version} does not speak of what agencies decide and ask by messages"
            instead = "add such lines as `hub policy show` has for `decide`, and messages = true"
            yield Fault("access", what, instead)
        if until is not None and today <= until < today + _SOON:
            instead = "have them renewed: then people are shown nothing"
            yield Fault("access", f"the access rules end on {until}", instead)


def _ending_tokens(settings: HubSettings, *, today: dt.date) -> Iterator[Fault]:
    """Agencies whose last token ends soon, or has."""
    for code, agency in settings.agencies.items():
        if (http := agency.http) is None:
            continue
        # Each by itself: a token that never ends helps no system that comes with a certificate.
        for kind, known in (("token", http.all_tokens), ("certificate", http.certificates)):
            ends = [one.until.date() for one in known if one.until is not None]
            if ends and len(ends) == len(known) and max(ends) < today + _SOON:
                when = "ends" if max(ends) >= today else "ended"
                what = f"the last {kind} {when} on {max(ends)}"
                instead = f"make the next (`hub config {kind}`), and write it beside this one"
                yield Fault(f"agencies.{code}.http", what, instead)


def _amiss(agreement: Agreement | None, today: dt.date) -> tuple[str, str] | None:
    """Nothing is taken from an agency without an agreement in force (R50): what, and instead."""
    renew = "renew it, and write its dates"
    if agreement is None:
        return f"is missing: {_REFUSED}", "sign one, and write its reference, signatory and dates"
    if today < agreement.since:
        return f"has not begun: {_REFUSED}", f"wait until {agreement.since}, or correct `since`"
    until = agreement.until
    if until and until < today:
        return f"has ended: {_REFUSED}", renew
    return (f"ends on {until}", renew) if until and until < today + _SOON else None
