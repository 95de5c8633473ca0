"""Who may see contents by a command, what is recorded of it, and who looks at it afterwards."""

from __future__ import annotations

import datetime as dt
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ops.access.acting import Denied, asker
from ops.access.doors import Doors
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import event
from ops.look import trail
from ops.run.checking import check
from ops.run.wiring import Hub, open_hub
from schemas.access import Act, Purpose, Resource
from schemas.operations import (
    AccessDenied,
    AccessRulesAdopted,
    DeadLetterRevealed,
    RecordRevealed,
    RevealReviewed,
)
from stores import linking
from tests.support.dead_letters import bad_type, bury
from tests.support.filled import empty_hub, send

Worked = tuple[DemoFolder, Hub]
WHY = ["--why", "complaint 2026/17"]
OPERATOR = ["--who", "A. Operator", *WHY]
AUDITOR = ["--who", "J. Auditor", *WHY]
MANAGER = ["--who", "D. Manager", *WHY]
REVIEWER = ["--who", "R. Reviewer", *WHY]


@pytest.fixture
def worked(tmp_path: Path) -> Worked:
    return empty_hub(tmp_path / "hub")


def hub(folder: DemoFolder, *arguments: str) -> Result:
    command, *more = arguments
    words = [command] if command in ("case", "picture") else [command, more.pop(0)]
    return CliRunner().invoke(main, [*words, "--config", str(folder.config), *more])


def facts(hub: Hub, type_: type[Any]) -> list[Any]:
    with hub.database.reading() as connection:
        found = linking.every(connection, hub.database.vault, type_=type_)
        return [entry.message.data for entry in found]


TOLD = "mash.notification.v1"


def notification(**changes: Any) -> dict[str, Any]:
    said = {
        "reference": "R-1",
        "observed_at": "2026-03-02T09:30:00+00:00",
        "subject": {"name": [{"given_name": ["Robin"], "family_name": ["Sample"]}]},
        "narrative": "Told of in the narrative.",
    }
    return event("n-1", TOLD, agency="police", data=said | changes)


def notified(hub: Hub, **changes: Any) -> str:
    (receipt,) = send(hub, "police", [notification(**changes)])
    assert receipt.status == "accepted", receipt
    hub.embedded().drain()
    return receipt.id


def test_operations_see_no_case_and_are_told_so_and_the_denial_is_recorded(worked: Worked) -> None:
    folder, made = worked
    referral = notified(made)
    answer = hub(folder, "case", referral, "--reveal", *OPERATOR)
    assert answer.exit_code == 1
    assert "operations-see-no-case" in answer.output
    assert "hub policy show" in answer.output
    assert "Robin" not in answer.output
    (denied,) = facts(made, AccessDenied)
    assert (denied.who, denied.act, denied.record) == ("A. Operator", Act.REVEAL, Resource.CASE)
    assert (denied.record_id, denied.access.rules) == (referral, made.access.version)
    assert denied.access.decided == ("operations-see-no-case",)
    assert facts(made, RecordRevealed) == []


def test_who_is_denied_is_told_for_what_the_rules_would_let_them(worked: Worked) -> None:
    folder, made = worked
    answer = hub(folder, "case", notified(made), "--reveal", *MANAGER)
    assert "no access rule lets them reveal a case" in answer.output
    assert "If it is for safeguarding, say so with --purpose" in answer.output
    assert "in an emergency somebody of screening or duty manager" in answer.output


def test_who_is_denied_what_no_emergency_opens_is_not_sent_to_break_the_glass(
    worked: Worked,
) -> None:
    folder, _ = worked
    answer = hub(folder, "policy", "reviews", *OPERATOR[:2])
    assert "(auditor, risk owner, reviewer; `hub policy show` lists them)" in answer.output
    assert "--emergency" not in answer.output


def test_who_is_nobody_that_the_hub_knows_sees_nothing(worked: Worked) -> None:
    folder, made = worked
    referral = notified(made)
    for command in ("case", "picture"):
        answer = hub(folder, command, referral, "--reveal", "--who", "X. Ample", *WHY)
        assert (answer.exit_code, "[[people]]" in answer.output) == (1, True)
        assert "Robin" not in answer.output
    assert [one.who for one in facts(made, AccessDenied)] == ["X. Ample", "X. Ample"]


