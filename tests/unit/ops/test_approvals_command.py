"""An owner signs on its own side, and a recipient verifies on its own side, without any hub."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from connectors.edge import keys as edge_keys
from connectors.edge.keys import SigningKey
from ops.cli import main
from router.steps.approve.decide import STEP as APPROVE
from router.steps.release.decide import STEP as RELEASE
from schemas.base import Notice
from schemas.decisions import ReleaseDecided, ReleaseDecision
from schemas.envelope import Passkey
from schemas.keys import KeyChange, KeyDecision
from schemas.notices import ApprovalRequest
from schemas.policy import ApprovalKey, Policy
from schemas.product import Product, ProductApproved
from schemas.statement import KeyStatement
from tests.support import given, products
from tests.support.authenticator import Authenticator
from tests.support.given import NOON, Given, of
from tests.support.signing import LONG_AGO

WHO = "Decision maker of school"


def run(*command: str) -> Result:
    return CliRunner().invoke(main, command)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    made = run("approvals", "keygen", f"{tmp_path}/key", "--agency", "school", "--who", WHO)
    assert made.exit_code == 0, made.output
    assert "[[agencies.school.agreement.keys]]" in made.output
    return tmp_path / "key"


def test_an_administrator_prints_what_registers_a_key(key: Path, tmp_path: Path) -> None:
    head = tmp_path / "head"
    run("approvals", "keygen", str(head), "--agency", "school", "--who", "Head teacher")
    told = ("--key", str(head), "--whose", WHO, "--public", edge_keys.read(key).public)
    answer = run("approvals", "register", "register", *told)
    assert answer.exit_code == 0, answer.output
    made = KeyDecision.model_validate_json(answer.output)
    signed = KeyStatement.parse(made.envelope.opened_by(edge_keys.read(head).public))
    assert (signed.agency, signed.change.decided_by) == ("school", "Head teacher")
    assert signed.change == KeyChange(**made.shared(KeyChange))
    assert run("approvals", "register", "revoke", *told).exit_code == 2
    spki = base64.b64encode(Authenticator("https://desk.example", "desk.example").spki).decode()
    passkey = ("--key", str(head), "--whose", WHO, "--public", spki)
    site = ("--rp-id", "desk.example", "--origin", "https://desk.example")
    made = KeyDecision.model_validate_json(
        run("approvals", "register", "register", *passkey, *site).output
    )
    assert made.passkey == Passkey(rp_id="desk.example", origins=("https://desk.example",))
    assert run("approvals", "register", "register", *passkey).exit_code == 2
    wrong = ("--key", str(head), "--whose", WHO, "--public", "none")
    assert "no public key" in run("approvals", "register", "register", *wrong).output


def test_whose_key_is_registered_signs_that_too(key: Path, tmp_path: Path) -> None:
    head, asked = tmp_path / "head", tmp_path / "asked.json"
    run("approvals", "keygen", str(head), "--agency", "school", "--who", "Head teacher")
    public = edge_keys.read(key).public
    told = ("--key", str(head), "--whose", WHO, "--public", public)
    asked.write_text(run("approvals", "register", "register", *told).output, "utf-8")
    answer = run("approvals", "prove", str(asked), "--key", str(key))
    assert answer.exit_code == 0, answer.output
    made = KeyDecision.model_validate_json(answer.output)
    every = {made.envelope.opened_by(one) for one in (public, edge_keys.read(head).public)}
    assert every == {made.envelope.unverified()}

    assert (
        "not register this key" in run("approvals", "prove", str(asked), "--key", str(head)).output
    )
    other = json.loads(asked.read_text("utf-8")) | {"decision_maker": "Somebody else"}
    asked.write_text(json.dumps(other), "utf-8")
    assert "something else" in run("approvals", "prove", str(asked), "--key", str(key)).output
    assert "mash.key-decision" in run("approvals", "prove", str(key), "--key", str(key)).output


def registered(key: SigningKey) -> ApprovalKey:
    return ApprovalKey(decided_by=key.decided_by, public=key.public, since=LONG_AGO)


def policy_with(key: SigningKey) -> Policy:
    partner = given.partner("school")
    assert partner.agreement is not None
    agreement = partner.agreement.model_copy(update={"keys": (registered(key),)})
    signing = partner.model_copy(update={"agreement": agreement})
    return given.policy(signing).model_copy(update={"signed": True})


def event(notice: Notice) -> str:
    data = notice.model_dump(mode="json")
    return json.dumps({"type": notice.type, "time": NOON.isoformat(), "data": data})


class Desk:
    """The school's approval request, and what comes of its answer."""

    def __init__(self, key: Path) -> None:
        self.key, self.policy = key, policy_with(edge_keys.read(key))
        self.hub = Given(APPROVE, self.policy)
        outcome = self.hub.when(products.drafted(products.draft_item("school")))
        (self.request,) = of(ApprovalRequest, [letter.notice for letter in outcome.letters])

    def sign(self, *more: str, **changes: Any) -> Result:
        letter = json.loads(event(self.request))
        letter["data"] |= changes
        file = self.key.parent / "request.json"
        file.write_text(json.dumps(letter), encoding="utf-8")
        return run("approvals", "sign", str(file), "--key", str(self.key), *more)

    def keys(self) -> Path:
        file = self.key.parent / "keys.json"
        told = {"school": (registered(edge_keys.read(self.key)),)}
        file.write_text(edge_keys.written(told), encoding="utf-8")
        return file

    def letter(self, *more: str) -> dict[str, Any]:
        """The product that leaves on what was signed, as its recipient gets it."""
        told = json.loads(self.sign("--choice", "sanitised", *more).output)
        decided = ReleaseDecided(agency="school", decision=ReleaseDecision.model_validate(told))
        assert self.hub.when(decided).refusal is None
        (approved,) = of(ProductApproved, self.hub.facts)
        (letter,) = Given(RELEASE, self.policy).when(approved).letters
        assert isinstance(letter.notice, Product)
        made: dict[str, Any] = json.loads(event(letter.notice))
        return made

    def verified(self, letter: dict[str, Any], *more: str) -> Result:
        file = self.key.parent / "letter.json"
        file.write_text(json.dumps(letter), encoding="utf-8")
        return run("verify-release", str(file), "--keys", str(self.keys()), *more)


