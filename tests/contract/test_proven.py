"""What waits for a recipient opens by the record alone: whoever writes the store moves no letter,
revives none, and restores no approval; and who has the hub's key approves nothing for an owner.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from ops.look.reading import Reader
from ops.look.replay import Wanted, replay
from ops.look.verify import verify
from ops.run.configuration import read_access
from router.handle import Adopted
from router.intake import take_in
from router.queues import StoredQueues
from router.runtimes.embedded import Embedded
from router.steps.release import sending
from router.topology import unit_of, whole_hub
from schemas.base import Fact
from schemas.decisions import ItemRuled, ProductFetched, ProductUnsent, Ruling
from schemas.message import Message
from schemas.notices import ApprovalRequest, HeldBackNotice
from schemas.operations import AccessDenied
from schemas.policy import Policy
from schemas.product import Choice, OwnerApproval, Product, ProductApproved, ProductReleased, ToAct
from schemas.settings import HubSettings
from stores import cursors, journal, linking, policies, queues, said
from stores.database import Database, Transaction
from stores.ports import Arrival, Leased
from stores.tables import letters, states
from stores.vault import DataKey
from tests.proofs.f24 import shipped
from tests.support import given, products
from tests.support.signing import Signer

RECIPIENT = products.RECIPIENT


class Town:
    """A hub over a store, in which the school and the GP sign what they let leave."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.school, self.gp = Signer("school"), Signer("gp")
        self.adopt(self.school.partner(), self.gp.partner())

    def adopt(self, *partners: Any) -> None:
        policy = given.policy(*partners).model_copy(update={"signed": True})
        with self.database.transaction() as transaction:
            number = policies.adopt(transaction, policy)
        self.policy: Policy = policy
        self.number = number
        self.hub = Embedded(self.database, whole_hub(), Adopted(number, policy))
        self.queues = StoredQueues(self.database, policy)

    def put(self, *facts: Fact, id_: str | None = None, step: str = "put") -> list[Message]:
        """Record facts as if somebody had told them, or a step had, just now."""
        now = dt.datetime.now(dt.UTC)
        messages = [given.message(fact, at=now, id_=id_) for fact in facts]
        with self.database.transaction() as transaction:
            cursor = cursors.lock(transaction, step)
            journal.append(transaction, cursor, messages=messages)
            cursors.store(transaction, cursor)
        return messages

    def tell(self, *facts: Fact) -> None:
        self.put(*facts)
        self.hub.drain()

    def lease(self, agency: str, type_: str = Product.type, *, seconds: float = 60) -> list[Leased]:
        found = self.queues.lease(agency, limit=99, seconds=seconds)
        return [one for one in found if one.type == type_]

    def request(self, signer: Signer) -> ApprovalRequest:
        """What the agency was asked last."""
        *_, letter = self.lease(signer.agency, ApprovalRequest.type)
        return ApprovalRequest.model_validate(json.loads(letter.body)["data"])

    def approved(self, *items: Any) -> None:
        """The product waits for its recipient."""
        items = items or (products.draft_item("school"), products.draft_item("gp"))
        self.tell(products.drafted(*items))
        for signer in (self.school, self.gp):
            if any(item.owner == signer.agency for item in items):
                self.tell(signer.approves(self.request(signer)))

    def waiting(self) -> list[str]:
        """Products on any queue, as the store has them."""
        query = select(letters.c.agency).where(letters.c.type == Product.type)
        with self.database.reading() as connection:
            return list(connection.execute(query).scalars())

    def write(self, *statements: Any) -> None:
        """As somebody who may write the store."""
        with self.database.transaction() as transaction:
            for one in statements:
                transaction.connection.execute(one)

    def copied(self, *tables: Any) -> list[tuple[Any, list[dict[str, Any]]]]:
        with self.database.reading() as connection:
            found = ((table, connection.execute(select(table)).mappings()) for table in tables)
            return [(table, [dict(row) for row in rows]) for table, rows in found]

    def restore(self, copies: Iterable[tuple[Any, list[dict[str, Any]]]]) -> None:
        for table, rows in copies:
            self.write(delete(table), *([insert(table).values(rows)] if rows else []))

    @property
    def reader(self) -> Reader:
        """The hub as operations look at it."""
        told = {"area": "e1", "lead_agency": "police", "agencies": {}}
        settings = HubSettings.model_validate(told)
        return Reader(settings, self.database, read_access(settings, folder=Path()), Path())

    def flaws(self) -> set[str]:
        return {flaw.what for flaw in verify(self.reader, contents=False).flaws}


