"""What is taken back from a recipient's queue, and what is asked back from who has it (R27, L7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from router.step import Outcome, refuse
from router.steps.asking import UNTOLD, as_it_stands
from router.steps.identity import NOT_DECIDED, told_to_owners
from router.steps.release import lapsing, sending
from router.steps.release.state import (
    HeldBack,
    Left,
    Recall,
    Released,
    State,
    TakenBack,
    Void,
    sent_of,
    with_sent,
)
from schemas.base import Fact
from schemas.decisions import ProductFetched, ProductUnsent, RecallReceived
from schemas.identity import IdentityBlock, IdentityField, LeftOut
from schemas.letter import Letter, letter_id
from schemas.message import derived_id
from schemas.notices import RecallAnswerNotice
from schemas.policy import Policy
from schemas.product import (
    ApprovalWithdrawn,
    ProductApproved,
    ProductRecall,
    ProductRecalled,
    ProductRefused,
    ProductTakenBack,
    ProductVoided,
    RecallAnswer,
    RecallAnswered,
)
from schemas.refusals import Refusal

TO_DO = (
    "Find it by its product_id and, where only an item is wanted back, its item_id. Tell everybody "
    "who acted on it or had it from you. Answer today with a recall receipt that says what you "
    "did: acknowledged, destroyed, or cannot and why. Who is silent is rung."
)
WANTED_BACK = "Its owner wants it back: do not act on it, and destroy it wherever it has gone."


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is wanted back of which product, and why; ``item_id`` None: the whole."""

    product_id: str
    item_id: str | None
    owner: str | None
    reason: str
    named: bool = False
    """Whether its owner may be named to the recipient, who may never have had it."""
    recall: bool = False
    """Whether its owner wants it back from whoever has it."""

    @classmethod
    def of(cls, one: TakenBack, product_id: str) -> _Wanted:
        """What was taken back of a letter of this product."""
        return cls(product_id, one.item_id, one.owner, one.reason, one.named, one.recall)

    @classmethod
    def by(cls, withdrawn: ApprovalWithdrawn) -> _Wanted:
        """What its owner takes back."""
        return cls(
            withdrawn.product_id,
            withdrawn.item_id,
            withdrawn.owner,
            withdrawn.reason,
            named=withdrawn.signpost is not None,
            recall=withdrawn.recall,
        )


def void(state: State | None, voided: ProductVoided, *, cause: str) -> Outcome[State]:
    """A product that has left is recalled: its recipient may act on the wrong child (L7).

    One that still waits on its recipient's queue is taken back, and nobody need know of it.
    """
    if state is None:
        return Outcome(state=Void(reason=voided.reason))
    out = _out(state)
    if out is None:
        return Outcome()
    sent = sent_of(out).model_copy(update={"recalled": True, "holds": None})
    wanted = _Wanted(voided.product_id, None, None, voided.reason)
    letters = (sent.letter,) if sent.letter else ()
    if not sent.fetched and not sent.maybe_had:
        return Outcome(_back(sent, wanted), (_told_back(sent, wanted),), takes_back=letters)
    return replace(_recalled(with_sent(out, sent), wanted, cause=cause), takes_back=letters)


def withdraw(state: State | None, withdrawn: ApprovalWithdrawn, *, cause: str) -> Outcome[State]:
    """An owner takes its item back: from the queue while the product waits there, and from whoever
    has it where the owner recalls it. While it is in hand, nobody knows yet which of the two it is.
    """
    if state is None:
        return Outcome(state=Void(reason=withdrawn.reason))
    out = _out(state)
    if out is None:
        return Outcome()
    sent, wanted = sent_of(out), _Wanted.by(withdrawn)
    if _at_the_door(out):
        sent = sent.model_copy(
            update={"fetched": False, "maybe_had": sent.maybe_had or sent.fetched}
        )
    if not sent.fetched:
        outcome = _left_without(sent, withdrawn, wanted=wanted, cause=cause)
        asked_back = withdrawn.recall and sent.maybe_had
        return _recalled_too(outcome, out, wanted=wanted, cause=cause) if asked_back else outcome
    noted = with_sent(out, _in_hand_without(sent, withdrawn, wanted=wanted))
    if withdrawn.recall:
        return _recalled(noted, wanted, cause=cause)
    return Outcome(noted if noted != out else None)


