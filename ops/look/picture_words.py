"""A picture in plain words, as somebody would read it at a desk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from schemas.base import Instant
from schemas.checks import System
from schemas.disagreements import OVER
from schemas.person import (
    NHS_NUMBER,
    Address,
    Identifier,
    Name,
    PartialDate,
    Protectable,
    RelatedPerson,
    School,
)
from schemas.picture import (
    AlsoIn,
    AskedAgency,
    CheckedSystem,
    CountedConcern,
    Earlier,
    LeftOut,
    NotCounted,
    OwedDecision,
    Picture,
    PicturedChild,
    PicturedConsent,
    PicturedHandover,
    PicturedHolder,
    PicturedOutcome,
    PicturedRelative,
    PicturedView,
    PicturePart,
)
from schemas.referrer import MadeBy
from schemas.registers import Involvement

_MADE_BY = {
    MadeBy.PUBLIC: "a member of the public",
    MadeBy.ANONYMOUS: "somebody who gave no name",
}
_LETTERS = {"E": "estimated", "U": "not known"}


def in_words(picture: Picture, names: Mapping[str, str]) -> Iterator[str]:
    """Line by line; ``names``: what people call each agency."""
    yield from _child(picture.child, names)
    yield from _candidates(picture, names)
    yield from _concern(picture, names)
    yield from _family(picture, names)
    yield from _history(picture, names)
    yield from _gathered(picture, names)
    yield from _rating(picture)
    if picture.holder:
        yield _holder(picture.holder)
    if picture.handed_over:
        yield _handed_over(picture.handed_over, names)
    if picture.closed:
        yield from _closed(picture.closed, names)
    for view in picture.views:
        yield from _view(view, names)


def part_in_words(part: PicturePart, names: Mapping[str, str]) -> Iterator[str]:
    """What an agency that was asked could see, line by line."""
    for earlier in part.own:
        yield f"Its own: {_earlier(earlier, names)}"
    for asked in part.asked:
        yield f"Asked: {_answer(asked)}"


def _child(child: PicturedChild, names: Mapping[str, str]) -> Iterator[str]:
    called = " also ".join(dict.fromkeys(name_of(one.name) for one in child.names))
    yield f"Child: {called or 'name not known'}"
    for born in child.births:
        yield f"  {_born(born.date_of_birth)} ({_told(born.told_by, born.on, names=names)})"
    if child.sex_codes:
        yield f"  Sex: {' or '.join(child.sex_codes)}"
    for number in child.identifiers:
        yield f"  {_number(number.identifier)} ({_told(number.told_by, number.on, names=names)})"
    for where in child.addresses:
        yield f"  {_address(where.address)} ({_told(where.told_by, where.on, names=names)})"
    for contact in child.contacts:
        yield f"  Telephone: {', '.join(contact.contact.telephone) or 'none'}"
    for at in child.schools:
        yield f"  School: {_school(at.school)} ({_told(at.told_by, at.on, names=names)})"
    for doctor in child.gps:
        yield f"  GP: {_gp(doctor.gp)} ({_told(doctor.told_by, doctor.on, names=names)})"
    if child.worker:
        yield f"  Allocated to {child.worker.name}, {child.worker.team}"
    yield f"  Is it this child: {child.outcome}; {'; '.join(child.reasons)}"


def _candidates(picture: Picture, names: Mapping[str, str]) -> Iterator[str]:
    for candidate in picture.candidates:
        yield "It may also be:"
        yield from (f"  {line}" for line in _child(candidate, names))


def _concern(picture: Picture, names: Mapping[str, str]) -> Iterator[str]:
    concern = picture.concern
    who = names.get(concern.agency, concern.agency)
    yield f"Concern of {when(concern.observed_at)} by {who}; to ring: {concern.call}"
    yield f"  {concern.narrative or 'Its agency does not reveal the account.'}"
    for part in concern.parts:
        yield f"  Told beside it ({part.sensitivity}): {part.text}"
    if concern.concern:
        yield f"  Coded as: {', '.join(concern.concern)}"
    if told := concern.parents_informed:
        informed = "informed" if told.informed else "not informed"
        because = f": {told.reason}" if told.reason else ""
        yield f"  Parents {informed}, consent {told.consent.replace('_', ' ')}{because}"
    for word in concern.consents:
        yield f"  {_consent(word, names)}"
    if concern.made_by is not MadeBy.PROFESSIONAL:
        yield f"  Told by {_MADE_BY[concern.made_by]}"
    if concern.event:
        yield f"  One event with {len(concern.event.referral_ids)} children"
    for aside in concern.set_aside:
        yield f"  Could not be used: {aside.field}: {aside.value}"


def _consent(word: PicturedConsent, names: Mapping[str, str]) -> str:
    asked = ", ".join(
        filter(
            None,
            (
                f"asked {word.whom}" if word.whom else None,
                f"by {word.asked_by}" if word.asked_by else None,
                when(word.asked_at) if word.asked_at else None,
            ),
        )
    )
    basis = f", on {word.legal_basis}" if word.legal_basis else ""
    because = f": {word.reason}" if word.reason else ""
    said = f"Consent {_plain(word.answer)}{basis}{because}"
    who = f"{word.told_by} of {names.get(word.agency, word.agency)}"
    return f"{said} ({asked}; told by {who})" if asked else f"{said} (told by {who})"


def _family(picture: Picture, names: Mapping[str, str]) -> Iterator[str]:
    if picture.children or picture.adults:
        yield "Family:"
    for child in picture.children:
        yield f"  {_relative(child)}"
    for adult in picture.adults:
        born = f", {_born(adult.date_of_birth)}" if adult.date_of_birth else ""
        risk = f", said to be a risk: {_plain(adult.risk)}" if adult.risk else ""
        yield f"  {name_of(adult.name)}, {_plain(adult.relationship)}{born}{risk}"
        for one in adult.also_in:
            yield f"    also in: {_elsewhere(one, names)}"
        for one in adult.may_be_in:
            yield f"    may be the same as in: {_elsewhere(one, names)}"


def _elsewhere(one: AlsoIn, names: Mapping[str, str]) -> str:
    called = name_of(one.name) if one.name else "a child"
    risk = f", said to be a risk: {_plain(one.risk)}" if one.risk else ""
    worker = f", allocated to {one.worker.name}" if one.worker else ""
    told = _told(one.told_by, one.on, names=names)
    return (
        f"{called}, {_plain(one.relationship)} there{risk}, {_times(len(one.referral_ids))}"
        f" ({told}){worker}; {', '.join(one.reasons)}"
    )


def _plain(code: str) -> str:
    return code.replace("_", " ")


def _relative(child: PicturedRelative) -> str:
    called = name_of(child.name) if child.name else "name not known"
    born = f", {_born(child.date_of_birth)}" if child.date_of_birth else ""
    if child.person_id is None:
        return f"{called}, {child.relationship or 'child'}{born}, known by name only"
    worker = f", allocated to {child.worker.name}" if child.worker else ""
    return f"{called}, child of the family{born}, {_times(child.referrals)}{worker}"


def _history(picture: Picture, names: Mapping[str, str]) -> Iterator[str]:
    counts = picture.repeats
    yield (
        f"In {counts.months} months, up to this one: {_times(counts.of_child)} about the child, "
        f"{_times(counts.of_family)} about the family"
    )
    yield from (f"  Counted: {_counted(one, picture, names=names)}" for one in picture.counted)
    yield from (f"  Not counted: {_not_counted(one, names)}" for one in picture.not_counted)
    for earlier in picture.history:
        yield f"  {_earlier(earlier, names)}"


def _counted(one: CountedConcern, picture: Picture, *, names: Mapping[str, str]) -> str:
    said = [_told(one.agency, one.on, names=names)]
    said += ["this one"] if one.id == picture.referral_id else [one.id]
    said += ["about another child of the family"] * (one.person_id != picture.child.person_id)
    said += ["on record as below threshold"] * one.below_threshold
    said += ["handed over to the child's worker"] * one.handed_over
    said += ["one event with several children"] * bool(one.event_id)
    return ", ".join(said)


_WHY = {
    LeftOut.AMENDMENT: "a new version of",
    LeftOut.RESEND: "sent again, after",
    LeftOut.COPY: "another agency's copy of",
    LeftOut.SAME_ENTRY: "an entry of a register that tells again of",
    LeftOut.UNDATED: "an entry of a register that does not say since when",
}


def _not_counted(one: NotCounted, names: Mapping[str, str]) -> str:
    why = " ".join(filter(None, (_WHY[one.why], one.of)))
    return f"{_told(one.agency, one.on, names=names)}, {one.id}: {why}"


def _earlier(earlier: Earlier, names: Mapping[str, str]) -> str:
    rated = f"rated {earlier.colour}" if earlier.colour else "not rated"
    if earlier.handed_over:
        rated = f"handed over to the worker{f', {rated}' if earlier.colour else ''}"
    outcome = f", {earlier.outcome.replace('_', ' ')}" if earlier.outcome else ""
    again = ", the same concern again" if earlier.same_concern_as else ""
    again += ", one event with several children" if earlier.event_id else ""
    who, said = names.get(earlier.agency, earlier.agency), earlier.narrative or "not revealed"
    return f"{earlier.on:%d %b %Y}, {who}, {rated}{outcome}{again}: {said}"


def _gathered(picture: Picture, names: Mapping[str, str]) -> Iterator[str]:
    for asked in picture.asked:
        yield f"{names.get(asked.agency, asked.agency)}: {_answer(asked)}"
        for item in asked.items:
            yield f"  {item.text}"
    for item in picture.volunteered:
        yield f"{names.get(item.owner, item.owner)} told unasked: {item.text}"
    for agency in picture.not_asked:
        yield f"{names.get(agency.agency, agency.agency)} is not asked: {agency.reason}"
    for owed in picture.owed:
        yield f"{names.get(owed.agency, owed.agency)} {_owed(owed, names)}"
    for act in picture.acted:
        yield f"What {names.get(act.owner, act.owner)} did with what it was sent: {act.text}"
        yield f"  Told by {act.told_by}, {when(act.at)}"
    yield from (f"{_system(check, names)} {_checked(check)}" for check in picture.checked)
    for left in picture.not_checked:
        yield f"{_system(left, names)} is not asked: {left.reason}"


def _owed(owed: OwedDecision, names: Mapping[str, str]) -> str:
    what = "an item" if owed.items == 1 else f"{owed.items} items"
    to = names.get(owed.recipient, owed.recipient)
    due = f", due {when(owed.due_at)}" if owed.due_at else ", and everybody was told"
    has = "has not decided in time whether" if owed.late else "is asked whether"
    return f"{has} {what} of its own may go to {to}{due}"


def _system(system: System, names: Mapping[str, str]) -> str:
    return f"The system {system.system} of {names.get(system.agency, system.agency)}"


def _checked(check: CheckedSystem) -> str:
    match check.state:
        case "late":
            return f"has not answered, and is not waited for; it was due {_due(check)}"
        case "awaited":
            return f"is asked, due {_due(check)}"
    late = " (it answered late)" if check.late else ""
    if check.denied:
        return f"does not say whether it knows the child{late}"
    if check.possible:
        return f"may know the child, which a human has to say: {_involvement(check)}{late}"
    return f"knows the child: {_involvement(check)}{late}" if check.known else _UNKNOWN + late


_UNKNOWN = "does not know the child"


def _due(check: CheckedSystem) -> str:
    return when(check.due_at) if check.due_at else "at once"


def _involvement(check: Involvement) -> str:
    """As much as it says of how it knows the child."""
    dates = (("since", check.since), ("until", check.until))
    said = [check.involvement or "no more is said"]
    said += [f"{word} {day:%d %b %Y}" for word, day in dates if day]
    return ", ".join(filter(None, (*said, check.worker, check.contact, check.reference)))


def _answer(asked: AskedAgency) -> str:
    match asked.state:
        case "answered":
            return "answered" if asked.known else "has nothing to tell"
        case "late":
            return f"has not answered, due {when(asked.due_at)}"
        case "cancelled":
            return "no longer asked"
    return f"asked, due {when(asked.due_at)}"


def _rating(picture: Picture) -> Iterator[str]:
    if suggestion := picture.suggestion:
        why = " ".join(suggestion.reasons)
        yield f"Suggestion of {suggestion.profile}, not a rating: {suggestion.colour}. {why}"
    for rating in picture.ratings:
        yield (
            f"Rated {rating.colour} by {rating.decided_by}, {when(rating.at)}: {rating.rationale}"
        )
    for clock in picture.clocks:
        yield f"Due: {clock.clock.replace('_', ' ')} by {when(clock.due_at)}"


def _holder(holder: PicturedHolder) -> str:
    given = f"given by {holder.decided_by}"
    by = "who took it" if holder.decided_by == holder.person else given
    return f"With {holder.person}, {by}, {when(holder.at)}: {holder.rationale}"


def _handed_over(handed: PicturedHandover, names: Mapping[str, str]) -> str:
    team = names.get(handed.agency, handed.agency)
    whom = team if handed.worker.name == team else f"{handed.worker.name}, {team}"
    by = f" by {handed.handed_by} ({handed.rationale})" if handed.handed_by else ""
    to = f"Handed over to {whom}, {when(handed.since)}{by}"
    match handed.state:
        case "received":
            return f"{to}: {handed.by} has it"
        case "refused":
            return f"{to}: they say that it is not theirs: {handed.reason}"
    return f"{to}: nobody there has said yet that they have it"


def _closed(closed: PicturedOutcome, names: Mapping[str, str]) -> Iterator[str]:
    to = f", to {names.get(closed.to, closed.to)}" if closed.to else ""
    yield (
        f"Closed: {_plain(closed.outcome)}{to}, by {closed.decided_by}, {when(closed.at)}: "
        f"{closed.rationale}"
    )
    if closed.without_product:
        yield f"  Without a product: {closed.without_product}"
    if closed.told:
        yield f"  {names.get(closed.told, closed.told)} was told: {closed.may_be_told}"
    else:
        yield f"  Whoever brought it may be told: {closed.may_be_told}"


def _view(view: PicturedView, names: Mapping[str, str]) -> Iterator[str]:
    who = f"{names.get(view.agency, view.agency)} ({view.profession}, {view.raised_by})"
    over = OVER[view.disputes]
    owner = f" of {names.get(view.owner, view.owner)}" if view.owner else ""
    state = "Disputed" if view.state == "open" else f"Was disputed, {_plain(view.state)}"
    yield f"{state}: {who} disagrees with {over}{owner}, {when(view.at)}: {view.view}"
    yield f"  Asks for: {view.asks_for}"
    decides = names.get(view.owed_by, view.owed_by)
    if view.state == "open":
        by = f" by {when(view.due_at)}" if view.due_at else ""
        yield f"  {decides} decides about it{by}"
    elif view.verdict:
        yield f"  {_plain(view.verdict).capitalize()}, by {view.decided_by}: {view.said}"
    else:
        yield f"  {view.said}"


def name_of(name: Name) -> str:
    """A name as it is said: given names, then family names."""
    preferred = f" ({name.preferred_name})" if name.preferred_name else ""
    return " ".join((*name.given_name, *name.family_name)) + preferred


def when(moment: Instant) -> str:
    """A moment as people write it."""
    return f"{moment:%d %b %Y %H:%M}"


def _told(agency: str, day: dt.date, *, names: Mapping[str, str]) -> str:
    return f"{names.get(agency, agency)}, {day:%d %b %Y}"


def _born(date: PartialDate) -> str:
    parts = zip(("day", "month", "year"), date.accuracy_indicator, strict=True)
    doubts = [f"{part} {_LETTERS[letter]}" for part, letter in parts if letter in _LETTERS]
    word = "Expected" if date.expected else "Born"
    return f"{word} {date.date:%d %b %Y}" + (f" ({', '.join(doubts)})" if doubts else "")


def _number(identifier: Identifier) -> str:
    if identifier.system == NHS_NUMBER:
        value = identifier.value
        return f"NHS number {value[:3]} {value[3:6]} {value[6:]}"
    return f"{identifier.system.rpartition('/')[2].upper()} {identifier.value}"


def _address(address: Address) -> str:
    return f"{address.use.title()}: {_lines(address)}{_hidden(address)}"


def _lines(address: Address) -> str:
    parts = (address.line1, address.line2, address.city, address.postcode)
    return ", ".join(filter(None, parts))


def _hidden(told: Protectable) -> str:
    because = f": {told.protected_reason}" if told.protected_reason else ""
    return f", protected{because}" if told.protected else ""


def _school(school: School) -> str:
    where = f", {_lines(school.address)}" if school.address else ""
    return f"{school.name}{where}{_hidden(school)}"


def _gp(doctor: RelatedPerson) -> str:
    numbers = (number for contact in doctor.contact for number in contact.telephone)
    said = ", ".join((name_of(doctor.name), *doctor.works_for, *numbers))
    return f"{said}{_hidden(doctor)}"


def _times(count: int) -> str:
    return "1 concern" if count == 1 else f"{count} concerns"
