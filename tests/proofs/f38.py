"""F38: the original and the map of what was taken out of it give the product, to the character.

The stories of F18 are played. The original is what an agency sent, by the proof's own account; the
maps are read from the record without the hub's code; the product is the letter that its recipient
was handed. Here the words are cut and put in by hand, and have to be those of the letter, and what
owners signed has to be of these words and of this map.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from router.steps.approve import wording
from router.steps.compose import drafting, product
from router.steps.sanitising import Sanitised, sanitise
from schemas.product import DraftItem
from tests.proofs.evidence import Evidence, gather
from tests.proofs.f18 import Town, town_of
from tests.proofs.f18_child import Child, Letter

Change = Mapping[str, Any]
Told = tuple[Child, str, str, dict[str, Any]]
_ONE_TOWN: Final = 50
_SHOWN: Final = 5
_WITHHELD: Final = "withhold"


@dataclass(frozen=True, slots=True)
class Plan:
    """So many sequences from a seed; ``without``: what of the hub is dropped."""

    sequences: int
    seed: int = 1
    without: str = ""


def _mapped_in_part(text: str, **known: Any) -> Sanitised:
    whole = sanitise(text, **known)
    return replace(whole, redactions=whole.redactions[:-1])


_differences = wording._differences


def _differing_in_part(original: str, text: str) -> Iterator[Any]:
    return iter([*_differences(original, text)][:-1])


_drafted = product._item


def _kept_as_sanitised(*given: Any, **named: Any) -> DraftItem:
    item = _drafted(*given, **named)
    shown = {"original": item.sanitised, "original_digest": item.sanitised_digest}
    return item.model_copy(update=shown | {"redactions": ()})


@contextmanager
def _signed_unread() -> Iterator[None]:
    with ExitStack() as stack:
        for place in ("router.steps.approve.signing", "connectors.edge.approving"):
            stack.enter_context(patch(f"{place}.redaction_map", return_value="0" * 64))
        yield


CONTROLS: Final[Mapping[str, Callable[[], AbstractContextManager[Any]]]] = {
    "map": lambda: patch.object(drafting, "sanitise", _mapped_in_part),
    "wording": lambda: patch.object(wording, "_differences", _differing_in_part),
    "original": lambda: patch.object(product, "_item", _kept_as_sanitised),
    "signed": _signed_unread,
}
"""What may be dropped: all of the map is recorded, of what is taken out and of owners' own words;
the original is kept; owners sign which map it is. The proof has to fail then.
"""


def prove(plan: Plan, *, progress: Callable[[int], None]) -> dict[str, Any]:
    """Play, and put every product together again."""
    wrong, how = list[str](), Counter[str]()
    with CONTROLS[plan.without]() if plan.without else nullcontext():
        for start in range(1, plan.sequences + 1, _ONE_TOWN):
            numbers = range(start, min(start + _ONE_TOWN, plan.sequences + 1))
            one = _played(numbers, f"{plan.seed}/{start}")
            how.update(one.how)
            wrong += one.wrong
            progress(len(numbers))
    return {
        "n": how.pop("products", 0),
        "sequences": plan.sequences,
        "seed": plan.seed,
        "without": plan.without,
        "items": sum(how.values()),
        "by_choice": dict(sorted(how.items())),
        "not_equal": len(wrong),
        "examples": wrong[:_SHOWN],
    }


@dataclass
class Desks(Town):
    """The town of F18, of which it is noted what agencies wrote and what they were handed."""

    told: set[str] = field(default_factory=set)
    """Every text that anybody sent."""
    products: list[Letter] = field(default_factory=list)

    def looks(
        self, content: bytes, place: str, *, viewer: str = "", letter: Letter | None = None
    ) -> None:
        """Nothing is searched; products are kept."""
        del content, place, viewer
        if letter is not None and letter["type"] == "mash.product.v1":
            self.products.append(letter["data"])

    def sends(self, said: Sequence[Told], *, heard: bool | None = None) -> None:
        """What people say is noted before it is sent."""
        self.told |= {text for _, _, _, data in said for text in _texts(data)}
        super().sends(said, heard=heard)


@dataclass(frozen=True, slots=True)
class Put:
    """What came of one town."""

    wrong: list[str]
    how: Counter[str]


def _played(numbers: range, seed: str) -> Put:
    with (
        tempfile.TemporaryDirectory(prefix="hub-proof-") as path,
        town_of(Desks, Path(path), seed) as one,
    ):
        one.plays(numbers)
        folder = one.folder.path
        key = base64.b64decode((folder / "hub.key").read_text("ascii"))
        record = Record.of(gather(f"sqlite:///{folder}/hub.db", key, folder=folder))
    how = Counter({"products": len(one.products)})
    wrong = [
        f"{item['item_id']} of {product['product_id']}: {said}"
        for product in one.products
        for item in product["items"]
        for said in record.wrong(product, item, told=one.told, how=how)
    ]
    return Put(wrong, how)


@dataclass(frozen=True, slots=True)
class Record:
    """Of each item of each product: how it was drafted, and what was decided, in order."""

    drafted: Mapping[tuple[str, str], Mapping[str, Any]]
    decided: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]
    follows: Mapping[str, str]
    """By product, which one it follows: what was decided about that counts, too."""
    amended: frozenset[str]
    """Items that their owners amended: no fact has the map of those words, so they are counted and
    not judged.
    """

    @classmethod
    def of(cls, evidence: Evidence) -> Record:
        """As the journal has it."""
        drafted = {
            (entry.data["product_id"], item["item_id"]): item
            for entry in evidence.of("product.drafted")
            for item in entry.data["items"]
        }
        drafts = evidence.of("product.drafted")
        follows = {one.data["product_id"]: one.data.get("follows") or "" for one in drafts}
        decided = defaultdict[tuple[str, str], list[Mapping[str, Any]]](list)
        for entry in evidence.of("product.item-decided"):
            decided[entry.data["product_id"], entry.data["item_id"]].append(entry.data)
        amended = frozenset(one.data["item_id"] for one in evidence.of("item.amended"))
        return cls(drafted, decided, follows, amended)

    def wrong(
        self, product: Letter, item: Letter, *, told: set[str], how: Counter[str]
    ) -> Iterator[str]:
        """What does not follow, of an item of a product that was handed out."""
        at = (product["product_id"], item["item_id"])
        if item["item_id"] in self.amended:
            how.update(["amended, not judged"])
            return
        draft, words = self.drafted.get(at), self._last_words(at)
        how.update([" then ".join(one["choice"] for one in words) or "nobody decided"])
        if draft is None or not words:
            yield "nothing on the record says where it comes from"
            return
        if draft["original"] not in told:
            yield "the original is nothing that anybody sent"
        text, maps = draft["original"], draft["redactions"]
        for one in words:
            taken_out = _map_of(one, maps)
            if not _is_sound(taken_out, text):
                yield f"the map of {one['owner']} is none of its text"
                return
            text, maps = _with(text, taken_out), []
            signed = maps if one["choice"] == "release_reworded" else taken_out
            yield from _not_signed(product, one, text=text, taken_out=signed)
        if text != item["text"]:
            yield "the original and the map give other words"

    def _last_words(self, at: tuple[str, str]) -> list[Mapping[str, Any]]:
        """What each who decides about it decided last; who is asked later is asked about the words
        that the first let leave.
        """
        last = dict[str, Mapping[str, Any]]()
        for one in self._decisions(*at):
            last.pop(one["owner"], None)  # who decides anew is asked about what others let leave
            last[one["owner"]] = one
        return [one for one in last.values() if one["choice"] != _WITHHELD]

    def _decisions(self, product_id: str, item_id: str) -> Iterator[Mapping[str, Any]]:
        """About the item in what the product follows, then in itself."""
        if before := self.follows.get(product_id):
            yield from self._decisions(before, item_id)
        yield from self.decided.get((product_id, item_id), ())


def _map_of(decided: Mapping[str, Any], redactions: Sequence[Change]) -> Sequence[Change]:
    """What is to be changed in the original, by what was chosen."""
    if decided["choice"] == "release_original":
        return []
    if decided["choice"] == "release_sanitised":
        return redactions
    differences: Sequence[Change] = decided["wording"]["differences"]
    return differences


def _is_sound(changes: Sequence[Change], text: str) -> bool:
    """Whether they are stretches of the text, in order and apart, and each redaction says why."""
    apart = all(one["end"] <= other["start"] for one, other in pairwise(changes))
    within = all(0 <= one["start"] <= one["end"] <= len(text) for one in changes)
    return apart and within and all("instead" in one or one["reason"] for one in changes)


def _with(text: str, changes: Sequence[Change]) -> str:
    """The text with these stretches changed, the last one first."""
    for one in reversed(changes):
        instead = one["instead"] if "instead" in one else one["replacement"]
        text = text[: one["start"]] + instead + text[one["end"] :]
    return text


def _not_signed(
    product: Letter, decided: Mapping[str, Any], *, text: str, taken_out: Sequence[Change]
) -> Iterator[str]:
    """What an owner with a key signed otherwise, as the letter itself shows it."""
    canonical = json.dumps(
        [dict(one) for one in taken_out], sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    for one in product.get("approvals", ()):
        if (one["item_id"], one["agency"]) != (decided["item_id"], decided["owner"]):
            continue
        said = json.loads(base64.b64decode(one["envelope"]["payload"]))
        if "redactions_sha256" not in said["predicate"]:
            continue  # signed beforehand, for whatever comes
        if said["subject"][0]["digest"]["sha256"] != _digest(text):
            yield f"{one['agency']} signed other words"
        if said["predicate"]["redactions_sha256"] != _digest(canonical):
            yield f"{one['agency']} signed another map"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _texts(told: object) -> Iterator[str]:
    """All texts in what is sent."""
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        for part in told.values():
            yield from _texts(part)
    elif isinstance(told, list | tuple):
        for part in told:
            yield from _texts(part)
