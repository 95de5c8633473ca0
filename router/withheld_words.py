"""Whether what somebody is told of a decision says what an owner does not let be told (R28, R30).

Whoever decides writes these words. An owner's 'no' holds there, too: a sentence that it withholds,
does not reveal or does not let leave is looked for as the letter is handed out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from router.steps.approve import decide as approve
from router.steps.approve.likeness import holds, plain, telling
from router.steps.approve.state import Approvals, Said
from router.steps.approve.state import State as Approving
from router.steps.compose import gathering
from router.steps.compose.gathering import Gathering
from router.steps.sharing import open_to_others
from schemas.disagreements import DisagreementEnded
from schemas.handoff import OutcomeForCases
from schemas.outcome import ReferralOutcome
from schemas.referrer import ReferralDecision
from schemas.safety import Danger, Hit
from stores import states
from stores.database import View

TELLING: Final[Mapping[str, str]] = {
    ReferralOutcome.type: "may_be_told",
    ReferralDecision.type: "may_be_told",
    OutcomeForCases.type: "may_be_told",
    DisagreementEnded.type: "said",
}
"""Letters whose words a decider writes, each with the field in which they stand."""
_APPROVING: Final[TypeAdapter[Approving]] = TypeAdapter(Approving)
_SAME: Final = "It says in the same words what another agency does not let be told: "
_INSTEAD: Final[Mapping[str, str]] = {
    "may_be_told": "decide again, in other words.",
    "said": "ring whoever disagreed, and tell it in other words.",
}


def found(view: View, letters: Mapping[str, Mapping[str, Any]], *, to: str) -> dict[str, Hit]:
    """Of these letters (events) to one agency, by their ids, those that say what others withhold.

    An owner that settles a difference about what it withholds may tell of it in its own words.
    """
    referrals = {id_: str(one["data"]["referral_id"]) for id_, one in letters.items()}
    gathered = _gathered(view, set(referrals.values()))
    concerns = {id_: one.concern_id or id_ for id_, one in gathered.items()}
    approvals = _approvals(view, set(concerns.values()))
    return {
        id_: _hit(TELLING[one["type"]])
        for id_, one in letters.items()
        if (known := gathered.get(referrals[id_]))
        and _says(one, known, approvals.get(concerns[referrals[id_]]), to=to)
    }


def _hit(field: str) -> Hit:
    return Hit(
        danger=Danger.WITHHELD_WORDS,
        whose="another agency",
        where=field,
        says=_SAME + _INSTEAD[field],
    )


def _says(
    letter: Mapping[str, Any], known: Gathering, approvals: Approvals | None, *, to: str
) -> bool:
    """Whether a letter holds a whole item, or a whole sentence of one, that is not for the reader
    and that neither the reader nor who writes it told itself.
    """
    data = letter["data"]
    told, theirs = plain(str(data[TELLING[letter["type"]]])), {to, data.get("owner", to)}
    own = [plain(one.text) for one in known.items if theirs & {one.owner, one.told_by}]
    return any(
        holds(told, words) and not any(holds(mine, words) for mine in own)
        for said in _untold(known, approvals, to=to)
        for words in telling(said)
    )


def _untold(known: Gathering, approvals: Approvals | None, *, to: str) -> Iterator[str]:
    for one in known.items:
        if to not in (one.owner, one.told_by) and not open_to_others(one):
            yield one.text
    for word in approvals.withheld if approvals else ():
        if approvals and word.owner != to:
            yield from approvals.said.get(word.item_id, Said()).texts


def _gathered(view: View, ids: Collection[str]) -> dict[str, Gathering]:
    documents = states.load(view, gathering.STEP_NAME, keys=ids)
    return {id_: Gathering.model_validate_json(body) for id_, (_, body) in documents.items()}


def _approvals(view: View, ids: Collection[str]) -> dict[str, Approvals]:
    documents = states.load(view, approve.STEP.name, keys=ids)
    read = {id_: _APPROVING.validate_json(body) for id_, (_, body) in documents.items()}
    return {id_: one for id_, one in read.items() if isinstance(one, Approvals)}