def _at_the_door(state: Left) -> bool:
    """Whether it is kept back there, so that nobody has it in hand: what is left of it need not
    wait until somebody looks at it again.
    """
    return isinstance(state, Released) and bool(state.held and state.letter and state.holds)


def _recalled_too(
    outcome: Outcome[State], before: Left, *, wanted: _Wanted, cause: str
) -> Outcome[State]:
    """The same with this letter asked back too: an earlier attempt to send it may have arrived."""
    after = before if outcome.state is None or isinstance(outcome.state, Void) else outcome.state
    recalled = _recalled(after, wanted, cause=cause)
    facts, letters = outcome.facts + recalled.facts, outcome.letters + recalled.letters
    return replace(outcome, state=recalled.state, facts=facts, letters=letters)


def unsent(state: State | None, told: ProductUnsent, *, cause: str) -> Outcome[State]:
    """What was taken back while the letter was in hand did not leave with it; what is left of it
    goes in its place, now or once that is heard. What may have come through before is asked back
    where its owner wants that, and what never did is asked back no more.
    """
    if state is None or isinstance(state, Void) or told.letter_id in sent_of(state).unsent:
        return Outcome()
    before = sent_of(state)
    kept = tuple(one for one in before.taken_back if one.letter != told.letter_id)
    known = {"taken_back": kept, "unsent": (*before.unsent, told.letter_id)}
    sent = before.model_copy(update=known | {"maybe_had": before.maybe_had or told.tried})
    if before.letter != told.letter_id or before.holds is None:
        return _asked_back(with_sent(state, sent), before, told=told, cause=cause)
    sent = sent.model_copy(update={"fetched": False, "in_hand": ()})
    if not before.in_hand:
        return Outcome(sent)
    wanted = {one.item_id: _Wanted.of(one, told.product_id) for one in before.in_hand}
    if sent.maybe_had:
        return _shorter(sent, before.holds, wanted=[*wanted.values()], cause=cause)
    less, gone = _never_had(sent, [*wanted])
    outcome = _shorter(less, before.holds, wanted=[*wanted.values()], cause=cause)
    return replace(outcome, takes_back=(*outcome.takes_back, *gone))


def _asked_back(
    state: Left, before: Released, *, told: ProductUnsent, cause: str
) -> Outcome[State]:
    """With what its owners want back of a letter of which less waits already."""
    asked = {one.item_id for one in before.recalls}
    facts, letters = list[Fact](), list[Letter]()
    for one in before.taken_back if told.tried else ():
        if one.letter == told.letter_id and one.recall and one.item_id not in asked:
            state, fact, letter = _recall(state, _Wanted.of(one, told.product_id), cause=cause)
            facts.append(fact)
            letters.append(letter)
    return Outcome(state, tuple(facts), tuple(letters))


def _never_had(sent: Released, items: Sequence[str | None]) -> tuple[Released, tuple[str, ...]]:
    """Without the recalls of what its recipient never had, and the letters that asked it back."""
    gone = [one for one in sent.recalls if one.item_id in items]
    left = tuple(one for one in sent.recalls if one not in gone)
    letters = tuple(one.letter for one in gone if one.letter)
    return sent.model_copy(update={"recalls": left}), letters


def _out(state: Left | Void) -> Left | None:
    """The product, unless nothing of it is out, or nothing more than was recalled."""
    if isinstance(state, Void) or sent_of(state).recalled:
        return None
    return None if isinstance(state, HeldBack) and not state.sent.fetched else state


def fetched(state: State | None, told: ProductFetched, *, cause: str) -> Outcome[State]:
    """From now on it can only be recalled; what was taken back in that moment is so at once, and
    what was left of it is not sent beside it.
    """
    if state is None or isinstance(state, Void) or told.letter_id in sent_of(state).unsent:
        return Outcome()
    after, facts, letters = state, list[Fact](), list[Letter]()
    if told.letter_id == sent_of(state).letter:
        after = with_sent(after, sent_of(after).model_copy(update={"fetched": True, "held": ()}))
    gone = _taken_from(sent_of(state), told.letter_id)
    for one in gone:
        after, fact, letter = _recall(after, _Wanted.of(one, told.product_id), cause=cause)
        facts.append(fact)
        letters.append(letter)
    waits = sent_of(state).letter if gone and _waits(state) else None
    if waits:
        whole = {"letter": told.letter_id, "fetched": True, "held": (), "in_hand": gone}
        after = with_sent(after, sent_of(after).model_copy(update=whole))
    return Outcome(after, tuple(facts), tuple(letters), takes_back=(waits,) if waits else ())


