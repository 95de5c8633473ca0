"""Whether what somebody writes to others says what an owner does not let be told (R28, R30).

Whoever decides, asks or disagrees writes these words. An owner's 'no' holds there, too: a sentence
that it withholds, does not reveal or does not let leave is looked for as the letter is handed out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic_core import from_json

from router.memory.families import members_of
from router.steps.approve import decide as approve
from router.steps.approve.likeness import holds, plain, telling
from router.steps.approve.state import Approvals, Said
from router.steps.approve.state import State as Approving
from router.steps.compose import gathering
from router.steps.compose.gathering import Gathering
from router.steps.link.register import STEP_NAME as LINKING
from router.steps.sharing import open_to_others
from schemas.disagreements import DisagreementEnded, DisagreementOpened
from schemas.handoff import OutcomeForCases
from schemas.handover import HandoverRecall
from schemas.information import InformationRequest
from schemas.notices import ApprovalRequest, LinksChanged, RecallAnswerNotice, RequestChange
from schemas.outcome import ReferralOutcome
from schemas.referrer import ReferralDecision
from schemas.safety import Danger, Hit
from stores import states
from stores.database import View

TELLING: Final[Mapping[str, tuple[str, ...]]] = {
    ReferralOutcome.type: ("may_be_told",),
    ReferralDecision.type: ("may_be_told",),
    OutcomeForCases.type: ("may_be_told",),
    DisagreementEnded.type: ("said",),
    DisagreementOpened.type: ("view", "asks_for"),
    InformationRequest.type: ("question", "basis_reason"),
    RequestChange.type: ("question", "basis_reason"),
    ApprovalRequest.type: ("basis_reason",),
    RecallAnswerNotice.type: ("reason",),
    HandoverRecall.type: ("reason",),
    LinksChanged.type: ("rationale",),
}
"""Letters with words that people write, each with the fields in which they stand."""
_APPROVING: Final[TypeAdapter[Approving]] = TypeAdapter(Approving)
_SAME: Final = "It says in the same words what another agency does not let be told: "
_INSTEAD: Final[Mapping[str, str]] = {
    "may_be_told": "decide again, in other words.",
    "said": "ring whoever disagreed, and tell it in other words.",
    "view": "ring both sides, and have whoever disagrees say it again in other words.",
    "asks_for": "ring both sides, and have whoever disagrees say it again in other words.",
    "question": "ask again, in other words.",
    "basis_reason": "decide again, in other words.",
}
_ELSE: Final = "ring whoever it is for, and tell it in other words."


def found(view: View, letters: Mapping[str, Mapping[str, Any]], *, to: str) -> dict[str, Hit]:
    """Of these letters (events) to one agency, by their ids, those that say what others withhold.

    An owner that settles a difference about what it withholds may tell of it in its own words, and
    whoever disagrees in theirs; what they wrote themselves they may read again.
    """
    written = {id_: one for id_, one in letters.items() if list(_words(one, to=to))}
    referrals = {id_: _referral_of(one["data"]) for id_, one in written.items()}
    family = _of_family(view, set(referrals.values()))
    known = _known(view, {*referrals.values(), *(one for each in family.values() for one in each)})
    hits = dict[str, Hit]()
    for id_, one in written.items():
        own = known.get(referral := referrals[id_])
        others = [known[other] for other in family[referral] if other in known]
        if own and (field := _says(one, own, others=others, to=to)):
            hits[id_] = _hit(field)
    return hits


def writer_of(letter: Mapping[str, Any]) -> str | None:
    """The agency whose words a letter brings, where those are not the lead agency's."""
    data = letter["data"]
    if letter["type"] == DisagreementOpened.type or data.get("ended") == "withdrawn":
        return str(data["agency"])
    if letter["type"] == RecallAnswerNotice.type:
        return str(data["recipient"])
    owner = data.get("owner") if letter["type"] == DisagreementEnded.type else None
    return str(owner) if owner else None


