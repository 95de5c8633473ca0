"""From an agency's notification to an owner-approved release, through real processes: the same on
both runtimes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ops.demo.summary import reconciles
from ops.look.reading import open_reader
from ops.look.replay import Wanted, replay
from tests.proofs.check import check
from tests.proofs.evidence import Recorded
from tests.proofs.place import BY_FOLDER, OVER_HTTP, Servers, embedded_place, production_place
from tests.proofs.stream import UNBORN_NAME, UNBORN_WORD
from tests.support import scenario
from tests.support.canaries import Aviary
from tests.support.scenario import Outcome


@pytest.fixture(scope="module")
def embedded(rabbitmq_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """One process and SQLite; two agencies come in over a broker of theirs."""
    with embedded_place(tmp_path_factory.mktemp("embedded") / "hub", broker=rabbitmq_url) as place:
        yield scenario.run(place, scenario.embedded_parts(place))


@pytest.fixture(scope="module")
def production(
    kafka_url: str, rabbitmq_url: str, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Outcome]:
    """`hub run` with every process, and one more worker each where is linked and rated."""
    servers = Servers(kafka_url, rabbitmq_url, postgres_url)
    path = tmp_path_factory.mktemp("production") / "hub"
    with production_place(path, servers, workers=scenario.WORKERS) as place:
        yield scenario.run(place, scenario.production_parts(place))


@pytest.fixture(params=["embedded", "production"])
def outcome(request: pytest.FixtureRequest) -> Outcome:
    """What each runtime left behind, one after the other."""
    found: Outcome = request.getfixturevalue(request.param)
    return found


def by_product(entries: list[Recorded]) -> dict[str, Recorded]:
    return {entry.data["product_id"]: entry for entry in entries}


def bytes_approved(
    item: dict[str, Any], *, recipient: str, purpose: str, about: dict[str, Any]
) -> str:
    """The digest that an owner approves, worked out anew: over item, recipient, purpose, the exact
    text, and whom it is about.
    """
    whom = json.dumps(told(about), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    digest = sha256(whom.encode()).hexdigest()
    parts = [part.encode() for part in (item["item_id"], recipient, purpose, item["text"], digest)]
    return sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()


def told(value: Any) -> Any:
    """Without what says nothing."""
    if isinstance(value, list):
        return [told(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {name: told(part) for name, part in value.items() if part and told(part)}


def test_every_process_stops_in_order_when_asked_to(outcome: Outcome) -> None:
    assert set(outcome.codes.values()) == {0}


def test_the_figures_reconcile_and_nothing_is_lost(outcome: Outcome) -> None:
    assert reconciles(outcome.summary) == []
    assert outcome.summary["lost"] == 0
    assert outcome.summary["journal_verified"]


def test_nobody_is_refused_later(outcome: Outcome) -> None:
    """Nor is an owner whose answer crosses the word that a product was voided."""
    refused = outcome.of("message.refused")
    assert [one.data["reason"] for one in refused if one.data["step"] != "intake"] == []


def test_each_message_had_each_effect_once_by_an_independent_check(outcome: Outcome) -> None:
    verdict = check(outcome.evidence)
    assert (verdict.lost, verdict.duplicated, verdict.wrong) == ([], [], [])


def test_messages_came_in_by_all_three_kinds_of_connector(outcome: Outcome) -> None:
    came = {entry.source.split("/")[1] for entry in outcome.of("notification.received")}
    assert came == {"http", "folder", "queue"}
    assert {entry.data["agency"] for entry in outcome.of("notification.received")} > {
        *BY_FOLDER,
        *OVER_HTTP[1:],
    }


def test_a_resend_is_a_duplicate_and_an_amendment_a_new_version_of_the_first(
    outcome: Outcome,
) -> None:
    status = {note["sent"]: note["status"] for note in outcome.evidence.sent if "sent" in note}
    assert status["N0000001"] == "duplicate", "the last receipt: it was sent twice"
    again = next(note for note in outcome.evidence.sent if note.get("sent") == "S0000001")
    causes = {entry.cause for entry in outcome.of("notification.duplicated")}
    assert again["status"] == "duplicate"
    assert again["id"] in causes
    amended = next(note for note in outcome.evidence.sent if note.get("sent") == "S0000002")
    (version,) = [
        entry
        for entry in outcome.of("notification.accepted")
        if entry.data["referral_id"] == amended["id"]
    ]
    assert version.data["version"] == 2
    assert version.data["first_referral_id"]


def test_an_unborn_child_is_linked_and_rated_like_any_other(outcome: Outcome) -> None:
    sent = next(note for note in outcome.evidence.sent if note.get("sent") == "S0000003")
    (linked,) = [
        entry
        for entry in outcome.of("case.child-linked")
        if entry.data["referral_id"] == sent["id"]
    ]
    assert linked.data["notification"]["subject"]["date_of_birth"]["accuracy_indicator"] == "XXX"
    assert [
        entry for entry in outcome.of("rating.suggested") if entry.data["referral_id"] == sent["id"]
    ]


def test_what_concerns_an_open_case_is_handed_to_its_worker_and_only_a_possible_red_is_rated(
    outcome: Outcome,
) -> None:
    linked = [e.data for e in outcome.of("case.child-linked") if e.data["allocated_to"]]
    handed = {one["referral_id"] for one in linked}
    moved = {e.data["referral_id"] for e in outcome.of("case.link-corrected")}
    told = {letter["data"]["referral_id"] for letter in outcome.letters("handover")}
    assert handed <= told != set()
    assert told - handed <= moved
    urgent = {one["referral_id"] for one in linked if one["notification"].get("urgent")}
    suggested = {e.data["referral_id"]: e.data["colour"] for e in outcome.of("rating.suggested")}
    rated = (handed & suggested.keys()) - moved - urgent
    assert {suggested[id_] for id_ in rated} <= {"red"}
    confirmed = {e.data["referral_id"] for e in outcome.of("handover.confirmed")}
    assert handed - moved <= confirmed


def test_a_red_reaches_its_front_line_before_any_other_product_of_its_referral(
    outcome: Outcome,
) -> None:
    red = {
        entry.data["referral_id"]
        for entry in outcome.of("rating.assigned")
        if entry.data["colour"] == "red"
    }
    drafted = [entry for entry in outcome.of("product.drafted") if entry.data["urgent"]]
    urgent = [entry for entry in drafted if not entry.data.get("follows")]
    ended = by_product(outcome.of("product.ended"))
    assert red
    assert red == {entry.data["referral_id"] for entry in urgent}
    released = by_product(outcome.of("product.released"))
    voided = by_product(outcome.of("product.voided"))
    for entry in urgent:
        if entry.data["product_id"] not in released:
            assert {entry.data["product_id"]} & {*voided, *ended}, "corrected or rated down before"
            continue
        # What was voided before went out for the child whom the referral had been taken for.
        standing = [
            one
            for id_, one in released.items()
            if id_ not in voided or voided[id_].position > entry.position
        ]
        others = [one for one in standing if one.data["referral_id"] == entry.data["referral_id"]]
        left = released[entry.data["product_id"]].position
        same = {
            one.data["product_id"]: one.data["colour"] for one in others if not one.data["urgent"]
        }
        later = [one for one in others if same.get(one.data["product_id"]) == entry.data["colour"]]
        assert all(left < one.position for one in later)


def test_only_its_owner_decided_about_an_item(outcome: Outcome) -> None:
    entries = {entry.id: entry for entry in outcome.evidence.journal}
    owners = {
        (draft.data["product_id"], item["item_id"]): item["owner"]
        for draft in outcome.of("product.drafted")
        for item in draft.data["items"]
    }
    decided = outcome.of("product.item-decided")
    assert decided
    withheld = {(e.data["item_id"], e.data["reason"]) for e in outcome.of("item.withheld")}
    for entry in decided:
        assert entry.data["owner"] == owners[entry.data["product_id"], entry.data["item_id"]]
        cause = entries[str(entry.cause)]
        if cause.type == "mash.release.decided.v1":
            assert cause.data["agency"] == entry.data["owner"]
            assert cause.source.split("/")[-1] == entry.data["owner"], (
                "whose credential it came in by"
            )
        else:
            if (entry.data["item_id"], entry.data["reason"]) in withheld:
                assert entry.data["choice"] == "withhold", "its owner's word of before holds on"
                continue
            assert cause.data["urgent"], "only a standing release decides without a message"
            assert "agreement" in entry.data["reason"]


def test_nothing_left_but_the_exact_bytes_that_their_owner_approved(outcome: Outcome) -> None:
    approved = {
        (entry.data["product_id"], entry.data["item_id"]): entry.data
        for entry in outcome.of("product.item-decided")
        if entry.data["choice"] != "withhold"
    }
    products = outcome.letters("product")
    assert products
    drafts = by_product(outcome.of("product.drafted"))
    for letter in products:
        data = letter["data"]
        drafted = drafts[data["product_id"]].data["identity"]["block"]
        gone = {one["field"] for one in data["about"].get("left_out", ())}
        kept = {name: part for name, part in drafted.items() if name not in {*gone, "left_out"}}
        said = {name: part for name, part in data["about"].items() if name != "left_out"}
        assert said | {"ring": None} == kept | {"ring": None}
        for item in data["items"]:
            decision = approved[data["product_id"], item["item_id"]]
            found = bytes_approved(
                item, recipient=letter["agency"], purpose=data["purpose"], about=drafted
            )
            assert found == decision["digest"] == item["digest"]
            assert (decision["recipient"], decision["purpose"]) == (
                letter["agency"],
                data["purpose"],
            )


def test_who_withholds_is_a_signpost_unless_it_says_otherwise(outcome: Outcome) -> None:
    letters = {
        letter["data"]["product_id"]: letter["data"] for letter in outcome.letters("product")
    }
    named, silent = 0, 0
    withheld = [
        entry.data
        for entry in outcome.of("product.item-decided")
        if entry.data["choice"] == "withhold"
    ]
    drafts = by_product(outcome.of("product.drafted"))
    for decision in withheld:
        letter = letters.get(decision["product_id"])
        if letter is None:
            continue
        assert decision["item_id"] not in {item["item_id"] for item in letter["items"]}
        draft = drafts[decision["product_id"]].data
        (item,) = [item for item in draft["items"] if item["item_id"] == decision["item_id"]]
        signposts = {signpost["owner"] for signpost in letter["signposts"]}
        if decision["signpost"] and item["signpost"]:
            assert decision["owner"] in signposts
            named += 1
        elif sum(one["owner"] == decision["owner"] for one in draft["weighing"]) == 1:
            assert decision["owner"] not in signposts
            silent += 1
    assert named
    assert silent


def _kept_back(outcome: Outcome) -> dict[str, Recorded]:
    """What was taken back while it waited on its recipient's queue, or was in hand, and did not
    leave again with less in it; what was fetched in that moment is recalled.
    """
    recalled = by_product(outcome.of("product.recalled"))
    types = ("product.released", "product.taken-back", "product.unsent")
    entries = [entry for type_ in types for entry in outcome.of(type_)]
    last = by_product(sorted(entries, key=lambda entry: entry.position))
    return {
        id_: entry
        for id_, entry in last.items()
        if entry.type == "mash.product.unsent.v1"
        or (entry.type == "mash.product.taken-back.v1" and id_ not in recalled)
    }


def test_every_product_that_left_was_confirmed_by_its_recipient(outcome: Outcome) -> None:
    """One that was taken back while it waited on its recipient's queue was kept back."""
    released = by_product(outcome.of("product.released"))
    delivered = by_product(outcome.of("product.delivered"))
    kept_back = _kept_back(outcome)
    assert delivered.keys() == released.keys() - kept_back.keys() != set()
    assert delivered.keys() == {
        letter["data"]["product_id"] for letter in outcome.letters("product")
    }
    assert all(
        entry.data["recipient"] == released[id_].data["recipient"]
        for id_, entry in delivered.items()
    )