def test_whom_a_command_lets_look_at_nothing_is_on_the_record(worked: Worked) -> None:
    folder, made = worked
    assert hub(folder, "search", "0197a3", "--who", "L. Teacher").exit_code == 1
    (denied,) = facts(made, AccessDenied)
    assert (denied.who, denied.act, denied.record) == ("L. Teacher", Act.SEARCH, Resource.TRAIL)


def test_of_what_is_denied_no_id_is_recorded_that_is_none(worked: Worked) -> None:
    folder, made = worked
    hub(folder, "case", "Robin Sample", "--reveal", *OPERATOR)
    (denied,) = facts(made, AccessDenied)
    assert denied.record_id == "unknown"


def test_a_look_is_recorded_with_the_rules_that_let_it_and_who_reviews_it(worked: Worked) -> None:
    folder, made = worked
    referral = notified(made)
    answer = hub(folder, "case", referral, "--reveal", *AUDITOR)
    assert (answer.exit_code, "Told of in the narrative." in answer.output) == (0, True)
    (look,) = facts(made, RecordRevealed)
    assert (look.access.decided, look.access.digest) == (("audit",), made.access.digest())
    assert (look.access.purpose, look.access.review_by) == (Purpose.AUDIT, "R. Reviewer")
    (rules,) = facts(made, AccessRulesAdopted)
    assert (rules.digest, rules.rules) == (made.access.digest(), made.access)


@pytest.mark.parametrize(
    ("sharing", "told"),
    [
        ({"sensitivity": "sensitive"}, True),
        ({"sensitivity": "restricted"}, False),
        ({"may_be_revealed": False, "reason": "An informant", "signpost": True}, False),
    ],
    ids=["open", "restricted", "signposted"],
)
def test_words_that_are_not_for_an_auditor_are_masked(
    worked: Worked, sharing: dict[str, Any], told: bool
) -> None:
    folder, made = worked
    answer = hub(folder, "case", notified(made, sharing=sharing), "--reveal", *AUDITOR)
    assert answer.exit_code == 0
    assert ("Told of in the narrative." in answer.output) is told
    assert ("not for you" in answer.output) is not told


def test_what_is_silent_leaves_no_trace_to_an_auditor_of_another_agency(worked: Worked) -> None:
    folder, made = worked
    silent = {"may_be_revealed": False, "reason": "An informant", "signpost": False}
    referral = notified(made, sharing=silent)
    events = json.loads(hub(folder, "case", referral, "--reveal", "--json", *AUDITOR).stdout)
    assert "mash.notification.received.v1" not in {event["type"] for event in events}
    assert "Told of in the narrative." not in json.dumps(events)


def test_breaking_the_glass_opens_what_is_restricted_is_told_and_reviewed(worked: Worked) -> None:
    folder, made = worked
    referral = notified(made, sharing={"sensitivity": "restricted"})
    shown = hub(folder, "case", referral, "--reveal", "--emergency", *MANAGER)
    assert "Told of in the narrative." in shown.output
    told = [json.loads(one.body) for one in made.queues.lease("police", limit=50, seconds=60)]
    (notice,) = [one["data"] for one in told if one["type"] == "mash.content-revealed.v1"]
    assert (notice["emergency"], notice["reviewed_by"]) == (True, "R. Reviewer")
    assert (notice["seen_for"], notice["seen_as"]) == ("childrens_social_care", ["duty_manager"])
    assert notice["contact"] == "MASH manager, 01632 960102"
    assert "where you do not" in notice["to_do"].lower()
    due = dt.datetime.fromisoformat(notice["review_due_at"])
    (look,) = facts(made, RecordRevealed)
    assert due == look.access.review_due_at
    lasts = dt.timedelta(minutes=made.access.break_glass.minutes)
    assert (
        look.access.until
        == look.access.review_due_at
        - dt.timedelta(hours=made.access.break_glass.review_hours)
        + lasts
    )


