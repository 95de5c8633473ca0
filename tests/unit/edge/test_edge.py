"""An agency's own edge: what comes is verified before it is handed on, what goes is sent until the
hub has confirmed it, and nothing is lost or handed on twice.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner, Result

from connectors.directory import Directory
from connectors.edge import configured, deciding, folders, opening
from connectors.edge import keys as edge_keys
from connectors.edge.approving import Decision, request_of
from connectors.edge.configured import Edge, NoEdge
from connectors.edge.hub import HubAway, elements
from connectors.edge.running import Working, alone
from connectors.edge.store import LAPSED, PLACED, PLACING, Store
from ops.cli import main
from router.steps.approve.decide import STEP as APPROVE
from router.steps.release.decide import STEP as RELEASE
from schemas.base import Notice
from schemas.decisions import ReleaseDecided, ReleaseDecision
from schemas.identity import IdentityBlock, IdentityField, LeftOut
from schemas.notices import ApprovalRequest
from schemas.person import Name
from schemas.product import Choice, Item, Product, ProductApproved, release_digest
from schemas.sealed import in_event, seal
from tests.support import given, products
from tests.support.edges import AGENCY, Door, letter, made, open_door, sealed, working
from tests.support.given import NOON, Given, of
from tests.support.sealing import Opener
from tests.support.signing import Signer

GP = Signer("gp")
DAY = dt.timedelta(days=1)
BLOCK = IdentityBlock(names=(Name(family_name=("Idris",), given_name=("Mariam",)),))


@pytest.fixture(scope="module")
def opened() -> Iterator[tuple[Door, str]]:
    with open_door() as found:
        yield found


@pytest.fixture
def door(opened: tuple[Door, str]) -> Door:
    fresh = Door()
    vars(opened[0]).update(vars(fresh))
    return opened[0]


@pytest.fixture
def edge(tmp_path: Path, opened: tuple[Door, str]) -> Edge:
    return made(tmp_path / "edge", opened[1], owners={"gp": (GP.key(),)})


@pytest.fixture
def at_work(edge: Edge, door: Door) -> Iterator[Working]:
    with working(edge) as found:
        yield found


def run(*command: str) -> Result:
    return CliRunner().invoke(main, ["edge", *command])


def files(edge: Edge, name: str = "letters") -> dict[str, bytes]:
    folder = edge.folder / name
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def as_letter(notice: Notice, letter_id: str) -> bytes:
    told = json.loads(letter(letter_id, kind=notice.type))
    return json.dumps(
        told | {"time": NOON.isoformat(), "data": notice.model_dump(mode="json")}
    ).encode()


def request(**changes: Any) -> ApprovalRequest:
    """What the hub asks the school about an item of its own."""
    hub = Given(APPROVE, given.policy(Signer(AGENCY).partner()).model_copy(update={"signed": True}))
    outcome = hub.when(products.drafted(products.draft_item(AGENCY)))
    (asked,) = of(ApprovalRequest, [one.notice for one in outcome.letters])
    if not changes:
        return asked
    statements = tuple(one.model_copy(update=changes) for one in asked.statements)
    return asked.model_copy(update={"statements": statements})


def product(letter_id: str, **changes: Any) -> bytes:
    """What the GP released to the school, as the hub sends it."""
    policy = given.policy(GP.partner()).model_copy(update={"signed": True})
    hub = Given(APPROVE, policy)
    draft = products.drafted(products.draft_item("gp"))
    (asked,) = of(ApprovalRequest, [one.notice for one in hub.when(draft).letters])
    assert hub.when(GP.approves(asked)).refusal is None
    (approved,) = of(ProductApproved, hub.facts)
    (sent,) = Given(RELEASE, policy).when(approved).letters
    assert isinstance(sent.notice, Product)
    told = json.loads(as_letter(sent.notice, letter_id))
    told["data"]["items"][0] |= changes
    return json.dumps(told).encode()


def test_a_letter_is_a_file_for_the_agencys_system_and_the_hub_knows_that_it_arrived(
    at_work: Working, door: Door, edge: Edge
) -> None:
    door.letters["l1"] = letter("l1")
    assert at_work.fetch(wait=0) == 1
    assert door.acknowledged == ["l1"]
    at_work.hand_on()
    assert files(edge) == {"mash.recall.v1-l1.json": letter("l1")}


def test_one_that_comes_again_is_handed_on_once(at_work: Working, door: Door, edge: Edge) -> None:
    door.letters["l1"] = letter("l1")
    at_work.fetch(wait=0)
    at_work.hand_on()
    (taken,) = (edge.folder / "letters").iterdir()
    taken.unlink()  # the agency's system has it
    door.letters["l1"] = letter("l1")
    door._leased.clear()
    assert at_work.fetch(wait=0) == 0
    at_work.hand_on()
    assert (files(edge), door.letters) == ({}, {})


def test_what_is_through_leaves_no_content_in_the_store(
    at_work: Working, door: Door, edge: Edge
) -> None:
    door.letters["l1"] = letter("l1", words="Seen alone at night")
    at_work.fetch(wait=0)
    at_work.hand_on()
    kept = b"".join(path.read_bytes() for path in edge.folder.glob("edge.db*"))
    assert b"Seen alone" not in kept
    assert all(path.stat().st_mode & 0o77 == 0 for path in edge.folder.glob("edge.db*"))


def test_a_sealed_letter_is_opened_by_any_key_of_the_agencys(
    at_work: Working, door: Door, edge: Edge
) -> None:
    door.letters["l1"] = sealed(edge, letter("l1"), letter_id="l1")
    opening.make(edge.folder, curve="P-256")
    door.letters["l2"] = sealed(edge, letter("l2"), letter_id="l2")
    assert at_work.fetch(wait=0) == 2
    at_work.hand_on()
    assert sorted(files(edge).values()) == [letter("l1"), letter("l2")]


def refused(edge: Edge) -> str:
    told = run("status", "--folder", str(edge.folder), "--json")
    assert told.exit_code == 1
    (one,) = json.loads(told.output)["refused"]
    return str(one["why"])


def test_a_letter_that_was_sealed_for_another_agency_does_not_open(
    at_work: Working, door: Door, edge: Edge
) -> None:
    door.letters["l1"] = in_event(seal(letter("l1"), Opener().public), letter_id="l1")
    assert at_work.fetch(wait=0) == 0
    at_work.hand_on()
    assert door.acknowledged == []
    assert refused(edge) == "it is sealed to a key that is none of this agency's"


@pytest.mark.parametrize(
    ("inner", "why"),
    [
        (letter("l2"), "another letter was sealed in it than it says"),
        (letter("l1").replace(AGENCY.encode(), b"police"), "it is a letter for another agency"),
        (b"[]", "it is no event in JSON"),
    ],
    ids=["id", "agency", "nothing"],
)
def test_nor_is_one_handed_on_that_is_another_than_it_says(
    at_work: Working, door: Door, edge: Edge, inner: bytes, why: str
) -> None:
    door.letters["l1"] = sealed(edge, inner, letter_id="l1")
    at_work.fetch(wait=0)
    assert refused(edge) == why


def test_a_release_is_handed_on_as_its_owners_signed_it(
    at_work: Working, door: Door, edge: Edge
) -> None:
    released = product("p1")
    door.letters["p1"] = sealed(edge, released, letter_id="p1")
    assert at_work.fetch(wait=0) == 1
    at_work.hand_on()
    assert files(edge) == {"mash.product.v1-p1.json": released}


def test_a_release_with_one_byte_altered_is_refused_and_the_agencys_people_are_told(
    at_work: Working, door: Door, edge: Edge
) -> None:
    door.letters["p1"] = product("p1", text="mariam told the gp.")
    assert at_work.fetch(wait=0) == 0
    at_work.hand_on()
    (note,) = files(edge).items()
    assert note[0] == "refused-p1.json"
    assert b"mariam" not in note[1]
    assert "gp: other words were signed" in json.loads(note[1])["refused"]
    assert "gp: other words were signed" in refused(edge)
    said = run("status", "--folder", str(edge.folder)).output
    assert "ring the hub, by a number that you have from elsewhere" in said


def test_and_comes_again_until_it_is_as_it_was_signed(
    at_work: Working, door: Door, edge: Edge
) -> None:
    door.letters["p1"] = product("p1")
    door.on_the_way = lambda body: body.replace(b"told the", b"tald the", 1)
    at_work.fetch(wait=0)
    assert "other words" in refused(edge)
    door.on_the_way = lambda body: body
    door._leased.clear()
    at_work.hand_on()
    assert "refused-p1.json" in files(edge)
    assert at_work.fetch(wait=0) == 1
    at_work.hand_on()
    assert [*files(edge)] == ["mash.product.v1-p1.json"], "no note says not to act on it"
    told = run("status", "--folder", str(edge.folder), "--json")
    assert (told.exit_code, json.loads(told.output)["evidence"]) == (0, 1)
    (kept,) = at_work.store._rows("SELECT body FROM refused")
    assert b"tald the" in kept[0], "what was altered is kept"
    door.letters["p1"] = product("p1", text="mariam told the gp.")
    door._leased.clear()
    at_work.fetch(wait=0)
    at_work.hand_on()
    assert [*files(edge)] == ["mash.product.v1-p1.json"], "the good one is here, and stays good"
    told = run("status", "--folder", str(edge.folder), "--json")
    assert (told.exit_code, json.loads(told.output)["evidence"]) == (0, 1)


def test_what_no_owner_signed_is_handed_on_only_where_that_was_agreed(
    at_work: Working, door: Door, edge: Edge
) -> None:
    told = json.loads(product("p1"))
    told["data"]["approvals"] = []
    door.letters["p1"] = json.dumps(told).encode()
    (edge.folder / configured.OWNERS).write_text("{}", "utf-8")
    at_work.fetch(wait=0)
    assert "nobody signed it" in refused(edge)
    agreed = edge.settings.model_copy(update={"unsigned": ("gp",)})
    with working(Edge(edge.folder, agreed)) as again:
        door._leased.clear()
        assert again.fetch(wait=0) == 1
    (edge.folder / configured.OWNERS).write_text(edge_keys.written({"gp": (GP.key(),)}), "utf-8")
    told = json.loads(product("p2"))
    told["data"]["approvals"] = []
    door.letters["p2"] = json.dumps(told).encode()
    with working(Edge(edge.folder, agreed)) as again:
        assert again.fetch(wait=0) == 0, "who has a key signs"


def unsigned(edge: Edge, letter_id: str = "p1") -> list[str]:
    told: dict[str, Any] = json.loads(files(edge)[f"unsigned-{letter_id}.json"])
    assert "the hub's word alone" in told["says"]
    assert f"mash.product.v1-{letter_id}.json" in files(edge)
    return list(told["unsigned"])


def test_a_product_of_which_no_owner_signed_anything_is_marked(
    at_work: Working, door: Door, edge: Edge
) -> None:
    told = json.loads(product("p1"))
    told["data"] |= {
        "items": [],
        "approvals": [],
        "about": BLOCK.model_dump(mode="json"),
        "alleged": "A child is said to be at risk.",
        "signposts": [{"owner": "gp", "contact": "01632 960001"}],
    }
    door.letters["p1"] = json.dumps(told).encode()
    at_work.fetch(wait=0)
    at_work.hand_on()
    assert unsigned(edge) == [
        "whom it is about: not signed, or less of it is told than was",
        "what the concern is about",
        "whom to ask for more",
    ]
    told["data"] |= {"about": None, "alleged": None, "signposts": []}
    door.letters["p2"] = json.dumps(told | {"id": "p2"}).encode()
    at_work.fetch(wait=0)
    at_work.hand_on()
    assert unsigned(edge, "p2") == ["all of it"]


def test_so_is_what_is_taken_by_agreement_and_whom_an_owner_did_not_sign_for(
    at_work: Working, door: Door, edge: Edge
) -> None:
    told = json.loads(product("p1"))
    told["data"]["about"] = BLOCK.model_dump(mode="json")
    door.letters["p1"] = json.dumps(told).encode()
    at_work.fetch(wait=0)
    at_work.hand_on()
    assert [one.partition(":")[0] for one in unsigned(edge)] == ["whom it is about"]
    told = json.loads(product("p2"))
    told["data"]["approvals"] = []
    door.letters["p2"] = json.dumps(told).encode()
    (edge.folder / configured.OWNERS).write_text("{}", "utf-8")
    agreed = edge.settings.model_copy(update={"unsigned": ("gp",)})
    with working(Edge(edge.folder, agreed)) as again:
        again.fetch(wait=0)
        again.hand_on()
    assert unsigned(edge, "p2") == ["what is gp's: taken from the hub by agreement"]


def test_without_owners_keys_nothing_is_fetched(at_work: Working, edge: Edge, door: Door) -> None:
    (edge.folder / configured.OWNERS).unlink()
    door.letters["l1"] = letter("l1")
    with pytest.raises(NoEdge, match="hub approvals keys"):
        at_work.fetch(wait=0)
    assert door.letters


def test_what_the_agencys_system_drops_is_sent_until_the_hub_has_it(
    at_work: Working, door: Door, edge: Edge
) -> None:
    event = {"specversion": "1.0", "id": "e1", "source": "s", "type": "mash.notification.v1"}
    dropped = edge.folder / "to-send" / "concern.json"
    (edge.folder / "to-send" / "half.json.part").write_text("{", "utf-8")
    dropped.write_text(json.dumps(event), "utf-8")
    at_work.hand_on()
    assert [*files(edge, "to-send")] == ["half.json.part"]
    door.status = 503
    at_work.send()
    assert door.taken == {}
    told = json.loads(run("status", "--folder", str(edge.folder), "--json").output)
    assert (told["unsent"][0]["what"], told["unsent"][0]["trouble"]) == ("concern.json", "503")
    door.status = 200
    at_work.store.not_sent(at_work.store.to_send(1e18)[0], trouble="503", now=-1e9)
    at_work.send()
    assert door.came == ["e1"]
    at_work.hand_on()
    receipt = edge.folder / "to-send" / "receipts" / "concern.json.receipts.json"
    assert json.loads(receipt.read_bytes())[0]["status"] == "accepted"
    at_work.send()
    assert door.came == ["e1"]


def stays(edge: Edge) -> dict[str, str]:
    told = run("status", "--folder", str(edge.folder), "--json")
    return {one["what"]: one["why"] for one in json.loads(told.output)["staying"]}


def an_event(event_id: str) -> str:
    return json.dumps({"specversion": "1.0", "id": event_id, "source": "s", "type": "t"})


def test_one_file_that_cannot_be_taken_keeps_no_other_and_is_said(
    at_work: Working, door: Door, edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = edge.folder / "to-send"
    monkeypatch.setattr(folders, "_LARGEST", 1000)
    (folder / "a-large.json").write_bytes(b" " * 1001)
    (folder / "b-everybodys.json").write_text(an_event("e0"), "utf-8")
    (folder / "b-everybodys.json").chmod(0o666)
    (folder / "c-link.json").symlink_to(folder / "a-large.json")
    (folder / "d.json").write_text(an_event("e1"), "utf-8")
    assert at_work.hand_on() == 1
    assert at_work.hand_on() == 0, "what stays is no work done: it would go on without end"
    told = stays(edge)
    assert [*told] == ["a-large.json", "b-everybodys.json", "c-link.json"]
    assert "larger" in told["a-large.json"]
    assert "NOT TAKEN a-large.json" in run("status", "--folder", str(edge.folder)).output
    at_work.send()
    assert door.came == ["e1"]


@pytest.mark.parametrize("trouble", [PermissionError(13, "Permission denied"), FileNotFoundError()])
def test_one_that_cannot_be_read_or_has_gone_keeps_no_other(
    at_work: Working, edge: Edge, monkeypatch: pytest.MonkeyPatch, trouble: OSError
) -> None:
    read = Directory.read

    def reads(self: Directory, name: str) -> Any:
        if name.endswith("a.json"):
            raise trouble
        return read(self, name)

    monkeypatch.setattr(Directory, "read", reads)
    for name in ("a.json", "b.json"):
        (edge.folder / "to-send" / name).write_text(an_event(name), "utf-8")
    assert at_work.hand_on() == 1
    assert [one.name for one in at_work.store.to_send(1e18)] == ["b.json"]
    gone = isinstance(trouble, FileNotFoundError)
    assert stays(edge) == ({} if gone else {"a.json": "it cannot be read (Permission denied)"})


@pytest.mark.parametrize(
    "name", ["ü" * 120 + ".json", os.fsdecode(b"\xff.json")], ids=["long", "x"]
)
def test_receipts_of_any_name_are_written(
    at_work: Working, door: Door, edge: Edge, name: str
) -> None:
    (edge.folder / "to-send" / name).write_text(an_event("e1"), "utf-8")
    (edge.folder / "to-send" / "z.json").write_text(an_event("e2"), "utf-8")
    at_work.hand_on()
    at_work.send()
    at_work.hand_on()
    receipts = [*(edge.folder / "to-send" / "receipts").iterdir()]
    assert len(receipts) == 2
    assert at_work.store.unnoted_receipts() == []


def test_one_that_is_replaced_while_it_is_read_is_taken_too(
    at_work: Working, edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped, send = edge.folder / "to-send" / "a.json", Store.send
    dropped.write_text(an_event("e1"), "utf-8")

    def sends(self: Store, *given: Any, **named: Any) -> None:
        send(self, *given, **named)
        if not dropped.exists() or "e1" in dropped.read_text("utf-8"):
            dropped.write_text(an_event("e2"), "utf-8")
            monkeypatch.setattr(Store, "send", send)

    monkeypatch.setattr(Store, "send", sends)
    at_work.hand_on()
    at_work.hand_on()
    bodies = [json.loads(one.body)["id"] for one in at_work.store.to_send(1e18)]
    assert sorted(bodies) == ["e1", "e2"]


def test_a_request_is_signed_here_and_its_answer_sent_once(
    at_work: Working, door: Door, edge: Edge
) -> None:
    who = Signer(AGENCY).name
    key = edge_keys.make(edge.folder / configured.DECISION_KEY, agency=AGENCY, decided_by=who)
    asked = request()
    door.letters["r1"] = as_letter(asked, "r1")
    at_work.fetch(wait=0)
    at_work.hand_on()
    assert files(edge) == {}, "people decide about it"
    there = ("--folder", str(edge.folder))
    assert json.loads(run("requests", *there, "--json").output)[0]["request"] == "r1"
    assert asked.item.sanitised in run("requests", "r1", *there).output
    signed = run("sign", "r", "--choice", "sanitised", *there)
    assert signed.exit_code == 0, signed.output
    assert "no open request" in run("sign", "r1", "--choice", "sanitised", *there).output
    at_work.send()
    (event,) = door.taken.values()
    decision = ReleaseDecision.model_validate(event["data"])
    partner = Signer(AGENCY).partner(GP.key(public=key.public, decided_by=key.decided_by))
    hub = Given(APPROVE, given.policy(partner).model_copy(update={"signed": True}))
    hub.when(products.drafted(products.draft_item(AGENCY)))
    assert hub.when(ReleaseDecided(agency=AGENCY, decision=decision)).refusal is None
    told = json.loads(run("status", *there, "--json").output)
    assert (told["requests_open"], told["requests_answered"]) == (0, 1)


def test_two_people_sign_before_it_is_sent(at_work: Working, door: Door, edge: Edge) -> None:
    for name in ("first", "second"):
        edge_keys.make(edge.folder / name, agency=AGENCY, decided_by=f"The {name}")
    door.letters["r1"] = as_letter(request(people=2), "r1")
    at_work.fetch(wait=0)
    there = ("r1", "--choice", "sanitised", "--folder", str(edge.folder))
    told = run("sign", *there, "--key", str(edge.folder / "first")).output
    assert "one more person has to sign" in told
    assert at_work.send() == 0
    again = run("sign", *there, "--key", str(edge.folder / "first"))
    assert (again.exit_code, "signed it already" in again.output) == (1, True)
    assert run("sign", *there, "--key", str(edge.folder / "second")).exit_code == 0
    at_work.send()
    (event,) = door.taken.values()
    assert len(event["data"]["envelope"]["signatures"]) == 2


def test_of_two_who_decide_at_once_one_does(at_work: Working, door: Door, edge: Edge) -> None:
    key = edge_keys.make(edge.folder / "key", agency=AGENCY, decided_by="A. Head")
    for one in ("r1", "r2"):
        door.letters[one] = as_letter(request(people=int(one[1])), one)
    at_work.fetch(wait=0)
    decision = Decision(Choice.RELEASE_SANITISED)
    for one in ("r1", "r2"):
        seen = deciding.request(at_work.store, one)
        deciding.answered(at_work.store, seen, decision=decision, key=key)
        with pytest.raises(NoEdge, match="somebody else decided"):
            deciding.answered(at_work.store, seen, decision=decision, key=key)
    assert len(at_work.store.to_send(1e18)) == 1


def test_what_is_withheld_says_so_and_needs_a_reason(
    at_work: Working, door: Door, edge: Edge
) -> None:
    edge_keys.make(edge.folder / configured.DECISION_KEY, agency=AGENCY, decided_by="A. Head")
    door.letters["r1"] = as_letter(request(), "r1")
    at_work.fetch(wait=0)
    there = ("r1", "--folder", str(edge.folder))
    assert run("withhold", *there).exit_code == 2
    assert run("withhold", *there, "--no-signpost", "--reason", "A risk").exit_code == 0
    at_work.send()
    (event,) = door.taken.values()
    assert (event["data"]["choice"], event["data"]["signpost"]) == ("withhold", False)


def test_nothing_is_signed_that_is_not_what_the_request_shows(
    at_work: Working, door: Door, edge: Edge
) -> None:
    edge_keys.make(edge.folder / configured.DECISION_KEY, agency=AGENCY, decided_by="A. Head")
    asked = request()
    item = asked.item.model_copy(update={"sanitised": "Harmless words."})
    door.letters["r1"] = as_letter(asked.model_copy(update={"item": item}), "r1")
    at_work.fetch(wait=0)
    told = run("sign", "r1", "--choice", "sanitised", "--folder", str(edge.folder))
    assert (told.exit_code, "no statement of these words" in told.output) == (1, True)


LATER = NOON + 400 * DAY


@pytest.mark.parametrize(
    "changes",
    [
        {"legal_gateway": "Another Act"},
        {"handling": "Pass it on as you like."},
        {"sources": (Item(item_id=f"item-{AGENCY}", owner="gp"),)},
        {"rationale": "Words that the recipient would read"},
        {"not_before": LATER + DAY, "expires": LATER},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_nor_anything_else_that_it_does_not_show(
    at_work: Working, door: Door, edge: Edge, changes: dict[str, Any]
) -> None:
    edge_keys.make(edge.folder / configured.DECISION_KEY, agency=AGENCY, decided_by="A. Head")
    door.letters["r1"] = as_letter(request(**changes), "r1")
    at_work.fetch(wait=0)
    told = run("sign", "r1", "--choice", "sanitised", "--folder", str(edge.folder))
    assert told.exit_code == 1, told.output
    assert at_work.store.to_send(1e18) == []


@pytest.mark.parametrize("changes", [{"expires": LATER}, {"people": 2}, {"not_before": NOON - DAY}])
def test_what_is_shown_of_one_statement_holds_for_the_one_that_is_signed(
    at_work: Working, door: Door, edge: Edge, changes: dict[str, Any]
) -> None:
    edge_keys.make(edge.folder / configured.DECISION_KEY, agency=AGENCY, decided_by="A. Head")
    asked = request()
    first, second = asked.statements
    both = (first, second.model_copy(update=changes))
    door.letters["r1"] = as_letter(asked.model_copy(update={"statements": both}), "r1")
    at_work.fetch(wait=0)
    told = run("sign", "r1", "--choice", "original", "--folder", str(edge.folder))
    assert (told.exit_code, "only one of them is shown" in told.output) == (1, True)


OTHER = IdentityBlock(names=(Name(family_name=("Else",), given_name=("Somebody",)),))
IN_PART = OTHER.model_copy(
    update={"left_out": (LeftOut(field=IdentityField.ADDRESS, reason="Not yours."),)}
)


@pytest.mark.parametrize(
    ("shown", "signs"),
    [
        (BLOCK, True),
        (BLOCK.model_copy(update={"ring": "01632 960001"}), True),
        (IN_PART, True),
        (OTHER, False),
        (None, False),
    ],
    ids=["all", "with whom to ring", "in part", "another", "nobody"],
)
def test_whom_it_is_about_is_signed_as_it_is_shown(
    at_work: Working, door: Door, edge: Edge, shown: IdentityBlock | None, *, signs: bool
) -> None:
    edge_keys.make(edge.folder / configured.DECISION_KEY, agency=AGENCY, decided_by="A. Head")
    asked, about = request(), BLOCK.digest()
    item, whom = asked.item, {"recipient": asked.recipient, "purpose": asked.purpose}
    digests = [
        release_digest(item_id=item.item_id, text=text, about=about, **whom)
        for text in (item.sanitised, item.original)
    ]
    statements = tuple(
        one.model_copy(update={"about": about, "digest": digest})
        for one, digest in zip(asked.statements, digests, strict=True)
    )
    told = {"statements": statements, "about": shown, "about_digest": about}
    door.letters["r1"] = as_letter(asked.model_copy(update=told), "r1")
    at_work.fetch(wait=0)
    answer = run("sign", "r1", "--choice", "sanitised", "--folder", str(edge.folder))
    assert answer.exit_code == (0 if signs else 1), answer.output


def test_all_that_is_signed_is_shown(at_work: Working, door: Door, edge: Edge) -> None:
    asked = request()
    door.letters["r1"] = as_letter(asked, "r1")
    at_work.fetch(wait=0)
    told, one = run("requests", "r1", "--folder", str(edge.folder)).output, asked.statements[0]
    for said in (one.handling, one.legal_gateway, one.profile, f"as {AGENCY} told it"):
        assert said in told
    assert f"from {one.not_before:%A %d %B %Y}" in told


def test_a_request_that_nobody_could_approve_any_more_is_not_kept(
    at_work: Working, door: Door, edge: Edge
) -> None:
    door.letters["r1"] = as_letter(request(expires=NOON), "r1")
    door.letters["r2"] = as_letter(request(expires=NOON + DAY), "r2")
    at_work.fetch(wait=0)
    told = json.loads(run("requests", "--folder", str(edge.folder), "--json").output)
    assert [one["request"] for one in told] == ["r2"]
    assert [one.body for one in at_work.store.letters(LAPSED)] == [b""]


def test_a_decision_that_the_hub_rejects_is_open_again(
    at_work: Working, door: Door, edge: Edge
) -> None:
    edge_keys.make(edge.folder / configured.DECISION_KEY, agency=AGENCY, decided_by="A. Head")
    door.letters["r1"] = as_letter(request(), "r1")
    at_work.fetch(wait=0)
    run("withhold", "r1", "--reason", "A risk", "--folder", str(edge.folder))
    (one,) = at_work.store.to_send(1e18)
    at_work.store.sent(one, '[{"status": "rejected"}]', rejected=True)
    assert "r1" in run("requests", "--folder", str(edge.folder)).output
    again = run("withhold", "r1", "--reason", "A risk", "--folder", str(edge.folder))
    assert again.exit_code == 0
    assert at_work.send() == 1, "the same words, decided once more, go once more"
    (event,) = door.taken.values()
    assert event["data"]["choice"] == "withhold"


def opens(edge: Edge) -> list[str]:
    told = run("requests", "--folder", str(edge.folder), "--json").output
    return [one["request"] for one in json.loads(told)]


def withheld(at_work: Working, door: Door, edge: Edge) -> str:
    """A request is answered, and the hub has taken the answer; by which id its receipt says so."""
    edge_keys.make(edge.folder / configured.DECISION_KEY, agency=AGENCY, decided_by="A. Head")
    door.letters["r1"] = as_letter(request(), "r1")
    at_work.fetch(wait=0)
    run("withhold", "r1", "--reason", "A risk", "--folder", str(edge.folder))
    at_work.send()
    assert opens(edge) == []
    return door.came[-1]


def test_a_decision_that_the_hub_took_and_then_refuses_is_open_again(
    at_work: Working, door: Door, edge: Edge
) -> None:
    first, receipt = withheld(at_work, door, edge), "mash.receipt.v1"
    for letter_id, follows in (("l1", "another"), ("l2", first)):
        told = {"status": "rejected", "id": "dead-1", "follows": follows}
        door.letters[letter_id] = letter(letter_id, kind=receipt, **told)
    at_work.fetch(wait=0)
    assert opens(edge) == ["r1"]
    again = run("withhold", "r1", "--reason", "A risk", "--folder", str(edge.folder))
    assert again.exit_code == 0, again.output
    at_work.send()
    door.letters["l2"] = letter("l2", kind=receipt, **told)
    door._leased.clear()
    at_work.fetch(wait=0)
    assert opens(edge) == [], "the same refusal once more is not of the new decision"


def test_also_where_the_refusal_is_here_before_the_hubs_first_answer(
    at_work: Working, door: Door, edge: Edge
) -> None:
    edge_keys.make(edge.folder / configured.DECISION_KEY, agency=AGENCY, decided_by="A. Head")
    door.letters["r1"] = as_letter(request(), "r1")
    at_work.fetch(wait=0)
    run("withhold", "r1", "--reason", "A risk", "--folder", str(edge.folder))
    (one,) = at_work.store.to_send(1e18)
    told = {"status": "rejected", "id": "dead-1", "follows": one.id}
    door.letters["l1"] = letter("l1", kind="mash.receipt.v1", **told)
    at_work.fetch(wait=0)
    at_work.send()
    assert opens(edge) == ["r1"]


def test_also_where_the_hub_had_it_already_when_it_was_sent_once_more(
    at_work: Working, door: Door, edge: Edge
) -> None:
    edge_keys.make(edge.folder / configured.DECISION_KEY, agency=AGENCY, decided_by="A. Head")
    door.letters["r1"] = as_letter(request(), "r1")
    at_work.fetch(wait=0)
    run("withhold", "r1", "--reason", "A risk", "--folder", str(edge.folder))
    (one,) = at_work.store.to_send(1e18)
    again = [{"status": "duplicate", "id": "m2", "duplicate_of": "m1"}]
    at_work.store.sent(one, json.dumps(again), rejected=False)
    told = {"status": "rejected", "id": "dead-1", "follows": "m1"}
    door.letters["l1"] = letter("l1", kind="mash.receipt.v1", **told)
    at_work.fetch(wait=0)
    assert opens(edge) == ["r1"]


def test_an_answered_request_is_kept_no_longer_than_its_approval_would_count(
    at_work: Working, door: Door, edge: Edge
) -> None:
    withheld(at_work, door, edge)
    assert at_work.store.answered()
    later = at_work.store.answered()[0]
    ends = max(one.expires for one in request_of(later.body).statements)
    deciding.let_lapse(at_work.store, ends)
    assert at_work.store.answered() == []
    kept = b"".join(path.read_bytes() for path in edge.folder.glob("edge.db*"))
    assert b"Mariam" not in kept


@pytest.mark.parametrize(
    ("names", "left"),
    [({}, []), ({"item_id": f"item-{AGENCY}"}, []), ({"item_id": "item-2"}, ["r1"])],
    ids=["product", "item", "another"],
)
def test_what_the_hub_cancels_is_asked_no_more(
    at_work: Working, door: Door, edge: Edge, names: dict[str, str], left: list[str]
) -> None:
    asked = request()
    door.letters["r1"] = as_letter(asked, "r1")
    at_work.fetch(wait=0)
    told = {"product_id": asked.product_id, **names}
    door.letters["c1"] = letter("c1", kind="mash.approval-cancelled.v1", **told)
    at_work.fetch(wait=0)
    assert opens(edge) == left
    at_work.hand_on()
    assert "mash.approval-cancelled.v1-c1.json" in files(edge), "their system is told as ever"


def test_an_answer_to_what_was_cancelled_meanwhile_goes_and_is_not_asked_again(
    at_work: Working, door: Door, edge: Edge
) -> None:
    edge_keys.make(edge.folder / configured.DECISION_KEY, agency=AGENCY, decided_by="A. Head")
    door.letters["r1"] = as_letter(request(), "r1")
    at_work.fetch(wait=0)
    run("withhold", "r1", "--reason", "A risk", "--folder", str(edge.folder))
    told = {"product_id": request().product_id}
    door.letters["c1"] = letter("c1", kind="mash.approval-cancelled.v1", **told)
    at_work.fetch(wait=0)
    (one,) = at_work.store.to_send(1e18)
    at_work.store.sent(one, '[{"status": "rejected"}]', rejected=True)
    assert opens(edge) == []


def test_a_file_that_was_there_before_the_crash_is_not_put_there_again(
    at_work: Working, door: Door, edge: Edge
) -> None:
    door.letters["l1"] = letter("l1")
    at_work.fetch(wait=0)
    at_work.hand_on()
    for path in (edge.folder / "letters").iterdir():
        path.unlink()
    at_work.store.at_step("l1", PLACING)  # killed before it was known to be there
    at_work.hand_on()
    assert (files(edge), at_work.store.counted()) == ({}, {PLACED: 1})


def test_a_file_that_was_written_in_another_folder_is_written_again(
    at_work: Working, door: Door, edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.letters["l1"] = letter("l1")
    at_work.fetch(wait=0)
    with monkeypatch.context() as dies:
        dies.setattr(Directory, "move", _dies_before(".placing"))
        with pytest.raises(KeyboardInterrupt):
            at_work.hand_on()
    assert at_work.store.counted() == {PLACING: 1}
    (edge.folder / "letters").rename(edge.folder / "of-old")
    (edge.folder / "letters").mkdir(mode=0o700)
    at_work.hand_on()
    assert files(edge) == {"mash.recall.v1-l1.json": letter("l1")}


def _dies_before(end: str) -> Any:
    move = Directory.move

    def moves(self: Directory, name: str, to: Directory, *, new: str) -> None:
        if name.endswith(end):
            raise KeyboardInterrupt
        move(self, name, to, new=new)

    return moves


def test_a_store_of_old_is_used_as_it_is(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store._writing() as c:
        c.execute("ALTER TABLE letters DROP COLUMN place")
        c.execute("ALTER TABLE letters DROP COLUMN unsigned")
        c.execute("ALTER TABLE refused DROP COLUMN well_since")
    again = Store(tmp_path)
    again.refuse("l1", "t", body=b"altered", why="x")
    assert again.take("l1", "t", body=b"well", step="new")
    assert (again.refused(), again.unnoted_well()) == ([], ["l1"])


def test_init_makes_keys_for_its_account_alone_and_never_over_an_edge(tmp_path: Path) -> None:
    folder = tmp_path / "edge"
    wanted = ("init", str(folder), "--agency", "police", "--hub", "https://hub.example")
    told = run(*wanted, "--who", "MASH sergeant")
    assert told.exit_code == 0, told.output
    for table in ("http.tokens", "encryption", "agreement.keys"):
        assert f"[[agencies.police.{table}]]" in told.output
    for secret in (configured.TOKEN, configured.DECISION_KEY, opening.FILE):
        assert (folder / secret).stat().st_mode & 0o777 == 0o600
        assert (folder / secret).read_text("utf-8") not in told.output
    again = run(*wanted)
    assert (again.exit_code, "holds an edge already" in again.output) == (1, True)


def test_what_is_fetched_from_elsewhere_goes_by_tls(tmp_path: Path) -> None:
    told = run("init", str(tmp_path / "e"), "--agency", "police", "--hub", "http://hub.example")
    assert (told.exit_code, "hub is https://" in told.output) == (1, True)


def test_it_shows_its_certificate_and_believes_whom_it_is_told_to(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for name in ("127.0.0.1", "edge.example"):
        made_for = authority.issue_cert(name)
        made_for.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / f"{name}.pem"))
    hub, own = (str(tmp_path / f"{name}.pem") for name in ("127.0.0.1", "edge.example"))
    tls = {"ssl_certfile": hub, "ssl_keyfile": hub, "ssl_ca_certs": str(tmp_path / "ca.pem")}
    with open_door(**tls, ssl_cert_reqs=ssl.CERT_REQUIRED) as (door, url):
        door.letters["l1"] = letter("l1")
        edge = made(tmp_path / "edge", url)
        believes = {"authority": str(tmp_path / "ca.pem")}
        shows = {"certificate": own, "certificate_key": own}
        for one in (believes, shows):
            settings = edge.settings.model_copy(update=one)
            with working(Edge(edge.folder, settings)) as lacking, pytest.raises(HubAway):
                lacking.fetch(wait=0)
        settings = edge.settings.model_copy(update=believes | shows)
        with working(Edge(edge.folder, settings)) as known:
            assert known.fetch(wait=0) == 1


def test_two_processes_do_not_run_one_edge(edge: Edge) -> None:
    with alone(edge.folder):
        told = run("run", str(edge.folder))
        assert (told.exit_code, "another process runs the edge" in told.output) == (1, True)


def test_a_key_that_others_can_read_opens_nothing(edge: Edge) -> None:
    (edge.folder / opening.FILE).chmod(0o644)
    with pytest.raises(NoEdge, match="chmod 600"):
        opening.read(edge.folder)


@pytest.mark.parametrize("array", ["[]", "[1]", ' [ {"a": [1, "]"]} , 2.0 ] '])
def test_letters_are_taken_as_they_stand_there(array: str) -> None:
    found = [*elements(array)]
    assert [json.loads(one) for one in found] == json.loads(array)
    assert all(one in array for one in found)


@pytest.mark.parametrize("array", ["", "{}", "[", "[1", "[1 2]", "[,]"])
def test_what_is_no_list_of_letters_is_none(array: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - that it is no list is all there is to say
        [*elements(array)]