def test_a_product_for_the_wrong_child_is_voided_and_recalled_once_it_has_left(
    outcome: Outcome,
) -> None:
    voided = {entry.data["product_id"] for entry in outcome.of("product.voided")}
    assert voided
    released = by_product(outcome.of("product.released"))
    recalled = by_product(outcome.of("product.recalled"))
    kept_back = _kept_back(outcome)
    assert recalled.keys() | (kept_back.keys() & voided) == voided & released.keys()
    assert {
        letter["data"]["product_id"] for letter in outcome.letters("product-recall")
    } == recalled.keys()
    assert by_product(outcome.of("product.recall-answered")).keys() == recalled.keys()


def test_what_humans_merge_split_and_take_back_goes_to_the_right_case_and_its_products_with_it(
    outcome: Outcome,
) -> None:
    (merged,), (undone,), (split,) = (
        [e for e in outcome.of(f"case.{type_}") if e.data["decided_by"] == scenario.MANAGER]
        for type_ in LINKS_MENDED
    )
    assert undone.data["undone_decision_id"] == merged.data["decision_id"]
    assert undone.data["referral_ids"] == merged.data["referral_ids"] != []
    for decision, case in (
        (split, split.data["case_id"]),
        (undone, merged.data["absorbed_case_id"]),
    ):
        for referral in decision.data["referral_ids"]:
            later = [e for e in outcome.of("product.drafted") if e.data["referral_id"] == referral]
            assert later[-1].data["case_id"] == case
    told = {letter["data"]["decision_id"] for letter in outcome.letters("links-changed")}
    assert {
        merged.data["decision_id"],
        undone.data["decision_id"],
        split.data["decision_id"],
    } <= told