def told_again(made: Hub, **sharing: Any) -> str:
    """The police have told of a child before; the school does now, and its picture shows both."""
    notified(made, narrative="Hit with a belt, as an informant says.", sharing=sharing)
    later = {"reference": "R-2", "observed_at": "2026-03-20T09:30:00+00:00"}
    said = notification(narrative="Late for school, and tired.")["data"] | later
    (receipt,) = send(made, "school", [event("n-2", TOLD, agency="school", data=said)])
    made.embedded().drain()
    return receipt.id


@pytest.mark.parametrize(("sensitivity", "shown"), [("sensitive", True), ("restricted", False)])
def test_words_of_an_earlier_concern_are_masked_in_a_picture_as_well(
    worked: Worked, sensitivity: str, *, shown: bool
) -> None:
    folder, made = worked
    referral = told_again(made, sensitivity=sensitivity)
    answer = hub(folder, "picture", referral, "--reveal", *MANAGER, "--purpose", "safeguarding")
    assert (answer.exit_code, "Late for school" in answer.output) == (0, True)
    assert ("Hit with a belt" in answer.output) is shown
    told = [json.loads(one.body) for one in made.queues.lease("police", limit=50, seconds=60)]
    assert ("mash.content-revealed.v1" in {one["type"] for one in told}) is shown


def test_whose_earlier_words_are_shown_in_an_emergency_is_told_once(worked: Worked) -> None:
    folder, made = worked
    referral = told_again(made, sensitivity="restricted")
    for _ in range(2):
        shown = hub(folder, "picture", referral, "--reveal", "--emergency", *MANAGER)
        assert "Hit with a belt" in shown.output
    told = [json.loads(one.body) for one in made.queues.lease("police", limit=50, seconds=60)]
    (notice,) = [one["data"] for one in told if one["type"] == "mash.content-revealed.v1"]
    assert (notice["emergency"], notice["references"]) == (True, ["R-1"])


def test_nobody_but_the_front_door_breaks_the_glass(worked: Worked) -> None:
    folder, made = worked
    answer = hub(folder, "case", notified(made), "--reveal", "--emergency", *AUDITOR)
    assert (answer.exit_code, "Robin" in answer.output) == (1, False)


def test_a_second_look_for_the_same_reason_is_reviewed_with_the_first(worked: Worked) -> None:
    folder, made = worked
    referral = notified(made)
    for why in ("one", "one", "another"):
        hub(folder, "case", referral, "--reveal", "--who", "J. Auditor", "--why", why)
    found = json.loads(hub(folder, "policy", "reviews", "--json", *REVIEWER[:2]).stdout)
    assert [(one["why"], one["times"]) for one in found] == [("one", 2), ("another", 1)]


def test_a_look_is_reviewed_once_by_somebody_else(worked: Worked) -> None:
    folder, made = worked
    id_ = bury(made, bad_type())
    hub(folder, "dead-letters", "show", id_, "--reveal", *OPERATOR)
    assert facts(made, DeadLetterRevealed)[0].access.decided == ("dead-letters-read",)
    (look,) = json.loads(hub(folder, "policy", "reviews", "--json", *REVIEWER[:2]).stdout)
    for who, code in ((OPERATOR, 1), (REVIEWER, 0), (REVIEWER, 1)):
        done = hub(folder, "policy", "reviewed", look["id"], "--not-in-order", *who)
        assert done.exit_code == code, done.output
    (found,) = facts(made, RevealReviewed)
    assert (found.in_order, found.reviewed_by) == (False, "R. Reviewer")
    assert json.loads(hub(folder, "policy", "reviews", "--json", *REVIEWER[:2]).stdout) == []


def found(made: Hub, agency: str) -> list[dict[str, Any]]:
    """What an agency hears of a review."""
    told = [json.loads(one.body) for one in made.queues.lease(agency, limit=50, seconds=60)]
    return [one["data"] for one in told if one["type"] == "mash.look-reviewed.v1"]


