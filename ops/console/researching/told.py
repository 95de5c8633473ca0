"""What an agency tells the hub at its desk: items, each with who may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ops.console.screen import Form, Visit
from schemas.message import derived_id
from schemas.sharing import Sensitivity

MOST: Final = 10
"""Items in one form; more are told as further items."""
_MOST_WORDS, _MOST_REASON = 20_000, 500
_SHARED: Final = {"all": (True, True), "hub": (True, False), "none": (False, False)}
"""Whether people of the hub may see it, and whether it may leave once its owner approves."""


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """One item, as a form has it."""

    number: int
    text: str = ""
    sensitivity: str = ""
    shared: str = ""
    """``all``: it may leave once approved; ``hub``: for the hub alone; ``none``: nobody sees it."""
    signpost: str = "yes"
    reason: str = ""

    @classmethod
    def of(cls, form: Form, number: int) -> Told:
        """As a form brought it."""
        names = ("text", "sensitivity", "shared", "signpost", "reason")
        said = {name: form.one(f"{name}-{number}") for name in names}
        return cls(number, **said | {"reason": " ".join(said["reason"].split())})

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written."""
        return not (self.text or self.reason or self.sensitivity or self.shared)

    def faults(self) -> dict[str, str]:
        """What is missing, by its field."""
        number, errors = self.number, {}
        if not self.text:
            errors[f"text-{number}"] = f"Item {number}: write what you know"
        elif len(self.text) > _MOST_WORDS:
            most = f"{_MOST_WORDS:,} characters or fewer"
            errors[f"text-{number}"] = f"Item {number}: it must be {most}"
        if self.sensitivity not in set(Sensitivity):
            errors[f"sensitivity-{number}"] = f"Item {number}: select how sensitive it is"
        if self.shared not in _SHARED:
            errors[f"shared-{number}"] = f"Item {number}: select who may see it"
        elif self.shared != "all" and not self.reason:
            errors[f"reason-{number}"] = f"Item {number}: say why it is kept back"
        if len(self.reason) > _MOST_REASON:
            most = f"{_MOST_REASON} characters or fewer"
            errors[f"reason-{number}"] = f"Item {number}: the reason must be {most}"
        return errors

    def item(self, visit: Visit, *about: str) -> dict[str, Any]:
        """As the agency's own system would tell it."""
        revealed, leaves = _SHARED[self.shared]
        told: dict[str, Any] = {
            "item_id": derived_id("desk-item", visit.agency, *about, self.text),
            "owner": visit.agency,
            "text": self.text,
            "sensitivity": self.sensitivity,
            "may_be_revealed": revealed,
            "may_leave": leaves,
            "signpost": self.signpost == "yes",
        }
        return told | ({"reason": self.reason} if self.reason else {})


def items_of(form: Form) -> Sequence[Told]:
    """The items of a form, at least one; what was left empty behind the first is no item."""
    count = int(form.one("count")) if form.one("count").isdecimal() else 1
    each = [Told.of(form, number) for number in range(1, min(count, MOST) + 1)]
    first, *others = each or [Told(1)]
    return [first, *(one for one in others if not one.is_empty)]


def faults_of(items: Sequence[Told]) -> dict[str, str]:
    """What is missing of all of them."""
    return {name: said for one in items for name, said in one.faults().items()}