LINKS_MENDED = ("persons-merged", "decision-undone", "person-split")


def closed_by(cancelled: Recorded) -> bool:
    """Whether a request ended with its referral."""
    return bool(cancelled.data["rationale"] == "The referral was closed.")


def test_what_a_human_closed_is_told_to_whoever_brought_it_and_awaits_nobody(
    outcome: Outcome,
) -> None:
    (closed,) = outcome.of("referral.closed")
    referral, case = closed.data["referral_id"], closed.data["case_id"]
    (told,) = outcome.letters("referral-outcome")
    assert (told["agency"], told["data"]["may_be_told"]) == (
        closed.data["told"],
        "Simulated: somebody will call.",
    )
    (further,) = [
        request
        for entry in outcome.of("information.requested")
        if "A social worker asks further." in entry.data["reasons"]
        for request in entry.data["requests"]
    ]
    # Others were stopped by a human because they would have put somebody at risk (L7).
    (cancelled,) = filter(closed_by, outcome.of("information.cancelled"))
    assert (further["referral_id"], further["agency"]) == (referral, "housing")
    assert cancelled.data["request_id"] == further["identifier"]
    (volunteered,) = _unasked(outcome.of("information.volunteered"))
    assert (volunteered.data["agency"], volunteered.data["case_id"]) == ("housing", case)