@pytest.mark.parametrize("verdict", ["--in-order", "--not-in-order"])
def test_whose_words_were_shown_is_told_what_the_reviewer_found(
    worked: Worked, verdict: str
) -> None:
    folder, made = worked
    referral = notified(made)
    for _ in range(2):
        assert hub(folder, "case", referral, "--reveal", *AUDITOR).exit_code == 0
    (look,) = json.loads(hub(folder, "policy", "reviews", *REVIEWER[:2], "--json").stdout)
    assert found(made, "police") == []
    why = ("--who", "R. Reviewer", "--why", "the complaint is real")
    assert hub(folder, "policy", "reviewed", look["id"], verdict, *why).exit_code == 0
    (notice,) = found(made, "police")
    assert notice["message_ids"] == [referral]
    assert (notice["seen_by"], notice["why"]) == ("J. Auditor", WHY[1])
    assert notice["in_order"] is (verdict == "--in-order")
    assert (notice["reviewed_by"], notice["found"]) == ("R. Reviewer", "the complaint is real")
    assert notice["contact"] == "MASH manager, 01632 960102"
    assert "Told of" not in json.dumps(notice)
    assert found(made, "school") == []


def test_of_a_dead_letter_too(worked: Worked) -> None:
    folder, made = worked
    id_ = bury(made, bad_type())
    hub(folder, "dead-letters", "show", id_, "--reveal", *OPERATOR)
    (look,) = json.loads(hub(folder, "policy", "reviews", "--json", *REVIEWER[:2]).stdout)
    hub(folder, "policy", "reviewed", look["id"], "--in-order", *REVIEWER)
    agency = facts(made, DeadLetterRevealed)[0].agency
    assert [one["message_ids"] for one in found(made, agency)] == [[id_]]


def test_who_finds_a_look_not_in_order_is_told_whom_to_tell(worked: Worked) -> None:
    folder, made = worked
    assert hub(folder, "case", notified(made), "--reveal", *AUDITOR).exit_code == 0
    (look,) = json.loads(hub(folder, "policy", "reviews", *REVIEWER[:2], "--json").stdout)
    said = hub(folder, "policy", "reviewed", look["id"], "--not-in-order", *REVIEWER)
    assert "tell the risk owner: C. Caldicott (childrens_social_care)" in said.output


def test_who_does_not_review_or_audit_sees_no_looks(worked: Worked) -> None:
    folder, _ = worked
    assert hub(folder, "policy", "reviews").exit_code == 1
    assert hub(folder, "policy", "reviews", *OPERATOR[:2]).exit_code == 1


def test_nobody_mends_whom_the_rules_do_not_let(worked: Worked) -> None:
    folder, made = worked
    id_ = bury(made, bad_type())
    for verb in ("discard", "redrive"):
        assert hub(folder, "dead-letters", verb, id_, *AUDITOR).exit_code == 1
    assert [one.act for one in facts(made, AccessDenied)] == [Act.MEND, Act.MEND]
    assert hub(folder, "dead-letters", "discard", id_, *OPERATOR).exit_code == 0


def changed(folder: DemoFolder, before: str, *, after: str) -> None:
    written = folder.config.read_text("utf-8")
    assert before in written
    folder.config.write_text(written.replace(before, after), "utf-8")


def test_while_nobody_reviews_nothing_is_shown_but_in_an_emergency(worked: Worked) -> None:
    folder, made = worked
    referral = notified(made)
    changed(folder, '"reviewer"', after='"researcher"')
    answer = hub(folder, "case", referral, "--reveal", *AUDITOR)
    assert (answer.exit_code, "reviewer" in answer.output) == (1, True)
    assert hub(folder, "case", referral, "--reveal", "--emergency", *MANAGER).exit_code == 0
    found = check(folder.config, {}, today=dt.date(2026, 11, 27))
    assert "people" in {fault.where for fault in found.faults}


def own_rules(folder: DemoFolder, made: Hub, *, without: str = "", **changes: Any) -> None:
    """Rules of the hub's own beside its configuration."""
    text = (files("ops.access") / "standard.toml").read_text("utf-8")
    for name, value in changes.items():
        text = text.replace(f'{name} = "standard-5"', f"{name} = {value}")
    if without:
        head, *rules = text.split("[[rules]]")
        kept = [rule for rule in rules if f'id = "{without}"' not in rule]
        assert len(kept) == len(rules) - 1
        text = "[[rules]]".join((head, *kept))
    (folder.path / "ours.toml").write_text(text, "utf-8")
    changed(folder, 'profile = "', after='access = "ours.toml"\nprofile = "')
    made.database.close()