@pytest.fixture
def town(database: Database) -> Town:
    return Town(database)


def test_what_every_owner_signed_reaches_its_recipient(town: Town) -> None:
    town.approved()
    (letter,) = town.lease(RECIPIENT)
    product = Product.model_validate(json.loads(letter.body)["data"])
    assert {item.owner for item in product.items} == {"school", "gp"}
    assert all(one.envelope for one in product.approvals)
    assert town.flaws() == set()


def test_a_letter_that_was_moved_to_another_agency_does_not_open_there(town: Town) -> None:
    town.approved()
    town.write(update(letters).where(letters.c.type == Product.type).values(agency="housing"))
    assert town.lease("housing") == []
    assert town.lease("housing") == []
    assert town.waiting() == ["housing"], "it is there for whoever looks into it"


def key_of(transaction: Transaction, letter_id: str) -> DataKey:
    """What seals a letter on its queue."""
    query = select(letters.c.key_id).where(letters.c.id == letter_id)
    key = transaction.vault.key(
        transaction.connection, transaction.connection.execute(query).scalar_one()
    )
    assert key is not None
    return key


def test_nor_does_one_that_was_sealed_anew_for_it(town: Town) -> None:
    town.approved()
    with town.database.transaction() as transaction:
        (letter,) = queues.lease(transaction, RECIPIENT, limit=1, seconds=0)
        seal = key_of(transaction, letter.id)
        for bound_to in (f"housing/{letter.id}", letter.id):
            body = seal.seal(letter.body, bound_to=bound_to)
            moved = update(letters).where(letters.c.id == letter.id)
            transaction.connection.execute(moved.values(agency="housing", body=body))
    assert town.lease("housing") == []


def test_a_letter_with_other_words_in_it_does_not_open(town: Town) -> None:
    town.approved()
    with town.database.transaction() as transaction:
        (letter,) = queues.lease(transaction, RECIPIENT, limit=1, seconds=0)
        event = json.loads(letter.body)
        event["data"]["items"][0]["text"] = "Mariam told the school."
        seal = key_of(transaction, letter.id)
        body = seal.seal(json.dumps(event).encode(), bound_to=letter.id)
        altered = update(letters).where(letters.c.id == letter.id).values(body=body)
        transaction.connection.execute(altered)
    assert town.lease(RECIPIENT) == []


@pytest.mark.parametrize("of_states", [False, True], ids=["the letter", "and every state"])
def test_what_its_owner_withdrew_does_not_come_back(town: Town, *, of_states: bool) -> None:
    item = products.draft_item("school", signpost=False)
    town.approved(item)
    before = town.copied(letters, *([states] if of_states else []))
    town.tell(products.ruled(item, Ruling.WITHHOLD))
    assert town.waiting() == []

    town.restore(before)
    assert town.waiting() == [RECIPIENT]
    assert town.lease(RECIPIENT) == []
    town.hub.drain()
    assert town.lease(RECIPIENT) == []


def test_what_does_not_stand_any_more_does_not_come_back(town: Town) -> None:
    town.approved()
    before = town.copied(letters)
    town.tell(products.voided())
    town.restore(before)
    assert town.lease(RECIPIENT) == []


def test_nor_does_what_its_owner_withholds_no_longer_and_has_not_approved_again(
    town: Town,
) -> None:
    item = products.draft_item("school", signpost=False)
    town.approved(item)
    before = town.copied(letters)
    town.tell(products.ruled(item, Ruling.WITHHOLD), products.ruled(item, Ruling.LIFT))
    town.restore(before)
    assert town.lease(RECIPIENT) == []