def test_replay_decides_everything_again_the_same(outcome: Outcome) -> None:
    reader = open_reader(outcome.place.folder.config, outcome.place.environment)
    try:
        report = replay(reader, Wanted())
    finally:
        reader.database.close()
    assert report.well
    assert report.topics["cases.linked"]["equal"] == report.topics["cases.linked"].total() > 0


def test_nothing_personal_lies_in_clear_in_logs_stores_or_topics(
    outcome: Outcome, services_folder: Path
) -> None:
    people = Aviary({"name": UNBORN_NAME, "narrative": UNBORN_WORD})
    opened = "".join(str(entry.data) for entry in outcome.evidence.journal)
    assert UNBORN_NAME in opened
    assert UNBORN_WORD in opened
    places = scenario.lies_in(outcome)
    # Where the servers are this run's own, what they log is theirs to answer for as well.
    places |= {log.name: log.read_bytes() for log in services_folder.glob("*/*.log")}
    assert sum(map(len, places.values())) > 1_000_000
    assert [
        found for name, content in places.items() for found in people.found_in(name, content)
    ] == []


MUST_AGREE = (
    "notification.received",
    "notification.accepted",
    "notification.duplicated",
    "open-case.received",
    "case.child-linked",
    "case.open-case-linked",
    "case.link-corrected",
    "case.persons-merged",
    "case.persons-kept-apart",
    "case.person-split",
    "case.decision-undone",
    "rating.suggested",
    "rating.assigned",
    "information.prepared",
    "information.requested",
    "information.answered",
    "information.volunteered",
    "information.cancelled",
    "referral.closed",
    "message.refused",
)
"""What follows from the notifications and from one human's answer to each question, in whatever
order these come.

Ids of products do not: they hold the moment of a correction.
"""
CROSSED = {"rating.assigned", "information.requested", "information.answered"}
"""A rating and what it has asked, which may come before or after a human corrects the link, and so
be filed under either case.
"""


