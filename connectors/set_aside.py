"""A concern is taken whatever is wrong with its parts: they are set aside, and the sender told.

Refused is only what leaves nothing to act on. What people decide is never mended like this.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Generic, TypeVar

from pydantic import ValidationError

from connectors.asides import MOST, Asides, AsSent
from connectors.degradable import MAY_GO
from connectors.faults import Fault, fault_of
from connectors.formats.strict_json import NotANumber, as_sent, cleaned
from connectors.formats.template import MAPPING
from connectors.implausible import implausible
from connectors.not_taken import NotTaken
from connectors.parts import Path, at, before_compact, compact, every, leaves, put
from schemas.case import OpenCase
from schemas.checks import CheckReply
from schemas.enquiries import Enquiry
from schemas.notification import NO_ACCOUNT, Instead, Notification
from schemas.person import PartialDate, Person
from schemas.registers import RegisterEntry
from schemas.sharing import Part, Sensitivity, Sharing

Concern = TypeVar("Concern", Notification, OpenCase, RegisterEntry, CheckReply, Enquiry)

_ROUNDS = 20
"""Cutting one part shows what it leaves incomplete: no shape of the hub's is deeper than this."""
_SHORTEST_PROSE = 200
"""Characters: what may be so long says something by its beginning; a number or code does not."""
_QUALIFIERS = frozenset({"system", "use", "accuracy_indicator", "relationship"})
"""They say how to take another part, and nothing by themselves."""
_NOT_WHO = frozenset({"address", "sex_code", "identifier_absent_reason"})
"""Of a child: what does not say which one it is."""


_ACTED_ON: Sequence[Path] = (("reference",), ("narrative",), ("subject", "name"))
"""Of a concern one of these has to be there."""
_CAREFUL: Mapping[str, object] = {
    "sensitivity": Sensitivity.RESTRICTED,
    "may_be_revealed": False,
    "may_leave": False,
    "signpost": False,
}
"""What stands for flags of sharing that cannot be read."""


def _folded(name: object) -> str:
    """A name whatever its case and what stands between its words."""
    return "".join(filter(str.isalnum, str(name))).casefold()


_MEANS_SHARING = frozenset(map(_folded, ("sharing", "restricted", *_CAREFUL)))
"""Names that nobody writes who does not keep something back."""


def usable(
    shape: type[Concern], sent: AsSent, *, validate: Callable[[object], Concern], now: dt.datetime
) -> Concern:
    """The shape of what can be used; ``NotTaken`` where that leaves nothing to act on."""
    making = _Making(shape=shape, sent=sent, validate=validate, now=now, asides=Asides(sent))
    return making.made()