@pytest.fixture
def desk(key: Path) -> Desk:
    return Desk(key)


def test_a_key_is_its_owners_alone_and_never_made_over(key: Path) -> None:
    assert key.stat().st_mode & 0o777 == 0o600
    again = run("approvals", "keygen", str(key), "--agency", "school", "--who", WHO)
    assert again.exit_code == 1
    key.chmod(0o644)
    with pytest.raises(edge_keys.NoKey, match="chmod 600"):
        edge_keys.read(key)


@pytest.mark.parametrize("choice", ["sanitised", "original"])
def test_what_an_owner_signs_is_taken_by_the_hub(desk: Desk, choice: str) -> None:
    answer = desk.sign("--choice", choice, "--reason", "The front line has to know")
    assert answer.exit_code == 0, answer.output
    decision = ReleaseDecision.model_validate_json(answer.output)
    outcome = desk.hub.when(ReleaseDecided(agency="school", decision=decision))
    assert outcome.refusal is None
    assert of(ProductApproved, outcome.facts)


def test_why_an_owner_lets_it_leave_does_not_go_to_the_recipient(desk: Desk) -> None:
    letter = desk.letter("--reason", "Her neighbour Joan must not be found out")
    assert desk.verified(letter).exit_code == 0
    (approval,) = letter["data"]["approvals"]
    assert "Joan" not in json.dumps(letter)
    assert b"Joan" not in base64.b64decode(approval["envelope"]["payload"])