def _unasked(entries: list[Recorded]) -> list[Recorded]:
    """Without answers to a request that was cancelled, which count as volunteered: whether the
    agency had fetched it before is a matter of the moment.
    """
    return [
        entry
        for entry in entries
        if entry.type != "mash.information.volunteered.v1" or not entry.data.get("request_id")
    ]


def _settled(outcome: Outcome, type_: str) -> list[Recorded]:
    """Without what was asked and answered about referrals that a human moved, or that are versions
    of one concern: to the request of which case an answer came, and which version was rated first
    and so asked, is a matter of the moment.
    """
    entries = outcome.of(type_)
    left_out = _unsettled(outcome) if type_ in _ASKED else set()
    return [entry for entry in entries if entry.data.get("referral_id") not in left_out]


_ASKED = {"information.requested", "information.answered"}


def _unsettled(outcome: Outcome) -> set[str]:
    linked = (entry.data for entry in outcome.of("case.child-linked"))
    versions = {
        id_
        for data in linked
        if data.get("amends")
        for id_ in (data["referral_id"], data["amends"], *data.get("versions", ()))
    }
    return versions | {entry.data["referral_id"] for entry in outcome.of("case.link-corrected")}


def _first_prepared(entries: list[Recorded]) -> list[Recorded]:
    """Of what was made ready, the first for each referral: it is made ready again when a human
    settles the link before anybody has rated, and not after.
    """
    if not entries or entries[0].type != "mash.information.prepared.v1":
        return entries
    return list({entry.data["referral_id"]: entry for entry in reversed(entries)}.values())


def said(outcome: Outcome, type_: str) -> Counter[str]:
    """Everything that facts of a type say, with where they come from and whom they mean by names
    that are the same in every run, and without the moments of this run.
    """
    without = {"case_id"} if type_ in CROSSED else set()
    at_intake = (
        entry
        for entry in _first_prepared(_unasked(_settled(outcome, type_)))
        if entry.data.get("step", "intake") == "intake"
    )
    names = outcome.names
    return Counter(f"{names.of(e.id)} {names.told(e.data, without=without)}" for e in at_intake)


@pytest.mark.parametrize("type_", MUST_AGREE)
def test_both_runtimes_decide_the_same(embedded: Outcome, production: Outcome, type_: str) -> None:
    assert said(embedded, type_) == said(production, type_) != Counter()


def test_both_runtimes_draft_the_same_items_for_the_same_recipients(
    embedded: Outcome, production: Outcome
) -> None:
    def drafted(outcome: Outcome) -> set[tuple[Any, ...]]:
        """What is urgent takes what is known at that moment; anything else waits for every
        answer.
        """
        left_out = _unsettled(outcome)
        return {
            (
                outcome.names.of(d["referral_id"]),
                d["recipient"],
                d["colour"],
                *(() if d["urgent"] else _items(d)),
            )
            for d in (entry.data for entry in outcome.of("product.drafted"))
            if d["referral_id"] not in left_out
        }

    assert drafted(embedded) == drafted(production) != set()


def _items(draft: Any) -> list[tuple[str, str]]:
    """Whose words they are, and which: more than their ids tell."""
    return sorted((item["owner"], item["original"]) for item in draft["items"])