def test_what_was_taken_back_for_less_does_not_come_back_whole(town: Town) -> None:
    town.approved()
    before = town.copied(letters)
    town.tell(products.ruled(products.draft_item("school"), Ruling.WITHHOLD))
    town.restore(before)
    assert town.lease(RECIPIENT) == []


def test_what_is_left_of_a_product_goes(town: Town) -> None:
    town.approved()
    town.tell(products.ruled(products.draft_item("school"), Ruling.WITHHOLD))
    (letter,) = town.lease(RECIPIENT)
    product = Product.model_validate(json.loads(letter.body)["data"])
    assert [item.owner for item in product.items] == ["gp"]
    assert {one.agency for one in product.approvals} == {"gp"}


@pytest.mark.parametrize("ruling", [Ruling.WITHHOLD, Ruling.RECALL])
def test_an_owners_word_counts_before_any_step_has_heard_it(town: Town, ruling: Ruling) -> None:
    town.approved()
    town.put(products.ruled(products.draft_item("school"), ruling))
    assert town.lease(RECIPIENT) == []
    assert not _facts(town, ProductFetched.type), "it was not handed over"

    town.hub.drain()
    (letter,) = town.lease(RECIPIENT)
    product = Product.model_validate(json.loads(letter.body)["data"])
    assert [one.owner for one in product.items] == ["gp"]


@pytest.mark.parametrize("ruling", [Ruling.WITHHOLD, Ruling.RECALL, Ruling.AMEND])
@pytest.mark.parametrize("later", ["another product", "the same again", "lifted"])
def test_nor_does_a_later_word_about_it_let_it_go_before_any_step_has_heard_both(
    town: Town, ruling: Ruling, later: str
) -> None:
    item = products.draft_item("school")
    town.approved()
    text = "Other words." if ruling is Ruling.AMEND else None
    town.put(products.ruled(item, ruling, text=text))
    town.put(
        products.ruled(item, Ruling.LIFT)
        if later == "lifted"
        else products.decision(
            item,
            Choice.RELEASE_SANITISED,
            product_id="product-1" if later == "the same again" else "product-2",
        )
    )
    assert town.lease(RECIPIENT) == []


def test_what_its_owner_has_put_in_other_words_does_not_go_in_the_earlier_ones(
    town: Town,
) -> None:
    town.approved()
    town.put(products.ruled(products.draft_item("school"), Ruling.AMEND, text="Other words."))
    assert town.lease(RECIPIENT) == []


def test_what_is_withdrawn_while_it_is_in_hand_may_not_go(town: Town) -> None:
    town.approved()
    (letter,) = town.lease(RECIPIENT)
    assert town.queues.may_go(letter)
    town.put(products.ruled(products.draft_item("school"), Ruling.WITHHOLD))
    assert not town.queues.may_go(letter)
    assert town.lease(RECIPIENT) == []


def test_and_it_is_gone_from_the_queue_once_its_recall_has_gone_after_it(town: Town) -> None:
    town.approved()
    (letter,) = town.lease(RECIPIENT)
    town.put(products.ruled(products.draft_item("school"), Ruling.WITHHOLD))
    town.hub.drain()
    town.queues.give_back(RECIPIENT, [letter.id], after_seconds=0)
    assert letter.type not in {one.type for one in town.lease(RECIPIENT)}
    with town.hub.database.reading() as connection:
        waiting = connection.execute(select(letters.c.id)).scalars().all()
    assert letter.id not in waiting


def withdrawn_in_hand(town: Town, ruling: Ruling = Ruling.WITHHOLD, **draft: Any) -> Leased:
    """Both owners let it leave; it was in the hand of who sends it when the school said no."""
    items = products.draft_item("school"), products.draft_item("gp")
    town.tell(products.drafted(*items, **draft))
    for signer in (town.school, town.gp):
        town.tell(signer.approves(town.request(signer)))
    (letter,) = town.lease(RECIPIENT)
    town.put(products.ruled(items[0], ruling))
    return letter


