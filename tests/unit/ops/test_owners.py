"""`hub config check` about owners: who decides for them, and what they release beforehand."""

from __future__ import annotations

import base64
import datetime as dt
from hashlib import sha256
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from click.testing import CliRunner

from ops.cli import main
from ops.run.checking import check
from ops.run.configuration import read_settings
from ops.run.owners import nobody_signs
from schemas.keys import KeyChoice
from stores import cursors, journal
from tests.contract.test_registered import Administrator
from tests.support import given
from tests.support.filled import empty_hub
from tests.support.signing import Signer

SIGNED = (
    'agreement = { reference = "ISA-2026", signatory = "Borough Commander", '
    "since = 2026-04-01, signposts = true }"
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """What `hub config init` writes."""
    path = tmp_path / "hub.toml"
    assert CliRunner().invoke(main, ["config", "init", str(path)]).exit_code == 0
    return path


def edited(path: Path, old: str, new: str) -> str:
    """The faults once this stands in place of that."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return "\n".join(map(str, check(path, {}, today=dt.date(2026, 6, 10)).faults))


def releasing(recipient: str, purpose: str, *, text: str = f'text_sha256 = "{"a" * 64}", ') -> str:
    """An agreement that releases something beforehand."""
    part = (
        f'{{ recipients = ["{recipient}"], purposes = ["{purpose}"], since = 2026-04-01, '
        'decided_by = "Borough Commander", reason = "A Red is acted on at once" }'
    )
    return SIGNED.replace(" }", f", {text}standing_release = [ {part} ] }}")


@pytest.mark.parametrize(
    ("recipient", "purpose", "told"),
    [
        ("csc_dutyteam", "section 47 enquiry", "csc_dutyteam is not configured"),
        ("gp", "section 47 enquiry", "no product goes to gp for 'section 47 enquiry'"),
        ("csc_duty_team", "section 74", "no product goes to csc_duty_team for 'section 74'"),
    ],
)
def test_a_standing_release_to_nobody_is_a_fault(
    written: Path, recipient: str, purpose: str, told: str
) -> None:
    found = edited(written, SIGNED, releasing(recipient, purpose))
    assert f"agencies.police.agreement.standing_release: {told}" in found


def test_a_standing_release_needs_the_text_that_was_signed(written: Path) -> None:
    signed = releasing("csc_duty_team", "section 47 enquiry")
    assert edited(written, SIGNED, signed) == ""
    unsigned = releasing("csc_duty_team", "section 47 enquiry", text="")
    assert "agencies.police.agreement: releases something" in edited(written, signed, unsigned)


def test_a_standing_release_by_an_operators_line_is_named_with_what_to_do_instead(
    written: Path,
) -> None:
    line = """[[agencies.police.standing_release]]
recipient = "csc_duty_team"
purpose = "section 47 enquiry"
decided_by = "Somebody"
reason = "A Red is acted on at once"

"""
    below = "[agencies.csc_assessment_team]"
    found = edited(written, below, line + below)
    assert "agencies.police.standing_release: releases nothing: only the owner does" in found
    assert "mash.standing-release.v1" in found


def test_an_agency_that_owns_items_and_for_which_nobody_decides_is_a_fault(written: Path) -> None:
    found = edited(written, 'decision_makers = ["MASH sergeant"]', "")
    assert "agencies.police.decision_makers: is missing" in found


def test_the_samples_agreements_are_about_the_text_that_ships_beside_them() -> None:
    text = (files("ops.sample") / "ISA-2026.txt").read_bytes()
    with as_file(files("ops.sample") / "hub.toml") as path:
        agencies = read_settings(path, {}).agencies.values()
    told = [one.agreement for one in agencies if one.agreement and one.agreement.standing_release]
    assert {one.text_sha256 for one in told} == {sha256(text).hexdigest()}
    assert all(agency.decision_makers for agency in agencies if agency.mapping)


def with_keys(*named: str) -> str:
    """An agreement with one public key, said to be of all of these."""
    public = "A" * 43 + "="
    told = ", ".join(
        f'{{ decided_by = "{name}", public = "{public}", since = 2026-01-01T00:00:00Z }}'
        for name in named
    )
    return SIGNED.replace(" }", f", keys = [{told}] }}")


def test_an_agency_that_signs_nothing_is_warned_of(written: Path) -> None:
    edited(written, SIGNED, SIGNED.replace(" }", ", unsigned_until = 2026-12-31 }"))
    where = "agencies.police.agreement"
    before, after = (
        [one.what for one in nobody_signs(settings, today=day) if one.where == where]
        for settings in [read_settings(written, {})]
        for day in (dt.date(2026, 12, 31), dt.date(2027, 1, 1))
    )
    assert "unsigned until 2026-12-31" in before[0]
    assert "has no keys" in after[0]


def test_a_key_is_of_one_person_who_decides(written: Path) -> None:
    found = edited(written, SIGNED, with_keys("Somebody"))
    assert "Somebody is no decision maker of the agency" in found
    shared = edited(written, with_keys("Somebody"), with_keys("MASH sergeant", "Borough Commander"))
    assert "a key is said to be of two people" in shared
    alone = edited(
        written, with_keys("MASH sergeant", "Borough Commander"), with_keys("MASH sergeant")
    )
    assert "agreement.keys" not in alone


def test_a_key_in_two_spellings_is_of_two_people_all_the_same(written: Path) -> None:
    raw = bytes(32)
    spki = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + raw).decode()
    passkey = 'passkey = { rp_id = "police.example", origins = ["https://police.example"] }'
    second = (
        f'{{ decided_by = "Borough Commander", public = "{spki}", '
        f"since = 2026-01-01T00:00:00Z, {passkey} }}"
    )
    both = with_keys("MASH sergeant").replace("}]", f"}}, {second}]")
    assert "a key is said to be of two people" in edited(written, SIGNED, both)


def test_what_an_administrator_said_who_is_none_any_more_is_named(tmp_path: Path) -> None:
    """That their registrations count no more should surprise nobody."""
    folder, hub = empty_hub(tmp_path / "hub")
    head, one, other = Administrator("school"), Signer("school"), Signer("school")
    told = [head.says(KeyChoice.REGISTER, one), head.says(KeyChoice.REVOKE, other)]
    messages = [given.message(fact, at=dt.datetime.now(dt.UTC)) for fact in told]
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, "put")
        journal.append(transaction, cursor, messages=messages)
        cursors.store(transaction, cursor)
    hub.database.close()
    assert gone(folder.config) == [
        "agencies.school.agreement.administrators no longer has who registered 1 keys, which do "
        "not count any more, and ended or revoked 1, which stay ended"
    ]
    key = head.key()
    table = (
        "[[agencies.school.agreement.administrators]]\n"
        f'decided_by = "{key.decided_by}"\npublic = "{key.public}"\nsince = 2020-01-01T00:00:00Z\n'
    )
    with folder.config.open("a", encoding="utf-8") as file:
        file.write(f"\n{table}")
    assert gone(folder.config) == []


def gone(config: Path) -> list[str]:
    found = check(config, {}, today=dt.date(2026, 6, 10)).warnings
    return [f"{one.where} {one.what}" for one in found if "no longer has" in one.what]
