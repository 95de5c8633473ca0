"""`hub case --now`: for which agencies a product waits, and by when, as far as one may know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from ops.cli import main
from ops.demo.simulation.answers import SOCIAL_WORKER
from ops.look.holding import awaited_of, held
from router.steps.approve.decide import STEP as APPROVE
from schemas.base import Fact
from schemas.changes import ChangeAcknowledged, ChangeFetched, ChangeTold
from schemas.decisions import ProductFetched
from schemas.product import Choice
from schemas.rating import Colour
from tests.support import given, products
from tests.support.desks import KIM, LEAD, Desks, seen
from tests.support.filled import empty_hub
from tests.support.given import Given


def waiting(path: Path) -> tuple[str, str, list[Any]]:
    """What is shown, in words and as JSON, of a product of what the police told, and what they
    were asked about it.
    """
    folder, hub = empty_hub(path / "hub")
    desks = Desks(hub)
    told = {"reference": "R-1", "observed_at": "2026-11-03T19:40:00Z", "subject": KIM}
    desks.tells("police", "notification", **told, narrative="Alone in the street.")
    (request,) = desks.letters(LEAD, "rating-request")
    head = {name: request[name] for name in ("referral_id", "case_id")}
    rated = {
        "colour": "amber",
        "level": "none",
        "decided_by": SOCIAL_WORKER,
        "rationale": "As seen",
    }
    desks.tells(LEAD, "rating-decision", **head, **rated, saw=[seen(request)])
    asked = desks.letters("police", "approval-request")
    config = ["case", "--config", str(folder.config), request["referral_id"], "--now"]
    words = CliRunner().invoke(main, config).output
    listed = CliRunner().invoke(main, [*config, "--json"]).stdout
    hub.database.close()
    return words, listed, asked


def test_who_is_waited_for_and_by_when_is_named(tmp_path: Path) -> None:
    words, listed, asked = waiting(tmp_path)
    waits = [one for one in json.loads(listed) if one["state"] == "waits for its owners"]
    assert len(waits) > 0
    due = {(one["product_id"], one["due_at"][:19]) for one in asked}
    for one in waits:
        (awaited,) = one["awaits"]
        assert awaited["agency"] == "police"
        assert (one["product_id"], awaited["due_at"][:19]) in due
        assert f"police is to decide, by {awaited['due_at'][:19]}Z" in words


def test_who_is_waited_for_about_what_a_reader_may_not_know_of_is_not() -> None:
    school, gp = products.draft_item("school"), products.draft_item("gp")
    step = Given(APPROVE).given(products.drafted(school, gp))
    (draft,) = step.state.products.values()
    named = [one.agency for one in awaited_of(products.drafted(school, gp), draft)]
    assert named == ["gp", "school"]
    assert [one.agency for one in awaited_of(products.drafted(gp), draft)] == ["gp"]


def test_who_has_decided_is_waited_for_no_more() -> None:
    school, gp = products.draft_item("school"), products.draft_item("gp")
    step = Given(APPROVE).given(products.drafted(school, gp))
    step.given(products.decision(school, Choice.RELEASE_SANITISED))
    (draft,) = step.state.products.values()
    assert [one.agency for one in awaited_of(products.drafted(school, gp), draft)] == ["gp"]


def test_what_was_handed_over_before_a_change_is_told_by_it_too() -> None:
    """Who is handed a product and then the change before it was heard is told that one alone."""
    about = {"referral_id": "ref-1", "case_id": "case-1"}
    drafts = [products.drafted(product_id=one) for one in ("first", "then")]
    change = about | {"change_id": "change-1", "agency": products.RECIPIENT}
    came = [
        ProductFetched(
            product_id=one, recipient=products.RECIPIENT, letter_id=f"letter-{one}", **about
        )
        for one in ("first", "then")
    ]
    told = ChangeTold(**change, product_ids=("first",), was=Colour.RED, colour=Colour.AMBER)
    handed = ChangeFetched(**change, letter_id="letter-2")
    facts: list[Fact] = [*drafts, came[0], told, came[1], handed]
    found = held(given.message(one) for one in facts)
    assert [one.change for one in found] == ["told", "told"]
    known = ChangeAcknowledged(**change, received_by="T. Manager")
    found = held(given.message(one) for one in (*facts, known))
    assert [one.change for one in found] == ["acknowledged", "acknowledged"]
