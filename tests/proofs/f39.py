"""F39: a decision that is opened again shows just what was known then.

The stories of F18 are played, and the borough's profile changes now and then. What the lead agency
was handed is kept as it came, with what it decided and the version of the profile that was in force
then. Once all has happened each decision is opened again: it has to show what was kept, to the
letter, and nothing that came since.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from ops.access.acting import asker
from ops.look import as_of
from ops.look.as_of import AsOf
from ops.run.wiring import open_hub
from schemas.access import Purpose
from schemas.notification import Receipt
from schemas.picture import PictureShown
from stores import policies, trail
from stores.database import Transaction
from stores.policies import Kept
from stores.trail import Entry
from tests.proofs.f18 import Town, town_of
from tests.proofs.f18_child import Letter, words_in
from tests.proofs.may_see import LEAD

_ONE_TOWN: Final = 50
_SHOWN: Final = 5
_DECISIONS: Final = ("rating-decision", "outcome-decision", "request-decision")
"""What social workers send who have seen a picture."""
_VERSION: Final = re.compile(r'(?m)^version = ".*"$')


@dataclass(frozen=True, slots=True)
class Plan:
    """So many sequences from a seed; ``without``: what of the hub is dropped."""

    sequences: int
    seed: int = 1
    without: str = ""


_entries = as_of._entries


def _as_shown_last(transaction: Transaction, ids: Sequence[str]) -> list[Entry]:
    """The newest picture of the referral in the place of each."""
    return [_newest(transaction, entry) for entry in _entries(transaction, ids)]


def _newest(transaction: Transaction, entry: Entry) -> Entry:
    fact = entry.message.data
    if not isinstance(fact, PictureShown):
        return entry
    about = trail.about(transaction.connection, transaction.vault, wanted=fact.referral_id)
    facts = (one.message.data for one in about)
    *_, last = (one for one in facts if isinstance(one, PictureShown) and one.agency == fact.agency)
    told = fact.picture.model_copy(update={"content": last.picture.content})
    message = replace(entry.message, data=fact.model_copy(update={"picture": told}))
    return replace(entry, message=message)


def _by_the_last(transaction: Transaction, _wanted: str) -> list[Kept]:
    return policies.kept(transaction.connection, [max(policies.deciding(transaction.connection))])


CONTROLS: Final[Mapping[str, Callable[[], AbstractContextManager[Any]]]] = {
    "then": lambda: patch.object(as_of, "_entries", _as_shown_last),
    "policy": lambda: patch.object(as_of, "_heard_by", _by_the_last),
    "named": lambda: patch.object(as_of, "pictures_of", return_value=()),
}
"""What may be dropped: the pictures of that moment are shown, the policy of that moment, and what
the decision itself names. The proof has to fail then.
"""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it was sent, and by which version of the profile."""

    kind: str
    data: Mapping[str, Any]
    version: str