@pytest.mark.parametrize("ruling", [Ruling.WITHHOLD, Ruling.RECALL])
@pytest.mark.parametrize(
    "looked", ["once it is heard", "before that", "once it is off its queue", "by nobody"]
)
def test_what_is_left_of_it_follows_in_its_place(town: Town, ruling: Ruling, looked: str) -> None:
    """A Red above all does not stay away because one of its owners thought again."""
    letter = withdrawn_in_hand(town, ruling)
    if looked == "before that":
        assert not town.queues.may_go(letter)
        town.queues.give_back(RECIPIENT, [letter.id], after_seconds=0)
        assert town.lease(RECIPIENT) == []
    town.hub.drain()
    if looked == "once it is off its queue":
        with town.database.transaction() as transaction:
            queues.take_back(transaction, [letter.id])
    if looked.startswith("once"):
        assert not town.queues.may_go(letter)
        assert not town.queues.may_go(letter), "and another who has it too"
    town.write(update(letters).values(leased_until=0))
    assert [one.id for one in town.lease(RECIPIENT)] == []

    town.hub.drain()
    (shorter,) = town.lease(RECIPIENT)
    product = Product.model_validate(json.loads(shorter.body)["data"])
    assert [item.owner for item in product.items] == ["gp"]
    assert {one.agency for one in product.approvals} == {"gp"}
    assert "school" in {one.owner for one in product.signposts}
    assert town.queues.may_go(shorter)
    (told,) = _facts(town, ProductUnsent.type)
    assert isinstance(told.data, ProductUnsent)
    assert told.data.letter_id == letter.id
    assert town.flaws() == set()
    town.hub.drain()
    assert replay(town.reader, Wanted()).well


def put_back(town: Town, before: Iterable[tuple[Any, list[dict[str, Any]]]], *, id_: str) -> None:
    """One letter stands on its queue again as it was before, beside what came since."""
    ((_, rows),) = before
    (row,) = (row for row in rows if row["id"] == id_)
    place = {name: value for name, value in row.items() if name != "position"}
    town.write(insert(letters).values(place | {"leased_until": 0}))


def test_a_letter_that_was_put_back_keeps_no_other_from_its_agency(town: Town) -> None:
    letter = withdrawn_in_hand(town)
    town.hub.drain()
    before = town.copied(letters)
    assert not town.queues.may_go(letter)
    town.hub.drain()

    put_back(town, before, id_=letter.id)
    assert letter.id not in {one.id for one in town.lease(RECIPIENT)}
    put_back(town, before, id_=letter.id)
    town.write(update(letters).values(leased_until=0))
    (shorter,) = town.lease(RECIPIENT)
    assert shorter.id != letter.id
    assert len(_facts(town, ProductUnsent.type)) == 1


def test_nor_does_one_that_was_fetched_and_arrived(town: Town) -> None:
    town.approved()
    before = town.copied(letters)
    (letter,) = town.lease(RECIPIENT)
    town.queues.acknowledge(RECIPIENT, [letter.id])
    put_back(town, before, id_=letter.id)
    assert [one.id for one in town.lease(RECIPIENT)] == [letter.id], "it is what was approved"
    assert len(_facts(town, ProductFetched.type)) == 1


def test_it_follows_within_seconds_though_the_steps_had_not_heard_of_it_yet(town: Town) -> None:
    letter = withdrawn_in_hand(town)
    town.queues.give_back(RECIPIENT, [letter.id], after_seconds=0)
    assert town.lease(RECIPIENT) == []
    town.hub.drain()
    real = town.database.clock
    town.database.clock = lambda: real() + 3_000_000
    assert town.lease(RECIPIENT) == []
    town.hub.drain()
    assert len(town.lease(RECIPIENT)) == 1