@dataclass(slots=True, repr=False, kw_only=True)
class _Making(Generic[Concern]):
    shape: type[Concern]
    sent: AsSent
    validate: Callable[[object], Concern]
    now: dt.datetime
    asides: Asides
    _cut_yet: bool = False
    """What is well costs nothing more than being validated."""

    def made(self) -> Concern:
        if self.sent.odd:
            self._clean()
        if self.sent.values.get("set_aside"):  # the hub's own to say
            self._cut(Fault(("set_aside",), "invalid.unknown-field"))
        for _ in range(_ROUNDS):
            made = self._tried()
            if not isinstance(made, list):
                return self._told(made)
            for fault in made if len(made) <= MOST else _coarse(made):
                self._handle(fault)
        raise NotTaken("invalid.value", self.sent.where.rstrip("., /") or None)

    def _tried(self) -> Concern | list[Fault]:
        """The shape, if nothing is wrong any more."""
        shown = compact(self.sent.values) if self._cut_yet else self.sent.values
        try:
            made = self.validate(shown)
            faults = list(implausible(made, self.now))
        except ValidationError as error:
            faults = [fault_of(one) for one in error.errors(include_url=False, include_input=False)]
        if not faults:
            return made
        if not self._cut_yet:
            return faults
        return [one.moved(before_compact(self.sent.values, one.path)) for one in faults]

    def _told(self, made: Concern) -> Concern:
        changes: dict[str, object] = {}
        if isinstance(made, Notification):
            self._tell_who_is_missing(made)
            changes = self._kept_close(made) if self._cut_yet else {}
        elif isinstance(made, RegisterEntry) and not any(map(bool, _who(made.child))):
            raise NotTaken("missing.child", self.sent.agreed(("child", "name")))
        if kept := self.asides.all():
            changes["set_aside"] = kept
        return made.model_copy(update=changes) if changes else made

    def _kept_close(self, made: Notification) -> dict[str, object]:
        """Flags that cannot be read are taken for the most careful ones."""
        changes: dict[str, object] = {}
        if strict := self._unread(("sharing",), Sharing) | self._misplaced():
            changes["sharing"] = made.kept.model_copy(update=strict)
        came = [
            n for n, one in enumerate(at(self.sent.values, ("parts",)) or ()) if one is not None
        ]
        parts = tuple(
            part.model_copy(update=self._unread(("parts", number), Part))
            for number, part in zip(came, made.parts, strict=True)
        )
        return changes | ({"parts": parts} if parts != made.parts else {})

    def _unread(self, path: Path, shape: type[Sharing]) -> dict[str, object]:
        """The most careful value for each flag there that came and is not used; for all of them
        where there is a name that may be meant for any.
        """
        came = at(self.asides.came, path)
        unknown = set(came) - set(shape.model_fields) if isinstance(came, dict) else set()
        whole = bool(unknown) or self._is_lost(path)
        strict: dict[str, object] = {
            name: careful
            for name, careful in _CAREFUL.items()
            if whole or self._is_lost((*path, name)) or self._is_null((*path, name), shape)
        }
        for place in [path, *((*path, name) for name in strict)]:
            self.asides.keep_close(place)
        for name in unknown:
            self._guessed((*path, name))
        return strict

    def _misplaced(self) -> dict[str, object]:
        """The most careful flags of all, where one was written beside ``sharing``."""
        came = self.asides.came if isinstance(self.asides.came, dict) else {}
        meant = [
            name
            for name in came
            if _folded(name) in _MEANS_SHARING and name not in Notification.model_fields
        ]
        for name in meant:
            self._guessed((name,))
        return dict(_CAREFUL) if meant else {}

    def _guessed(self, path: Path) -> None:
        """Say that a name of the sender's own is taken for a flag, null too."""
        self.asides.note(Fault(path, "invalid.unknown-field"), Instead.KEPT_CLOSE)
        self.asides.keep_close(path)

    def _is_null(self, path: Path, shape: type[Sharing]) -> bool:
        """Whether null stands where a flag must be; in an agency's own format it says nothing."""
        came, name = at(self.asides.came, path[:-1]), path[-1]
        if not isinstance(came, dict) or came.get(name, "") is not None or self.asides.is_mapped:
            return False
        if shape.model_fields[str(name)].default is None:
            return False
        self.asides.note(Fault(path, "invalid.value"), Instead.KEPT_CLOSE)
        return True

    def _is_lost(self, path: Path) -> bool:
        return at(self.asides.came, path) is not None and at(self.sent.values, path) is None

    def _tell_who_is_missing(self, made: Notification) -> None:
        given, family, born, *others = _who(made.subject)
        if not (given or family or born or any(others)):
            name = self.sent.agreed(("subject", "name"))
            self.asides.note(Fault(("subject",), "missing.child"), Instead.WITHOUT, name=name)
        elif not (
            isinstance(born, PartialDate) and born.expected
        ):  # who is not born yet may have no name (R3)
            for part, told in (("given_name", given), ("family_name", family)):
                path = ("subject", "name", 0, part)
                if not told and not self.asides.told(path):
                    self.asides.note(Fault(path, "missing.name"), Instead.WITHOUT)

    # --- one fault

    def _handle(self, fault: Fault) -> None:
        value = at(self.sent.values, fault.path)
        if not isinstance(at(self.sent.values, fault.path[:-1]), dict | list):
            return  # it was left out with what it stood in
        self._may_degrade(fault.because_of(value))
        if fault.absent and value is None:
            self._do_without(fault.path)
        elif value is None or value in ("", [], {}):
            self._put(fault.path, None)
        elif isinstance(value, str) and (fault.longest or 0) >= _SHORTEST_PROSE:
            self.asides.note(fault, Instead.SHORTENED)
            self._put(fault.path, _shortened(value, fault))
        else:
            self._cut(fault.because_of(value))

    def _may_degrade(self, fault: Fault) -> None:
        may_go = MAY_GO.get(self.shape)
        if may_go is not None and may_go.isdisjoint(fault.path[:1]):
            raise NotTaken(fault.reason, self.asides.name(fault.public_path) or None)

    def _cut(self, fault: Fault) -> None:
        self.asides.note(fault, Instead.LEFT_OUT)
        self._put(fault.path, None)

    def _put(self, path: Path, new: object) -> None:
        self._cut_yet = True
        put(self.sent.values, path, new=new)

    def _clean(self) -> None:
        """Take out of texts what no text may hold, and what is no number."""
        for path, value in list(every(self.sent.values)):
            if isinstance(value, NotANumber):
                self._cut(Fault(path, "unreadable.number"))
            elif any(isinstance(name, str) and cleaned(name) != name for name in path[-1:]):
                self._cut(Fault(path, "invalid.unknown-field"))
            elif isinstance(value, str) and (clean := cleaned(value)) != value:
                self.asides.note(Fault(path, "invalid.characters"), Instead.CLEANED)
                self._put(path, clean)

    # --- what is missing

    def _do_without(self, path: Path) -> None:
        """Something is missing without which the whole, or a part of it, says nothing."""
        match path:
            case ("reference",):
                self._instead(path, self._given_reference(), instead=Instead.GIVEN)
            case ("observed_at",):
                self._instead(path, self.now.isoformat(), instead=Instead.ARRIVAL)
            case ("narrative",):
                self._instead(path, NO_ACCOUNT, instead=Instead.WITHOUT)
            case ("subject",) | ("child",) | ("query",):
                self._put(path, {})
            case (*_, "relationship"):
                self._instead(path, "other", instead=Instead.WITHOUT)
            case _:
                self._leave_out(path[:-1], without=path)

    def _instead(self, path: Path, value: object, *, instead: Instead) -> None:
        self._put(path, value)
        self.asides.done(path, instead)

    def _leave_out(self, parent: Path, *, without: Path) -> None:
        """A part, for want of something in it; what else it held is kept."""
        told, expected = self.asides.told(parent), f"with {self.asides.name(without)}"
        cause = self.asides.name(without)
        for path, _ in leaves(at(self.sent.values, parent), parent):
            if self.asides.name(path) == cause and self.asides.told(without):
                continue  # both are read from there, and its value is told and kept already
            if self.asides.written(path) not in (None, "") and not self._of_mapping(path):
                along = told and path[-1] in _QUALIFIERS
                fault = Fault(path, "invalid.incomplete", expected=expected)
                self.asides.note(fault, Instead.ALONG if along else Instead.LEFT_OUT)
        self._put(parent, None)

    def _of_mapping(self, path: Path) -> bool:
        """Whether no sender said that."""
        return self.asides.name(path) == MAPPING

    def _given_reference(self) -> str:
        """The same for the same message; ``NotTaken`` where that says nothing to act on."""
        if not self._says_something():
            reference, words, child = map(self.asides.name, _ACTED_ON)
            expected = f"{reference}, {words} or {child}"
            raise NotTaken("missing.content", reference, expected=expected)
        text = as_sent(self.asides.came)
        return "no-reference-" + sha256(text.encode("utf-8")).hexdigest()[:16]

    def _says_something(self) -> bool:
        """Whether there are words, or it is said who the child is."""
        came = {name: at(self.asides.came, (name,)) for name in ("narrative", "subject")}
        return any(
            not _NOT_WHO.intersection(path[1:2])
            and path[-1] not in _QUALIFIERS
            and str(value).strip()
            and not self._of_mapping(path)
            for path, value in leaves(came)
        )


def _who(child: Person) -> tuple[object, ...]:
    """What says who a child is: given name, family name, birth, identifiers, family."""
    given = any(name.given_name or name.preferred_name for name in child.name)
    family = any(name.family_name for name in child.name)
    return given, family, child.date_of_birth, child.identifier, child.related_person


def _coarse(faults: Sequence[Fault]) -> list[Fault]:
    """Whole fields of the concern and of its child in place of many parts of them."""
    return list({one.path[:2]: one.moved(one.path[:2]) for one in faults}.values())


def _shortened(value: str, fault: Fault) -> str:
    """Its beginning; a reference stays distinct from others that begin alike."""
    longest = fault.longest or 0
    if fault.path != ("reference",):
        return value[:longest]
    return value[: longest - 17] + "~" + sha256(value.encode()).hexdigest()[:16]
