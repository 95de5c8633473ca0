"""What was lost and what was done twice: told from evidence alone (F1)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from tests.proofs.evidence import Evidence, Recorded


@dataclass(slots=True)
class Verdict:
    """Each finding as ``what id``; ``redelivered`` letters came again, which they may, and took
    effect once.
    """

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    redelivered: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not (self.lost or self.duplicated or self.wrong)

    def once(self, what: str, expected: Iterable[str], *, found: Mapping[str, int]) -> None:
        """Each of the expected is to be found exactly once."""
        for id_ in dict.fromkeys(expected):
            self.at_least_once(what, [id_], found=found)
            if found.get(id_, 0) > 1:
                self.duplicated.append(f"{what} {id_}")

    def at_least_once(
        self, what: str, expected: Iterable[str], *, found: Mapping[str, int]
    ) -> None:
        """Each of the expected is to be found."""
        self.lost += [f"{what} {id_}" for id_ in expected if not found.get(id_)]


def check(evidence: Evidence) -> Verdict:
    """Every message that was receipted, every step on its way, and every letter that should have
    come.
    """
    verdict = check_inward(evidence)
    _letters(evidence, verdict)
    _products(evidence, verdict)
    return verdict


def check_inward(evidence: Evidence) -> Verdict:
    """The same without what leaves the hub, for runs in which nobody takes their letters."""
    verdict = Verdict()
    _receipted(evidence, verdict)
    _steps(evidence, verdict)
    return verdict


def _receipted(evidence: Evidence, verdict: Verdict) -> None:
    """What an agency has a receipt for is in the store once: as a fact, or as a dead letter with
    its fact.
    """
    facts = Counter(entry.id for entry in evidence.journal)
    dead = Counter(one.id for one in evidence.dead)
    refused = Counter(entry.data["dead_letter_id"] for entry in evidence.of("message.refused"))
    notes = [*evidence.sent, *evidence.answers]
    taken = [note["id"] for note in notes if note["status"] != "rejected"]
    rejected = [note["id"] for note in notes if note["status"] == "rejected"]
    verdict.once("message", taken, found=facts)
    verdict.once("dead letter", rejected, found=dead)
    verdict.once("refusal", rejected, found=refused)


def _steps(evidence: Evidence, verdict: Verdict) -> None:
    """Received, settled; accepted, linked; linked and not handed over, rated and its requests
    prepared: each exactly once.

    A human may have a referral moved away from a child with a worker; then it is rated and prepared
    for after all, once. What is moved to such a child is that worker's, and may come back.
    """
    linked = evidence.of("case.child-linked")
    corrected = evidence.of("case.link-corrected")
    to_a_worker = {e.data["referral_id"] for e in corrected if e.data.get("allocated_to")}
    here = dict.fromkeys(
        entry.data["referral_id"] for entry in linked if entry.data["allocated_to"] is None
    )
    stays = [id_ for id_ in here if id_ not in to_a_worker]
    moved = {entry.data["referral_id"] for entry in corrected}
    settled = _causes(evidence, "notification.accepted", "notification.duplicated")
    verdict.once("settled", _ids(evidence.of("notification.received")), found=settled)
    accepted = _ids(evidence.of("notification.accepted"))
    verdict.once("linked", accepted, found=_causes(evidence, "case.child-linked"))
    verdict.once("rated", stays, found=_about(evidence, "rating.suggested"))
    prepared = _about(evidence, "information.prepared")
    verdict.once("prepared", [id_ for id_ in stays if id_ not in moved], found=prepared)
    verdict.at_least_once("prepared", list(here), found=prepared)
    _asked(evidence, verdict)


def _asked(evidence: Evidence, verdict: Verdict) -> None:
    """What was rated by a human is asked about, once it is settled whose child it is; nothing is
    asked before.
    """
    settled = {entry.data["referral_id"] for entry in evidence.of("case.link-corrected")}
    in_doubt = {
        entry.data["referral_id"]
        for entry in evidence.of("case.child-linked")
        if entry.data["outcome"] == "review"
    } - settled
    rated = Counter(entry.data["referral_id"] for entry in evidence.of("rating.assigned"))
    asked = Counter(entry.data["referral_id"] for entry in evidence.of("information.requested"))
    verdict.at_least_once("asked", [id_ for id_ in rated if id_ not in in_doubt], found=asked)
    verdict.wrong += [f"asked before a human rated {id_}" for id_ in asked if id_ not in rated]


def _letters(evidence: Evidence, verdict: Verdict) -> None:
    """What was asked of people reached them, however often, as one and the same letter.

    A request that was cancelled while it waited was kept back, and may never have been received.
    """
    if evidence.undelivered:
        verdict.lost.append(f"letters undelivered {evidence.undelivered}")
    came = Counter(note["letter"]["id"] for note in evidence.letters)
    verdict.redelivered = sum(count - 1 for count in came.values())
    requests = [
        one["identifier"]
        for entry in evidence.of("information.requested")
        for one in entry.data["requests"]
    ]
    asked = _different(evidence, "information-request", named="identifier")
    cancelled = {entry.data["request_id"] for entry in evidence.of("information.cancelled")}
    gone = cancelled | stopped(evidence)
    expected = [id_ for id_ in requests if id_ in asked or id_ not in gone]
    verdict.once("request", expected, found=asked)
    rated = [entry.data["referral_id"] for entry in evidence.of("rating.suggested")]
    asked = _different(evidence, "rating-request", named="referral_id")
    verdict.at_least_once("rating request", rated, found=asked)


def stopped(evidence: Evidence) -> set[str]:
    """The requests and products that were kept back at the door, and that a human stopped (L7)."""
    no = {
        entry.data["hold_id"]
        for entry in evidence.of("safety.settled")
        if entry.data["choice"] == "do_not_send"
    }
    held = [entry.data for entry in evidence.of("letter.held") if entry.data["hold_id"] in no]
    asked = {(one["referral_id"], one["recipient"]) for one in held}
    requests = {
        one["identifier"]
        for entry in evidence.of("information.requested")
        for one in entry.data["requests"]
        if (one["referral_id"], one["agency"]) in asked
    }
    return requests | {one["product_id"] for one in held if one.get("product_id")}


def _products(evidence: Evidence, verdict: Verdict) -> None:
    """Approved once, released once, received as exactly the bytes that were released.

    One that was taken back while it waited on its recipient's queue, or was in hand, was never
    received, unless it was fetched in that moment; what its owners left of it is released anew, as
    other bytes.
    """
    released = evidence.of("product.released")
    done = _causes(evidence, "product.released", "product.refused")
    verdict.once("released", _ids(evidence.of("product.approved")), found=done)
    bytes_ = [f"{entry.data['product_id']}/{entry.data['digest']}" for entry in released]
    verdict.once("product released", bytes_, found=Counter(bytes_))
    came = _different(evidence, "product", named="product_id")
    kept_back = {entry.data["product_id"] for entry in evidence.of("product.taken-back")}
    kept_back |= stopped(evidence)
    unsent = {entry.data["product_id"]: entry for entry in evidence.of("product.unsent")}
    kept_back |= {id_ for id_, entry in unsent.items() if entry.data.get("tried")}  # who knows
    expected = [
        entry.data["product_id"]
        for entry in released
        if entry.data["product_id"] not in kept_back and _is_after(entry, unsent)
    ]
    verdict.once("product letter", expected, found=came)
    digests = {
        (entry.data["product_id"], entry.data["recipient"], entry.data["digest"])
        for entry in released
    }
    for note in evidence.letters:
        letter = note["letter"]
        if letter["type"] == "mash.product.v1":
            here = (letter["data"]["product_id"], note["agency"], digest(letter["data"]))
            if here not in digests:
                verdict.wrong.append(f"product {letter['data']['product_id']}")


def _is_after(released: Recorded, unsent: Mapping[str, Recorded]) -> bool:
    """Whether nothing says since that this was in hand and did not go: what follows it has to."""
    last = unsent.get(released.data["product_id"])
    return last is None or released.position > last.position


def digest(data: object) -> str:
    """SHA-256 of the compact JSON of a letter's data."""
    return sha256(json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def _ids(entries: Iterable[Recorded]) -> list[str]:
    return [entry.id for entry in entries]


def _causes(evidence: Evidence, *types: str) -> Counter[str]:
    """How many facts of these types each message caused."""
    return Counter(str(entry.cause) for type_ in types for entry in evidence.of(type_))


def _about(evidence: Evidence, type_: str) -> Counter[str]:
    """How many facts of a type there are about each referral."""
    return Counter(entry.data["referral_id"] for entry in evidence.of(type_))


def _different(evidence: Evidence, type_: str, *, named: str) -> dict[str, int]:
    """How many different letters of a type there are about each thing that they name."""
    found: dict[str, set[str]] = defaultdict(set)
    for note in evidence.letters:
        letter = note["letter"]
        if letter["type"] == f"mash.{type_}.v1":
            found[letter["data"][named]].add(letter["id"])
    return {about: len(ids) for about, ids in found.items()}