def test_and_once_its_other_owner_takes_back_too_no_words_of_either_follow(town: Town) -> None:
    letter = withdrawn_in_hand(town)
    town.tell(products.ruled(products.draft_item("gp"), Ruling.WITHHOLD, signpost=False))
    town.queues.give_back(RECIPIENT, [letter.id], after_seconds=0)
    assert town.lease(RECIPIENT) == []
    town.hub.drain()
    (left,) = town.lease(RECIPIENT)
    product = Product.model_validate(json.loads(left.body)["data"])
    assert (product.items, product.approvals) == ((), ())
    assert [one.owner for one in product.signposts] == ["school"]


def test_what_arrived_before_its_owner_thought_again_is_not_followed_by_less(town: Town) -> None:
    town.approved()
    (letter,) = town.lease(RECIPIENT)
    town.queues.acknowledge(RECIPIENT, [letter.id])
    town.tell(products.ruled(products.draft_item("school"), Ruling.WITHHOLD))
    assert town.lease(RECIPIENT) == []
    assert not _facts(town, ProductUnsent.type)


def test_nor_may_what_was_taken_away_meanwhile(town: Town) -> None:
    town.approved()
    (letter,) = town.lease(RECIPIENT)
    town.write(delete(letters))
    assert not town.queues.may_go(letter)


def test_a_word_of_who_may_not_decide_stops_nothing(town: Town) -> None:
    item = products.draft_item("school")
    town.approved()
    town.put(products.ruled(item, Ruling.WITHHOLD, decided_by="Somebody"))
    town.put(products.ruled(item, Ruling.WITHHOLD, agency="police"))
    assert len(town.lease(RECIPIENT)) == 1


@pytest.mark.parametrize("attempts", [1, 2])
def test_of_what_was_handed_over_once_and_not_again_it_is_said_that_it_may_be_there(
    town: Town, attempts: int
) -> None:
    letter = withdrawn_in_hand(town)
    town.hub.drain()
    if attempts == 1:
        assert not town.queues.may_go(letter)
    else:
        town.queues.give_back(RECIPIENT, [letter.id], after_seconds=0)
        assert town.lease(RECIPIENT) == []
    (told,) = _facts(town, ProductUnsent.type)
    assert isinstance(told.data, ProductUnsent)
    assert told.data.tried == (attempts == 2)


NO = products.draft_item("school")


@pytest.mark.parametrize(
    "refused",
    [
        products.decision(NO, Choice.WITHHOLD, reason=None),
        products.decision(NO, Choice.WITHHOLD, recipient="housing"),
        products.decision(NO, Choice.WITHHOLD, purpose="another"),
        products.decision(NO, Choice.WITHHOLD, referral_id=None),
        products.decision(NO, Choice.WITHHOLD, referral_id="ref-2"),
        products.ruled(NO, Ruling.WITHHOLD, reason=" "),
        products.ruled(NO, Ruling.WITHHOLD, referral_id="ref-2"),
    ],
    ids=["no reason", "recipient", "purpose", "no referral", "referral", "ruling", "of another"],
)
@pytest.mark.parametrize("then", ["released", "approved before"])
def test_nor_does_a_no_that_was_refused(town: Town, refused: Fact, then: str) -> None:
    """Its owner was told so; what it has let leave does not wait for a word that never counts."""
    if then == "approved before":
        town.approved(NO)
        town.tell(refused)
    else:
        town.tell(products.drafted(NO))
        town.tell(refused)
        town.tell(town.school.approves(town.request(town.school)))
    assert len(town.lease(RECIPIENT)) == 1


def test_nor_does_an_amendment_that_says_nothing_new(town: Town) -> None:
    town.approved(NO)
    town.tell(products.ruled(NO, Ruling.AMEND, text=NO.original))
    assert len(town.lease(RECIPIENT)) == 1


def test_but_once_it_said_something_else_meanwhile_that_counts(town: Town) -> None:
    town.approved(NO)
    town.put(products.ruled(NO, Ruling.AMEND, text="Other words."))
    town.put(products.ruled(NO, Ruling.AMEND, text=NO.original))
    assert town.lease(RECIPIENT) == []


@pytest.mark.parametrize("text", [None, " "])
def test_nor_does_one_that_was_refused(town: Town, text: str | None) -> None:
    town.approved(NO)
    town.tell(products.ruled(NO, Ruling.AMEND, text=text))
    assert len(town.lease(RECIPIENT)) == 1