@dataclass
class Bench(Town):
    """The town of F18, with what its social workers were handed and have decided."""

    handed: dict[str, Letter] = field(default_factory=dict)
    """Pictures by their id, as they came."""
    decided: dict[str, Decided] = field(default_factory=dict)
    """By the id of the receipt."""
    version: str = ""
    versions: int = 0

    def looks(
        self, content: bytes, place: str, *, viewer: str = "", letter: Letter | None = None
    ) -> None:
        """Nothing is searched; what the lead agency is shown is kept."""
        del content, place
        picture = letter["data"].get("picture") if letter is not None else None
        if picture and viewer == LEAD:
            self.handed.setdefault(picture["id"], picture)

    def receipted(self, receipt: Receipt, one: dict[str, Any]) -> None:
        """What was decided is kept."""
        super().receipted(receipt, one)
        kind = one["type"].split(".")[1]
        if kind in _DECISIONS and receipt.status == "accepted":
            self.decided[receipt.id] = Decided(kind, one["data"], self.version)

    def hands_out(self, *, all_of_it: bool) -> None:
        """Now and then by another version of the profile, once all that was sent is heard."""
        if not self.version or self.chance.random() < 0.3:
            self.hub.embedded().drain()
            self._agrees_anew()
        super().hands_out(all_of_it=all_of_it)

    def _agrees_anew(self) -> None:
        self.versions += 1
        self.version = f"proof-{self.versions}"
        sample = (files("ops.profiles") / "sample-borough.toml").read_text("utf-8")
        profile = self.folder.path / f"{self.version}.toml"
        profile.write_text(_VERSION.sub(f'version = "{self.version}"', sample, count=1), "utf-8")
        config = self.folder.config.read_text("utf-8")
        named = re.sub(r'(?m)^profile = ".*"$', f'profile = "{profile}"', config)
        self.folder.config.write_text(named, "utf-8")
        self.hub.database.close()
        self.hub = open_hub(self.folder.config, {})

    def opened(self, id_: str) -> AsOf:
        """A decision, opened by an auditor."""
        by = asker(self.hub, "J. Auditor", why="case review", purpose=Purpose.AUDIT)
        return as_of.as_of(self.hub, id_, asker=by)

    # --- what is wrong

    def wrong(self, id_: str, found: AsOf) -> Iterator[str]:
        """What is shown otherwise than it was then."""
        decided = self.decided[id_]
        told = found.decision["decision"]
        if any(_plain(told.get(name)) != _plain(value) for name, value in decided.data.items()):
            yield "it was decided otherwise"
        named = {one["id"] for one in decided.data["saw"]}
        shown = {one.id: one for one in found.pictures}
        if {*shown, *found.hidden} != named or found.missing:
            yield "it does not show what it was decided on"
        for name, picture in shown.items():
            yield from self._otherwise(self.handed.get(name), picture)
            if picture.shown_at > found.recorded_at:
                yield "a picture is of later"
        for name in found.hidden:
            if name in self.handed and not self._holds_more(self.handed[name]):
                yield "a picture is not shown that the rules show"
        said = {_version(one) for one in found.policies if one.sound}
        if said != {decided.version} or not all(one.sound for one in found.policies):
            yield f"it is said to be by {sorted(map(str, said))}, and was by {decided.version}"

    def _otherwise(self, handed: Letter | None, picture: as_of.Picture) -> Iterator[str]:
        if handed is None:
            yield "a picture is shown that nobody was handed"
            return
        if picture.content != handed["content"]:
            yield "a picture shows something else"
        plain = json.dumps(picture.content, ensure_ascii=False, separators=(",", ":"))
        digest = sha256(plain.encode()).hexdigest()
        if not picture.as_seen or not digest == picture.digest == handed["digest"]:
            yield "a picture is not of its digest"

    def _holds_more(self, handed: Letter) -> bool:
        """Whether it holds what an auditor of another agency is not shown."""
        for word in words_in(json.dumps(handed, ensure_ascii=False), self.canaries):
            canary = self.canaries.by_word[word]
            items = self.children[canary.story].story.items
            item = items.get(canary.item)
            if item is not None and (item.restricted or not item.revealed):
                return True
        return False


def _plain(value: object) -> object:
    """What is left out is nothing."""
    return value or None


def _version(kept: Kept) -> str | None:
    return str(kept.policy["profile"]["version"]) if kept.policy else None


def prove(plan: Plan, *, progress: Callable[[int], None]) -> dict[str, Any]:
    """Play, and open every decision again."""
    wrong, how = list[str](), Counter[str]()
    for start in range(1, plan.sequences + 1, _ONE_TOWN):
        numbers = range(start, min(start + _ONE_TOWN, plan.sequences + 1))
        with (
            tempfile.TemporaryDirectory(prefix="hub-proof-") as path,
            town_of(Bench, Path(path), f"{plan.seed}/{start}") as one,
        ):
            one.plays(numbers)
            with CONTROLS[plan.without]() if plan.without else nullcontext():
                wrong += _opened_again(one, how)
        progress(len(numbers))
    return {
        "n": how["decisions"],
        "sequences": plan.sequences,
        "seed": plan.seed,
        "without": plan.without,
        **{name: how[name] for name in ("pictures", "hidden", "profiles")},
        "not_equal": len(wrong),
        "examples": wrong[:_SHOWN],
    }


def _opened_again(one: Bench, how: Counter[str]) -> list[str]:
    wrong = []
    for id_, decided in one.decided.items():
        found = one.opened(id_)
        how.update(decisions=1, pictures=len(found.pictures), hidden=len(found.hidden))
        wrong += [f"{decided.kind} {id_}: {said}" for said in one.wrong(id_, found)]
    how.update(profiles=one.versions)
    return wrong