def _taken_from(sent: Released, letter_id: str) -> tuple[TakenBack, ...]:
    """What was taken back of this letter, and then of those that were sent in its place."""
    letters = [one.letter for one in sent.taken_back]
    first = letters.index(letter_id) if letter_id in letters else len(letters)
    return sent.taken_back[first:]


def _waits(state: Left) -> bool:
    """Whether what is left of it is on its recipient's queue still."""
    return isinstance(state, Released) and state.holds is not None and not state.fetched


def answered(state: State | None, received: RecallReceived, *, policy: Policy) -> Outcome[State]:
    """Note what the recipient did, for the owner and the lead agency to know."""
    if state is None or isinstance(state, Void):
        return refuse("refused.unknown-subject", "product_id")
    receipt, sent = received.receipt, sent_of(state)
    recall = sent.recall(receipt.recall_id)
    if refusal := _not_so(recall, received, sent=sent):
        return Outcome(refusal=refusal)
    assert recall is not None
    if recall.answer is receipt.status:
        return Outcome()
    fact = RecallAnswered(
        recipient=sent.recipient,
        referral_id=sent.referral_id,
        item_id=recall.item_id,
        answer=receipt.status,
        **receipt.shared(RecallAnswered),
    )
    now = recall.model_copy(update={"answer": receipt.status})
    after = with_sent(state, sent.with_recall(now))
    return Outcome(after, (fact,), tuple(_letters(fact, recall, about=sent.about, policy=policy)))


def _not_so(recall: Recall | None, received: RecallReceived, *, sent: Released) -> Refusal | None:
    receipt = received.receipt
    if received.agency != sent.recipient:
        return Refusal("refused.not-yours", "product_id")
    if recall is None:
        return Refusal("refused.unknown-subject", "recall_id")
    if receipt.case_id != sent.case_id:
        return Refusal("refused.unknown-subject", "case_id")
    final = recall.answer in (RecallAnswer.DESTROYED, RecallAnswer.CANNOT)
    if final and receipt.status is RecallAnswer.ACKNOWLEDGED:
        return Refusal("refused.closed", "status")
    if receipt.status is RecallAnswer.CANNOT and not (receipt.reason or "").strip():
        return Refusal("missing.field", "reason")
    return None


def _letters(
    fact: RecallAnswered, recall: Recall, *, about: IdentityBlock | None, policy: Policy
) -> Iterator[Letter]:
    """Where the child is, is not told to an owner again."""
    told = told_to_owners(about, policy) if about else None
    notice = RecallAnswerNotice(about=told, **fact.shared(RecallAnswerNotice))
    for agency in dict.fromkeys(filter(None, (policy.lead_agency, recall.owner))):
        yield Letter(f"recall-answer/{agency}", agency=agency, notice=notice)


def _left_without(
    sent: Released, withdrawn: ApprovalWithdrawn, *, wanted: _Wanted, cause: str
) -> Outcome[State]:
    """What is left of the product waits in its place, or nothing where nothing is left."""
    if sent.holds is None or sent.letter is None:
        return Outcome()
    holds = narrowed(sent.holds, withdrawn)
    return _shorter(_back(sent, wanted), holds, wanted=[wanted], cause=cause)


def _in_hand_without(sent: Released, withdrawn: ApprovalWithdrawn, *, wanted: _Wanted) -> Released:
    if sent.holds is None or sent.letter is None:
        return sent
    gone = (*sent.in_hand, _taken_back(sent.letter, wanted))
    holds = narrowed(sent.holds, withdrawn)
    return sent.model_copy(update={"in_hand": gone, "holds": holds})


def _shorter(
    sent: Released, holds: ProductApproved, *, wanted: Sequence[_Wanted], cause: str
) -> Outcome[State]:
    """What is left of it in the place of its letter."""
    facts, letters = [_told_back(sent, one) for one in wanted], tuple(filter(None, (sent.letter,)))
    if not lapsing.says_something(holds):
        reason = "Its owners take back what they let leave."
        refused = ProductRefused(reason=reason, **holds.shared(ProductRefused))
        after = sent.model_copy(update={"letter": None, "holds": None})
        return Outcome(after, (*facts, refused), takes_back=letters)
    anew = {"letter": sending.letter_named(cause), "holds": holds, "held": (), "unsafe": False}
    after = sent.model_copy(update=anew)  # the door looks at it on its own
    told = (*facts, sending.released(holds, sent))
    return Outcome(after, told, (sending.letter(holds, sent),), takes_back=letters)