def test_what_is_lifted_with_another_item_in_the_same_words_goes(town: Town) -> None:
    alike = products.draft_item("school", "item-2", original=NO.original)
    town.tell(products.drafted(NO, alike, products.draft_item("gp")))
    town.tell(products.ruled(NO, Ruling.WITHHOLD))
    town.lease("school", ApprovalRequest.type, seconds=600)
    town.tell(products.ruled(alike, Ruling.LIFT))
    for letter in town.lease("school", ApprovalRequest.type):
        request = ApprovalRequest.model_validate(json.loads(letter.body)["data"])
        town.tell(town.school.approves(request))
    town.tell(town.gp.approves(town.request(town.gp)))
    (letter,) = town.lease(RECIPIENT)
    product = Product.model_validate(json.loads(letter.body)["data"])
    assert {item.item_id for item in product.items} == {"item-school", "item-2", "item-gp"}


def test_but_what_is_lifted_later_lets_no_earlier_letter_go(town: Town) -> None:
    town.approved(NO)
    before = town.copied(letters)
    town.tell(products.ruled(NO, Ruling.WITHHOLD, signpost=False))
    town.tell(products.ruled(NO, Ruling.LIFT))
    town.restore(before)
    assert town.lease(RECIPIENT) == []


def _revokes(town: Town) -> None:
    gone = town.school.key(revoked_at=dt.datetime.now(dt.UTC))
    town.adopt(town.school.partner(gone), town.gp.partner())


def test_a_key_that_is_revoked_while_the_letter_waits_stops_it(town: Town) -> None:
    town.approved(products.draft_item("school"))
    _revokes(town)
    assert town.lease(RECIPIENT) == []
    town.hub.drain()
    (told,) = town.lease("childrens_social_care", HeldBackNotice.type)
    assert json.loads(told.body)["data"]["product_id"] == "product-1"
    assert town.waiting() == []


def test_what_others_signed_goes_without_it(town: Town) -> None:
    town.approved()
    whole = town.copied(letters)
    _revokes(town)
    assert town.lease(RECIPIENT) == []
    town.hub.drain()
    (letter,) = town.lease(RECIPIENT)
    product = Product.model_validate(json.loads(letter.body)["data"])
    assert [item.owner for item in product.items] == ["gp"]
    assert town.flaws() == set(), "as it was approved it was signed"
    town.restore(whole)
    assert town.lease(RECIPIENT) == []


def test_and_without_what_is_withdrawn_before_the_steps_have_heard_of_it(sqlite: Database) -> None:
    town = Town(sqlite)

    def each_by_itself() -> None:
        for name in ("approve", "release"):
            Embedded(sqlite, unit_of(name), Adopted(town.number, town.policy)).drain()

    other = products.draft_item("gp", "item-2", original="He was seen on 2 October.")
    items = products.draft_item("school"), products.draft_item("gp"), other
    town.put(products.drafted(*items))
    each_by_itself()
    for signer in (town.school, town.gp):
        for one in town.lease(signer.agency, ApprovalRequest.type):
            asked = ApprovalRequest.model_validate(json.loads(one.body)["data"])
            town.put(signer.approves(asked))
    each_by_itself()
    _revokes(town)
    assert town.lease(RECIPIENT) == []
    town.put(products.ruled(other, Ruling.WITHHOLD, signpost=False))
    each_by_itself()
    (letter,) = town.lease(RECIPIENT)
    product = Product.model_validate(json.loads(letter.body)["data"])
    assert [item.item_id for item in product.items] == ["item-gp"]


def test_an_approval_that_runs_out_while_the_letter_waits_stops_it(town: Town) -> None:
    town.approved()
    real = town.database.clock
    later = (town.policy.profile.approvals_last + 1) * 86_400_000_000
    town.database.clock = lambda: real() + later
    assert town.lease(RECIPIENT) == []
    town.hub.drain()
    assert town.waiting() == []