def _words(letter: Mapping[str, Any], *, to: str) -> Iterator[tuple[str, str]]:
    """What somebody else than the reader wrote, by the field in which it stands."""
    if letter["type"] != DisagreementOpened.type or writer_of(letter) != to:
        for field in TELLING[letter["type"]]:
            if text := letter["data"].get(field):
                yield field, str(text)


def _referral_of(data: Mapping[str, Any]) -> str:
    """Of what moved, the first; letters of old may name none."""
    named = (data, *data.get("moved", ()))
    return next((str(one["referral_id"]) for one in named if one.get("referral_id")), "")


def _hit(field: str) -> Hit:
    return Hit(
        danger=Danger.WITHHELD_WORDS,
        whose="another agency",
        where=field,
        says=_SAME + _INSTEAD.get(field, _ELSE),
    )


@dataclass(frozen=True, slots=True, repr=False)
class _Known:
    """What is known of a referral, and what its owners decided of that."""

    gathering: Gathering
    approvals: Approvals | None

    def told_by(self, agencies: Collection[str]) -> list[str]:
        """What these agencies told themselves."""
        items = self.gathering.items
        return [plain(one.text) for one in items if {one.owner, one.told_by} & {*agencies}]

    def free(self) -> list[str]:
        """What anybody may be told."""
        withheld = {one.item_id for one in self.approvals.withheld} if self.approvals else set()
        items = (one for one in self.gathering.items if open_to_others(one))
        return [plain(one.text) for one in items if one.item_id not in withheld]

    def untold(self, *, to: str) -> Iterator[str]:
        """What is not for this reader."""
        for one in self.gathering.items:
            if to not in (one.owner, one.told_by) and not open_to_others(one):
                yield one.text
        for word in self.approvals.withheld if self.approvals else ():
            if self.approvals and word.owner != to:
                yield from self.approvals.said.get(word.item_id, Said()).texts


def _says(
    letter: Mapping[str, Any], own: _Known, *, others: Sequence[_Known], to: str
) -> str | None:
    """In which field a letter holds a whole item, or a whole sentence of one, that is not for the
    reader and that neither the reader nor who writes it told itself; None: in none.

    ``others``: other referrals of the child and its family, which whoever decides was shown; what
    they keep back may be free in this one.
    """
    told = [said for one in (own, *others) for said in one.told_by({to, writer_of(letter) or to})]
    for field, words in _words(letter, to=to):
        text = plain(words)
        if _holds(text, own.untold(to=to), but=told) or any(
            _holds(text, one.untold(to=to), but=[*told, *own.free()]) for one in others
        ):
            return field
    return None


def _holds(text: str, untold: Iterator[str], *, but: Sequence[str]) -> bool:
    return any(
        holds(text, words) and not any(holds(one, words) for one in but)
        for said in untold
        for words in telling(said)
    )


def _of_family(view: View, referral_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """What else was told of the family of each of these referrals."""
    documents = states.load(view, LINKING, keys=referral_ids)
    families = {id_: from_json(body)["family_id"] for id_, (_, body) in documents.items()}
    members = members_of(view, set(families.values()))
    found = {
        id_: tuple(other for one in members[family] for other in one.evidence if other != id_)
        for id_, family in families.items()
    }
    return dict.fromkeys(referral_ids, ()) | found


def _known(view: View, referral_ids: Collection[str]) -> dict[str, _Known]:
    gathered = _gathered(view, referral_ids)
    concerns = {id_: one.concern_id or id_ for id_, one in gathered.items()}
    approvals = _approvals(view, set(concerns.values()))
    return {id_: _Known(one, approvals.get(concerns[id_])) for id_, one in gathered.items()}


def _gathered(view: View, ids: Collection[str]) -> dict[str, Gathering]:
    documents = states.load(view, gathering.STEP_NAME, keys=ids)
    return {id_: Gathering.model_validate_json(body) for id_, (_, body) in documents.items()}


def _approvals(view: View, ids: Collection[str]) -> dict[str, Approvals]:
    documents = states.load(view, approve.STEP.name, keys=ids)
    read = {id_: _APPROVING.validate_json(body) for id_, (_, body) in documents.items()}
    return {id_: one for id_, one in read.items() if isinstance(one, Approvals)}