def test_words_of_its_own_are_signed_too(desk: Desk, tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.write_text("Somebody told the school.", encoding="utf-8")
    answer = desk.sign("--choice", "reworded", "--text", str(words))
    decision = ReleaseDecision.model_validate_json(answer.output)
    outcome = desk.hub.when(ReleaseDecided(agency="school", decision=decision))
    (approved,) = of(ProductApproved, outcome.facts)
    assert approved.items[0].text == "Somebody told the school."


def test_what_is_withheld_needs_a_reason_and_no_signature(desk: Desk) -> None:
    assert desk.sign("--choice", "withhold").exit_code == 2
    told = json.loads(desk.sign("--choice", "withhold", "--reason", "A risk").output)
    assert "envelope" not in told


@pytest.mark.parametrize(
    "changes",
    [{"recipient": "housing"}, {"purpose": "another"}, {"product_id": "p"}, {"case_id": "c"}],
    ids=lambda changes: next(iter(changes)),
)
def test_nothing_is_signed_that_is_not_what_is_shown(desk: Desk, changes: dict[str, str]) -> None:
    answer = desk.sign("--choice", "sanitised", **changes)
    assert answer.exit_code == 1
    assert next(iter(changes)) in answer.output


def test_nor_are_other_words_than_those_shown(desk: Desk) -> None:
    item = desk.request.item.model_dump(mode="json") | {"sanitised": "Harmless words."}
    assert desk.sign("--choice", "sanitised", item=item).exit_code == 1


def test_a_decision_says_what_it_lets_leave(desk: Desk, tmp_path: Path) -> None:
    decision = tmp_path / "decision.json"
    decision.write_text(desk.sign("--choice", "sanitised").output, encoding="utf-8")
    told = run("approvals", "verify", str(decision), "--keys", str(desk.keys()), "--json")
    assert json.loads(told.output)["recipient"] == products.RECIPIENT
    other = tmp_path / "other.json"
    other.write_text("{}", encoding="utf-8")
    assert run("approvals", "verify", str(decision), "--keys", str(other)).exit_code == 1


def test_a_second_person_signs_what_the_first_has(desk: Desk, tmp_path: Path) -> None:
    decision = tmp_path / "decision.json"
    decision.write_text(desk.sign("--choice", "sanitised").output, encoding="utf-8")
    edge_keys.make(tmp_path / "deputy", agency="school", decided_by="Deputy")
    asked = ("--request", f"{tmp_path}/request.json")
    told = run("approvals", "countersign", str(decision), *asked, "--key", f"{tmp_path}/deputy")
    assert len(json.loads(told.output)["envelope"]["signatures"]) == 2
    again = run("approvals", "countersign", str(decision), *asked, "--key", str(desk.key))
    assert (again.exit_code, "signed it already" in again.output) == (1, True)


def test_a_second_person_signs_nothing_else_than_the_request_shows(
    desk: Desk, tmp_path: Path
) -> None:
    decision = tmp_path / "decision.json"
    decision.write_text(desk.sign("--choice", "original").output, encoding="utf-8")
    edge_keys.make(tmp_path / "deputy", agency="school", decided_by="Deputy")
    told = json.loads(decision.read_text(encoding="utf-8")) | {"choice": "release_sanitised"}
    decision.write_text(json.dumps(told), encoding="utf-8")
    asked = ("--request", f"{tmp_path}/request.json", "--key", f"{tmp_path}/deputy")
    again = run("approvals", "countersign", str(decision), *asked)
    assert (again.exit_code, "not what the request shows" in again.output) == (1, True)


def test_who_decides_reads_what_would_leave_beside_the_original(desk: Desk) -> None:
    gone = [{"start": 0, "end": 6, "replacement": "[name]", "reason": "Somebody else."}]
    desk.sign(
        "--choice",
        "sanitised",
        item=products.draft_item("school").model_dump(mode="json") | {"redactions": gone},
    )
    told = run("approvals", "show", f"{desk.key.parent}/request.json")
    assert told.exit_code == 0, told.output
    assert "[Mariam -> [name]] told the school." in told.output
    assert "\n  [name] told the school.\n" in told.output
    for what in (desk.request.recipient, desk.request.purpose):
        assert what in told.output


def test_what_is_withheld_is_named_to_recipients_only_where_that_was_said(desk: Desk) -> None:
    withheld = ("--choice", "withhold", "--reason", "A risk")
    assert json.loads(desk.sign(*withheld).output)["signpost"] is True
    assert json.loads(desk.sign(*withheld, "--no-signpost").output)["signpost"] is False
    silent = desk.request.item.model_dump(mode="json") | {"signpost": False}
    assert json.loads(desk.sign(*withheld, item=silent).output)["signpost"] is False


def test_a_key_is_made_for_a_code_of_an_agency_and_what_is_none_is_said(tmp_path: Path) -> None:
    made = run("approvals", "keygen", f"{tmp_path}/k", "--agency", "The School", "--who", WHO)
    assert (made.exit_code, "no agency's code" in made.output) == (2, True)
    assert not (tmp_path / "k").exists()


def test_the_key_of_another_agency_signs_nothing_and_both_are_named(
    desk: Desk, tmp_path: Path
) -> None:
    edge_keys.make(tmp_path / "gp", agency="gp", decided_by=WHO)
    desk.key = tmp_path / "gp"
    told = desk.sign("--choice", "sanitised").output
    assert "for school to decide, and the key is of gp" in told


def test_a_recipient_verifies_what_it_got(desk: Desk) -> None:
    told = desk.verified(desk.letter())
    assert told.exit_code == 0, told.output
    assert f"signed by {WHO}" in told.output


@pytest.mark.parametrize(
    ("changes", "item"),
    [
        ({}, {"text": "Other words."}),
        ({}, {"owner": "gp"}),
        ({}, {"item_id": "item-2"}),
        ({"purpose": "another"}, {}),
        ({"recipient": "housing"}, {}),
        ({"case_id": "case-2"}, {}),
        ({"product_id": "product-2"}, {}),
        ({"approvals": []}, {}),
    ],
    ids=["text", "owner", "item", "purpose", "recipient", "case", "product", "unsigned"],
)
def test_a_recipient_sees_what_was_altered(
    desk: Desk, changes: dict[str, Any], item: dict[str, Any]
) -> None:
    letter = desk.letter()
    letter["data"] |= changes
    letter["data"]["items"][0] |= item
    told = desk.verified(letter, "--json")
    assert told.exit_code == 1
    assert not json.loads(told.output)["well"]


def test_a_recipient_sees_that_it_was_for_somebody_else(desk: Desk) -> None:
    assert desk.verified(desk.letter(), "--recipient", "housing").exit_code == 1
    letter, whose = desk.letter(), products.RECIPIENT
    assert desk.verified(letter, "--recipient", whose).exit_code == 0
    letter["data"]["recipient"] = "housing"  # signed for whom it is said to be, and says another
    assert desk.verified(letter, "--recipient", whose).exit_code == 1


def test_a_recipient_is_told_what_to_do_with_what_is_not_signed(desk: Desk) -> None:
    letter = desk.letter()
    letter["data"]["items"][0]["text"] = "Other words."
    told = desk.verified(letter).output
    assert "other words were signed" in told
    assert "ring the hub, by a number that you have" in told
    (desk.key.parent / "letters.json").write_text(json.dumps([letter]), encoding="utf-8")
    several = run("verify-release", f"{desk.key.parent}/letters.json", "--keys", str(desk.keys()))
    assert "give one letter" in several.output


def test_a_recipient_believes_the_keys_that_it_has_and_no_others(desk: Desk) -> None:
    letter = desk.letter()
    keys = desk.keys().read_text(encoding="utf-8")
    made = edge_keys.make(desk.key.parent / "other", agency="school", decided_by=WHO)
    own = edge_keys.read(desk.key).public
    desk.keys = lambda: _written(desk, keys.replace(own, made.public))  # type: ignore[method-assign]
    assert desk.verified(letter).exit_code == 1


def _written(desk: Desk, keys: str) -> Path:
    file = desk.key.parent / "others.json"
    file.write_text(keys, encoding="utf-8")
    return file