def _facts(town: Town, type_: str) -> list[Message]:
    with town.database.view() as view:
        found = said.load(view, subjects={"case-1"}, referrals={"ref-1"}, types={type_})
        return [message for _, message in found]


def test_whoever_has_the_hubs_key_forges_no_approval_at_release(town: Town) -> None:
    town.tell(products.approved())
    assert town.waiting() == []
    assert "approved without its owner's signature" in town.flaws()


def test_nor_at_delivery_with_all_that_the_hub_itself_would_have_written(town: Town) -> None:
    item = products.draft_item("school")
    unsigned = products.approved(signposts=())
    long_ago = dt.datetime(2019, 1, 1, tzinfo=dt.UTC)
    old = OwnerApproval(item_id=item.item_id, agency="school", decided_at=long_ago)
    town.approved(item)
    (genuine,) = _facts(town, ProductApproved.type)
    assert isinstance(genuine.data, ProductApproved)
    (one,) = genuine.data.approvals
    assert one.envelope is not None
    for number, forged in enumerate(
        (
            unsigned,
            unsigned.model_copy(update={"approvals": (old,)}),
            unsigned.model_copy(update={"approvals": (one,)}),
        )
    ):
        forged = forged.model_copy(update={"product_id": f"product-{number + 2}"})
        _forge(town, forged)
    found = [json.loads(one.body)["data"]["product_id"] for one in town.lease(RECIPIENT)]
    assert found == ["product-1"]
    assert "approved without its owner's signature" in town.flaws()


def test_a_hub_that_was_made_to_believe_a_forged_approval_is_found_out(town: Town) -> None:
    """Somebody with the hub's key, its program and its store: the approval stands in the record as
    any other does, and so does all that came of it.
    """
    item = products.draft_item("school")
    town.hub = Embedded(town.database, whole_hub(), Adopted(town.number, given.policy()))
    town.tell(products.drafted(item))
    town.tell(products.decision(item, Choice.RELEASE_SANITISED))
    assert town.waiting() == [RECIPIENT]

    assert town.lease(RECIPIENT) == []
    assert town.flaws() == {"approved without its owner's signature"}
    assert not replay(town.reader, Wanted()).well


def test_a_hub_that_goes_back_to_an_older_configuration_is_held_to_that(
    database: Database,
) -> None:
    """The policy counts under which it was decided, not the newest that was ever adopted."""
    unsigned, item = given.policy(), products.draft_item("school")
    with database.transaction() as transaction:
        number = policies.adopt(transaction, unsigned)
    town = Town(database)
    town.hub = Embedded(database, whole_hub(), Adopted(number, unsigned))
    town.tell(products.drafted(item))
    town.tell(products.decision(item, Choice.RELEASE_SANITISED))
    assert town.waiting() == [RECIPIENT]
    assert town.flaws() == set()

    forged = products.approved().model_copy(update={"product_id": "product-2"})
    town.put(forged)
    assert town.flaws() == {"approved without its owner's signature"}, "nobody had decided it"


def test_what_was_signed_replays_to_the_same(town: Town) -> None:
    town.approved()
    town.tell(products.ruled(products.draft_item("gp"), Ruling.WITHHOLD))
    town.lease(RECIPIENT)
    town.hub.drain()
    assert replay(town.reader, Wanted()).well


def _forge(town: Town, approved: ProductApproved) -> None:
    """Its facts and its letter, where they belong and rightly sealed; no step hears them."""
    (cause,) = town.put(approved, step="all")
    released = ProductReleased(
        digest="0" * 64,
        item_digests=tuple(item.digest for item in approved.items),
        **approved.shared(ProductReleased) | {"signposts": len(approved.signposts)},
    )
    now = dt.datetime.now(dt.UTC)
    sent = given.message(released, at=now)
    caused = Message(sent.id, sent.source, now, sent.key, "ref-1", cause.id, released)
    letter = sending.letter(approved, ToAct())
    with town.database.transaction() as transaction:
        cursor = cursors.lock(transaction, "all")
        journal.append(transaction, cursor, messages=[caused])
        cursors.store(transaction, cursor)
        queues.post(transaction, {sending.letter_named(cause.id): letter})


