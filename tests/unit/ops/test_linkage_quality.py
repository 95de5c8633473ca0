"""`hub linkage quality`: what humans decided says how good linking is, and how far that is
known.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import event
from ops.linkage.quality import _Decided, judge, share
from ops.run.wiring import Hub
from router.steps.link.settling import own_person
from schemas.case import Candidate, ChildLinked, LinkCorrected, LinkOutcome, PersonsMerged
from stores import linking
from tests.support import given
from tests.support.filled import filled_hub, seen_by_lead, send

LEAD = "childrens_social_care"
WHO = {"decided_by": "S. Worker", "rationale": "Simulated: I asked"}


def link(
    id_: str, outcome: LinkOutcome, person: str | None = None, *candidates: str
) -> ChildLinked:
    shown = tuple(
        Candidate(person_id=one, score=3.0, reasons=("same first name",)) for one in candidates
    )
    return given.linked(
        referral_id=id_,
        outcome=outcome,
        person_id=person or own_person(id_),
        candidates=shown,
        model="m-1",
    )


def moved(id_: str, to: str) -> LinkCorrected:
    return given.corrected().model_copy(update={"referral_id": id_, "person_id": to})


def merged(kept: str, absorbed: str) -> PersonsMerged:
    return PersonsMerged(
        decision_id="d",
        person_id=kept,
        family_id="f",
        case_id="c1",
        absorbed_person_id=absorbed,
        absorbed_case_id="c2",
        referral_ids=(),
        **WHO,
    )


def verdicts(links: list[ChildLinked], *decisions: LinkCorrected | PersonsMerged) -> dict[str, str]:
    decided = _Decided()
    for decision in decisions:
        if isinstance(decision, LinkCorrected):
            decided.corrections[decision.referral_id] = decision
        else:
            decided.merges.append(decision)
    return {one.link.referral_id: one.verdict for one in judge(links, decided)}


def test_a_link_is_confirmed_or_corrected_and_otherwise_not_counted() -> None:
    links = [link(id_, LinkOutcome.LINKED, "p1") for id_ in ("r1", "r2", "r3")]
    assert verdicts(links, moved("r1", "p1"), moved("r2", "p2")) == {
        "r1": "confirmed",
        "r2": "corrected",
    }


def test_a_link_moved_to_who_absorbed_the_person_is_no_correction() -> None:
    assert verdicts(
        [link("r1", LinkOutcome.LINKED, "p1")], moved("r1", "p2"), merged("p2", "p1")
    ) == {"r1": "confirmed"}


def test_of_a_review_the_child_was_the_best_another_shown_one_not_shown_or_nobody_known() -> None:
    links = [link(id_, LinkOutcome.REVIEW, None, "p1", "p2") for id_ in ("r1", "r2", "r3", "r4")]
    decisions = (
        moved("r1", "p1"),
        moved("r2", "p2"),
        moved("r3", "p9"),
        moved("r4", own_person("r4")),
    )
    assert verdicts(links, *decisions) == {"r1": "best", "r2": "among", "r3": "other", "r4": "none"}


def test_of_two_persons_merged_the_later_one_was_missed_whichever_is_kept() -> None:
    links = [link("r1", LinkOutcome.NEW), link("r2", LinkOutcome.NEW)]
    one, other = own_person("r1"), own_person("r2")
    assert (
        verdicts(links, merged(one, other))
        == verdicts(links, merged(other, one))
        == {"r2": "missed"}
    )


def test_a_provisional_person_that_was_merged_into_a_candidate_was_shown() -> None:
    links = [link("r1", LinkOutcome.NEW), link("r2", LinkOutcome.REVIEW, None, own_person("r1"))]
    assert verdicts(links, merged(own_person("r1"), own_person("r2"))) == {"r2": "best"}


def test_of_nothing_counted_no_share_is_told_and_of_little_a_wide_interval() -> None:
    assert share(0, 0)["estimate"] is None
    assert share(4, 4)["low"] < 0.6
    assert share(400, 400)["low"] > 0.98


def figures(folder: DemoFolder, *arguments: str) -> dict[str, Any]:
    answer = CliRunner().invoke(
        main, ["linkage", "quality", "--config", str(folder.config), "--json", *arguments]
    )
    told = json.loads(answer.stdout)
    assert isinstance(told, dict)
    return told


def decide(hub: Hub, id_: str, type_: str, **data: Any) -> str:
    (receipt,) = send(hub, LEAD, [event(id_, type_, agency=LEAD, data=data | WHO)])
    hub.embedded().drain()
    return receipt.id


def test_what_was_undone_counts_no_more_and_what_came_before_a_time_neither(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=120)
    before = figures(folder)
    assert (
        before["checked"]
        == sum(before["reviews"][name] for name in ("best", "among", "other", "none"))
        > 0
    )
    assert before["by"][0]["right"]["of"] > 0
    wrong = next(link for link in _linked(hub) if link.outcome is LinkOutcome.LINKED)
    done = decide(
        hub,
        "d1",
        "mash.link-decision.v1",
        referral_id=wrong.referral_id,
        person_id=None,
        saw=seen_by_lead(hub, wrong.referral_id),
    )
    assert figures(folder)["links"]["corrected"] == 1
    decide(hub, "d2", "mash.undo-decision.v1", decision_id=done)
    assert {**figures(folder), "how": ()} == {**before, "how": ()}
    assert figures(folder, "--since", "2200-01-01")["checked"] == 0


def test_people_read_the_figures_with_what_they_do_not_say(worked: tuple[DemoFolder, Hub]) -> None:
    answer = CliRunner().invoke(main, ["linkage", "quality", "--config", str(worked[0].config)])
    assert "not known yet" in answer.stdout
    assert "rather overestimated" in answer.stdout


def _linked(hub: Hub) -> list[ChildLinked]:
    with hub.database.reading() as connection:
        found = [
            entry.message.data
            for entry in linking.every(connection, hub.database.vault, type_=ChildLinked)
        ]
    return [fact for fact in found if isinstance(fact, ChildLinked)]