def test_what_the_rules_do_not_let_operations_look_at_no_command_shows(worked: Worked) -> None:
    folder, made = worked
    referral = notified(made)
    own_rules(folder, made, without="trail")
    for command in (("case", referral), ("dead-letters", "list"), ("linkage", "explain", referral)):
        answer = hub(folder, *command)
        assert (answer.exit_code, "no access rule lets them" in answer.output) == (1, True)
    assert CliRunner().invoke(main, ["status", "--config", str(folder.config)]).exit_code == 0


def test_the_check_finds_what_is_wrong_with_rules_and_people(worked: Worked) -> None:
    folder, made = worked
    own_rules(folder, made, version="3")
    changed(folder, 'name = "D. Manager"', after='name = "A. Operator"')
    found = check(folder.config, {}, today=dt.date(2026, 11, 27))
    assert {fault.where for fault in found.faults} >= {"people[0].name", "people[2].name"}
    changed(
        folder,
        'name = "A. Operator"\nagency = "childrens_social_care"\nroles = ["duty',
        after='name = "D. Manager"\nagency = "childrens_social_care"\nroles = ["duty',
    )
    found = check(folder.config, {}, today=dt.date(2026, 11, 27))
    assert "ours.toml: version" in {fault.where for fault in found.faults}


def test_show_and_why_say_the_rules(worked: Worked) -> None:
    folder, made = worked
    told = json.loads(hub(folder, "policy", "show", "--json").stdout)
    assert (told["version"], told["digest"]) == (made.access.version, made.access.digest())
    assert "Who keeps the hub running" in hub(folder, "policy", "show").stdout
    asked = ["--act", "reveal", "--record", "case", "--purpose", "audit", "--reason"]
    why = ["policy", "why", "--person", "J. Auditor", *asked, "--owner", "police"]
    assert json.loads(hub(folder, *why, "--json").stdout)["verdict"] == "allow"
    said = json.loads(hub(folder, *why, "--sensitivity", "restricted", "--json").stdout)
    assert (said["verdict"], said["decided"]) == ("mask", "restricted")
    assert set(said["spoke"]) == {"audit", "restricted"}
    assert hub(folder, "policy", "why", *asked, "--person", "Nobody").exit_code == 2


def test_somebody_of_an_agency_that_answers_for_its_own_sees_that_alone(worked: Worked) -> None:
    folder, made = worked
    referral = notified(made)
    changed(
        folder,
        'agency = "childrens_social_care"\nroles = ["auditor"]',
        after='agency = "police"\nroles = ["risk_owner"]',
    )
    made.database.close()
    again = open_hub(folder.config, {})
    person = asker(again, "J. Auditor", why="Our own", purpose=Purpose.AUDIT)
    events = trail.reveal(again, referral, asker=person)
    assert "mash.notification.received.v1" in {event.type for event in events}
    assert "mash.rating.suggested.v1" not in {event.type for event in events}
    other = asker(again, "A. Operator", why="Not mine", purpose=Purpose.AUDIT)
    with pytest.raises(Denied):
        trail.reveal(again, referral, asker=other)
    again.database.close()


def test_a_system_is_given_its_letters_as_long_as_the_rules_let_it(worked: Worked) -> None:
    folder, made = worked
    assert Doors(made).may_fetch("police")
    own_rules(folder, made, without="own-letters")
    again = open_hub(folder.config, {})
    doors = Doors(again)
    assert not doors.may_fetch("police")
    for agency in ("police", "police", "school"):
        doors.refused(agency)
    denied = facts(again, AccessDenied)
    assert [(one.who, one.access.agency) for one in denied] == [(None, "police"), (None, "school")]
    again.database.close()


def test_the_monitor_shows_nobody_what_the_rules_show_nobody(worked: Worked) -> None:
    folder, made = worked
    assert Doors(made).shows_health()
    own_rules(folder, made, without="health")
    again = open_hub(folder.config, {})
    assert not Doors(again).shows_health()
    again.database.close()
    answer = CliRunner().invoke(main, ["status", "--config", str(folder.config)])
    assert (answer.exit_code, "no access rule lets them" in answer.output) == (1, True)