def test_a_withdrawal_that_is_committed_before_the_letter_is_handed_over_wins(
    town: Town,
) -> None:
    """Whoever hands out and whoever takes in an owner's word wait for each other: what committed
    first is what the other finds.
    """
    if town.database.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer anyway")
    item = products.draft_item("school")
    town.approved(item)
    holds, handed = threading.Event(), list[int]()
    ruled = products.ruled(item, Ruling.WITHHOLD)
    arrival = Arrival("school", "http", "e-1", b"{}", "application/json", ruled)

    def hand_out() -> None:
        assert holds.wait(30)
        handed.append(len(town.lease(RECIPIENT)))

    thread = threading.Thread(target=hand_out)
    thread.start()
    with town.database.transaction() as transaction:
        take_in(transaction, [arrival], policy=town.policy)
        holds.set()
        thread.join(1.0)
        assert thread.is_alive(), "it waits for the word to be committed"
    thread.join(30)
    assert handed == [0]


def test_of_a_withdrawal_and_a_fetch_at_once_the_one_that_is_recorded_first_wins(
    town: Town,
) -> None:
    """Whichever it is: nothing is handed over whose owner had taken it back before (F23)."""
    for number in range(8):
        head: dict[str, Any] = {"referral_id": f"ref-{number}", "case_id": f"case-{number}"}
        item = products.draft_item("school", f"item-{number}", signpost=False)
        town.tell(products.drafted(item, product_id=f"product-{number}", **head))
        town.tell(town.school.approves(town.request(town.school)))
        ruled = products.ruled(item, Ruling.WITHHOLD, **head)
        arrival = Arrival("school", "http", f"e-{number}", b"{}", "application/json", ruled)
        handed, at_once = list[Leased](), threading.Barrier(2)

        def fetch(handed: list[Leased] = handed, at_once: threading.Barrier = at_once) -> None:
            at_once.wait(30)
            handed += town.lease(RECIPIENT)

        thread = threading.Thread(target=fetch)
        thread.start()
        at_once.wait(30)
        with town.database.transaction() as transaction:
            take_in(transaction, [arrival], policy=town.policy)
        thread.join(60)
        types = {ProductFetched.type, ItemRuled.type}
        with town.database.view() as view:
            found = said.load(view, subjects={head["case_id"]}, referrals=set(), types=types)
        first = found[0][1].data
        assert len(found) == 1 + len(handed)
        assert isinstance(first, ProductFetched if handed else ItemRuled)
        town.hub.drain()
        assert town.lease(RECIPIENT) == []


def test_what_the_access_rules_give_to_nobody_goes_by_no_way(town: Town) -> None:
    town.approved()
    rules = shipped()
    less = tuple(one for one in rules.rules if one.id != "own-letters")
    access = rules.model_copy(update={"rules": less})
    ways = StoredQueues(town.database, town.policy.model_copy(update={"access": access}))
    for _ in range(2):
        assert ways.lease(RECIPIENT, limit=99, seconds=0) == []
        town.write(update(letters).values(leased_until=0))
    with town.database.reading() as connection:
        found = [*linking.every(connection, town.database.vault, type_=AccessDenied)]
    (denied,) = (one.message.data for one in found)
    assert isinstance(denied, AccessDenied)
    assert (denied.record_id, denied.access.rules) == (RECIPIENT, rules.version)
    assert town.waiting() == [RECIPIENT]

    allowed = town.policy.model_copy(update={"access": rules})
    assert StoredQueues(town.database, allowed).lease(RECIPIENT, limit=99, seconds=60)


def test_what_is_for_an_agency_goes_on_after_the_access_rules_have_ended(town: Town) -> None:
    town.approved()
    ended = shipped().model_copy(
        update={"until": dt.date(2020, 12, 31), "since": dt.date(2020, 1, 1)}
    )
    ways = StoredQueues(town.database, town.policy.model_copy(update={"access": ended}))
    assert ways.lease(RECIPIENT, limit=99, seconds=60)