def narrowed(approved: ProductApproved, withdrawn: ApprovalWithdrawn) -> ProductApproved:
    """What was approved without what its owner takes back, and what it told by that."""
    items = tuple(item for item in approved.items if item.item_id != withdrawn.item_id)
    signposts = approved.signposts
    if withdrawn.signpost is not None and withdrawn.signpost not in signposts:
        signposts = (*signposts, withdrawn.signpost)
    alleged = _alleged(approved, withdrawn.owner)
    given = tuple(one for one in approved.approvals if one.item_id != withdrawn.item_id)
    left = {"items": items, "signposts": signposts, "alleged": alleged, "approvals": given}
    return _told_less(approved.model_copy(update=left), withdrawn.owner)


def _alleged(approved: ProductApproved, owner: str) -> str | None:
    """What a Red for the front line says in the hub's words is still out at once; but reasons tell
    what the words of who notified say.
    """
    identity = approved.identity
    tells = identity is None or identity.owner == owner
    untold = as_it_stands(UNTOLD, unconfirmed=approved.unconfirmed)
    return untold if approved.alleged is not None and tells else approved.alleged


def _told_less(approved: ProductApproved, owner: str) -> ProductApproved:
    """Without what of the child its owner let be told with the item that it takes back."""
    identity, about = approved.identity, approved.about
    if identity is None or about is None or identity.owner != owner:
        return approved
    fields = dict.fromkeys((*identity.asks, IdentityField.RISKS))
    gone = [LeftOut(field=one, reason=NOT_DECIDED) for one in fields if about.told(one)]
    told = {"about": about.leaving_out(gone), "untold": (*approved.untold, *gone)}
    return approved.model_copy(update=told)


def _back(sent: Released, wanted: _Wanted) -> Released:
    """Remembers the letter: it may have been fetched in this very moment."""
    if sent.letter is None:
        return sent
    gone = _taken_back(sent.letter, wanted)
    return sent.model_copy(update={"taken_back": (*sent.taken_back, gone)})


def _taken_back(letter: str, wanted: _Wanted) -> TakenBack:
    return TakenBack(
        letter=letter,
        item_id=wanted.item_id,
        owner=wanted.owner,
        reason=wanted.reason,
        named=wanted.named,
        recall=wanted.recall,
    )


def _told_back(sent: Released, wanted: _Wanted) -> ProductTakenBack:
    return ProductTakenBack(
        product_id=wanted.product_id,
        reason=wanted.reason,
        item_id=wanted.item_id,
        **sent.shared(ProductTakenBack),
    )


def _recalled(state: Left, wanted: _Wanted, *, cause: str) -> Outcome[State]:
    after, fact, letter = _recall(state, wanted, cause=cause)
    return Outcome(after, (fact,), (letter,))


def _recall(state: Left, wanted: _Wanted, *, cause: str) -> tuple[Left, Fact, Letter]:
    sent = sent_of(state)
    id_ = derived_id(cause, "recall", wanted.product_id, wanted.item_id or "")
    name = f"recall/{wanted.item_id}" if wanted.item_id else "recall"
    recall = Recall(
        recall_id=id_,
        item_id=wanted.item_id,
        owner=wanted.owner,
        letter=letter_id(cause, sending.STEP_NAME, key=name),
    )
    fact = ProductRecalled(
        product_id=wanted.product_id,
        reason=wanted.reason,
        **sent.shared(ProductRecalled) | recall.shared(ProductRecalled),
    )
    # An owner's reason may tell what is not to be known; of the wrong child the hub says it itself.
    reason = WANTED_BACK if wanted.item_id else wanted.reason
    told = sent.shared(ProductRecall) | fact.shared(ProductRecall)
    # Whoever has the item finds its owner beside it.
    owner = wanted.owner if wanted.named else None
    notice = ProductRecall(**told | {"reason": reason, "owner": owner, "to_do": TO_DO})
    letter = Letter(name, agency=sent.recipient, notice=notice)
    return with_sent(state, sent.with_recall(recall)), fact, letter
