"""`hub config` says everything that is wrong at once, and what it writes is right."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ops.cli import main
from ops.run.checking import check
from tests.support.filled import empty_hub

TODAY = dt.date(2026, 6, 10)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["config", *arguments])


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """What `hub config init` writes."""
    path = tmp_path / "hub.toml"
    assert run("init", str(path)).exit_code == 0
    return path


def edited(path: Path, old: str, new: str) -> Path:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


def faults(path: Path, **environment: str) -> str:
    return "\n".join(map(str, check(path, environment, today=TODAY).faults))


def warnings(path: Path, *, today: dt.date = TODAY) -> str:
    return "\n".join(map(str, check(path, {}, today=today).warnings))


def test_what_init_writes_has_no_faults(written: Path) -> None:
    assert faults(written) == ""


def test_what_init_writes_has_warnings_to_begin_with(written: Path) -> None:
    unreached, *others, people, key = check(written, {}, today=TODAY).warnings
    unsigned = [one for one in others if "nothing that it approves can leave" not in one.what]
    assert unsigned == []
    assert people.where == "people"
    assert unreached.where == "agencies"
    assert "police_cait, school" in unreached.what
    assert key.where == "runtime.key_file"


def test_an_agreement_that_has_not_begun_is_to_be_awaited(written: Path) -> None:
    told = warnings(written, today=dt.date(2026, 3, 1))
    assert "has not begun" in told
    assert "wait until 2026-04-01, or correct `since`" in told
    assert "renew" not in told


def test_init_never_writes_over_a_file(written: Path) -> None:
    before = edited(written, "e08000999", "e08000001").read_text("utf-8")
    answer = run("init", str(written))
    assert (answer.exit_code, written.read_text("utf-8")) == (1, before)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'lead_agency = "childrens_social_care"',
            'lead_agency = "nobody"',
            "lead_agency: is not one of the agencies",
        ),
        ("batch = 200", "batch = 0", "runtime.batch"),
        ("sqlite:///", "postgres://", "no database that the hub knows"),
        ("port = 8080", "prot = 8080", "http.prot: is not a setting"),
        ("[agencies.gp]", "[agencies.gpx]", "gp is not configured"),
        ('mapping = "merlin-xml"', 'mapping = "merlin"', "there is no mapping merlin"),
        ('mapping = "merlin-xml"', 'mapping = "open-cases-csv"', "makes open-case"),
        (
            '# linkage_model = "default" ',
            'linkage_model = "best"',
            "linkage_model: best cannot be read",
        ),
        ("area =", "area", "is not TOML"),
    ],
)
def test_a_fault_is_named_with_where_it_is(written: Path, old: str, new: str, told: str) -> None:
    assert told in faults(edited(written, old, new))


def test_a_chain_that_leads_to_nobody_is_a_fault(written: Path) -> None:
    shipped = (files("ops.profiles") / "sample-borough.toml").read_text("utf-8")
    nobody = shipped.replace('reach = "01632 960102"', 'reach = "?", agency = "nobody"', 1)
    (written.parent / "own.toml").write_text(nobody, "utf-8")
    told = faults(edited(written, 'profile = "sample-borough"', 'profile = "own.toml"'))
    assert "chains.possible_red: nobody is not configured" in told


@pytest.mark.parametrize("clock", ["answer", "receipt", "check"])
def test_a_clock_that_goes_up_to_nobody_is_a_warning(written: Path, clock: str) -> None:
    with_check(written)
    assert "chains." not in warnings(written)
    shipped = (files("ops.profiles") / "sample-borough.toml").read_text("utf-8")
    without = re.sub(rf"^{clock} = \[$.*?^\]$", "", shipped, count=1, flags=re.M | re.S)
    (written.parent / "own.toml").write_text(without, "utf-8")
    edited(written, 'profile = "sample-borough"', 'profile = "own.toml"')
    assert f"chains.{clock}: is nobody" in warnings(written)


PLACE = (
    '[[places]]\nname = "Othershire"\npostcodes = ["ZZ8"]\nhub = "nobody"\ncontact = "01632 960300"'
)


@pytest.mark.parametrize(
    ("line", "instead", "where"),
    [
        ('next = [{ agency = "csc_assessment_team"', 'next = [{ agency = "nobody"', "colours.red"),
        ('default = "green"', 'default = "green"\ncase_system = "nobody"', "case_system"),
        ("\n[chains]\n", f"\n{PLACE}\n\n[chains]\n", "places.Othershire"),
    ],
    ids=["next recipient", "case system", "hub of another area"],
)
def test_whom_a_profile_names_is_a_partner_wherever_it_names_one(
    written: Path, line: str, instead: str, where: str
) -> None:
    """What nobody is there for would be kept back, or go nowhere, in silence."""
    shipped = (files("ops.profiles") / "sample-borough.toml").read_text("utf-8")
    assert line in shipped
    (written.parent / "own.toml").write_text(shipped.replace(line, instead, 1), "utf-8")
    told = faults(edited(written, 'profile = "sample-borough"', 'profile = "own.toml"'))
    assert f"{where}: nobody is not configured" in told


CHECKED = """
[[checks]]
system = "ics"
agency = "childrens_social_care"
kind = "ics"

[agencies.childrens_social_care]
"""
AGREED = (
    'since = 2026-04-01, checks = { basis = "Children Act 2004, section 11", since = 2026-04-01 } }'
)


def with_check(written: Path, old: str = "", new: str = "") -> Path:
    """A configuration with a check, one thing of it changed."""
    return edited(written, "[agencies.childrens_social_care]\n", CHECKED.replace(old, new))


def test_a_check_without_a_basis_in_the_agreement_is_a_warning(written: Path) -> None:
    with_check(written)
    assert faults(written) == ""
    told = "checks[0]: the agreement with childrens_social_care names no basis for checks today"
    assert told in warnings(written)
    edited(written, "since = 2026-04-01, signposts = true }", AGREED)
    assert "checks[0]" not in warnings(written)
    assert "checks[0]" in warnings(written, today=dt.date(2026, 3, 1)), "not yet"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('agency = "childrens_social_care"', 'agency = "csc"', "checks[0].agency: csc is not conf"),
        ('kind = "ics"', 'kind = "abacus"', "checks.0.kind: is not right"),
        ('kind = "ics"', 'kind = "ics"\ntold_on = true', "checks[0].told_on: is for a register"),
        (
            "[agencies.",
            '[[checks]]\nsystem = "ics"\nagency = "gp"\nkind = "health"\n\n[agencies.',
            "checks[1]: ics is named twice",
        ),
        ('kind = "ics"', 'kind = "ics"\ntime_allowed = { kind = "hours", hours = 0 }', "time_all"),
        ('system = "ics"', "", "checks.0.system: is missing"),
    ],
)
def test_a_check_that_cannot_be_is_a_fault(written: Path, old: str, new: str, told: str) -> None:
    assert told in faults(with_check(written, old, new))


@pytest.mark.parametrize(
    ("added", "told"),
    [
        ('mappings = ["ecaf-csv", "mais-reply-json"]', ""),
        ('mappings = ["sample-json"]', "name it under mapping"),
        ('mappings = ["open-cases-csv"]', "name it under open_cases"),
        ('mappings = ["nothing"]', "there is no mapping nothing"),
        ('plain = "mash.enquiry.v1"', ""),
        ('plain = "mash.enquiry.v9"', "plain: mash.enquiry.v9 is no type of message"),
    ],
)
def test_what_else_an_agency_sends_is_checked(written: Path, added: str, told: str) -> None:
    edited(written, "[agencies.gp]\n", f"[agencies.gp]\n{added}\n")
    found = faults(written)
    assert told in found
    assert bool(found) is bool(told)


def test_a_mapping_of_what_else_is_sent_does_not_stand_for_notifications(written: Path) -> None:
    edited(written, 'mapping = "merlin-xml"', 'mapping = "ecaf-csv"')
    assert "name it under mappings" in faults(written)


def test_a_purpose_is_not_both_permitted_and_left_to_a_human(written: Path) -> None:
    terms = 'since = 2026-04-01, enquiries = { permit = ["a", "b"], review = ["b"] } }'
    edited(written, "since = 2026-04-01, signposts = true }", terms)
    assert "'b' is both permitted and left to a human" in faults(written)


def test_all_faults_are_told_at_once(written: Path) -> None:
    edited(written, 'mapping = "merlin-xml"', 'mapping = "merlin"')
    edited(written, "[agencies.gp]", "[agencies.gpx]")
    assert len(check(written, {}, today=TODAY).faults) >= 2


def test_a_missing_secret_is_named_by_its_variable(written: Path) -> None:
    edited(
        written,
        'mapping = "merlin-xml"',
        'queue = { url_variable = "POLICE_BROKER", queue = "out" }',
    )
    assert "POLICE_BROKER" in faults(written)
    assert faults(written, POLICE_BROKER="memory://") == ""


@pytest.mark.parametrize(
    ("today", "told"),
    [
        (dt.date(2026, 3, 1), "has not begun"),
        (dt.date(2026, 12, 20), "ends on 2026-12-31"),
        (dt.date(2027, 1, 1), "has ended"),
    ],
)
def test_an_agreement_that_is_not_in_force_is_a_warning(
    written: Path, today: dt.date, told: str
) -> None:
    edited(
        written,
        '"Borough Commander", since = 2026-04-01',
        '"B", since = 2026-04-01, until = 2026-12-31',
    )
    assert f"agencies.police.agreement: {told}" in warnings(written, today=today)


def test_another_key_than_the_stores_is_refused_before_anything_is_sealed_with_it(
    tmp_path: Path,
) -> None:
    folder, _ = empty_hub(tmp_path / "hub")
    other = {"HUB_KEY": base64.b64encode(bytes(32)).decode()}
    for command in (["status"], ["run"], ["case", "any"], ["dead-letters", "list"]):
        answer = CliRunner().invoke(main, [*command, "--config", str(folder.config)], env=other)
        assert answer.exit_code == 1
        assert "is not the key of this store" in answer.stderr


def test_a_store_that_cannot_be_made_is_an_error_in_words(written: Path) -> None:
    (written.parent / "file").touch()
    store = {"HUB_STORE": f"sqlite:///{written.parent}/file/hub.db"}
    answer = CliRunner().invoke(main, ["run", "--config", str(written)], env=store)
    assert (answer.exit_code, answer.exception.__class__) == (1, SystemExit)
    assert f"{written.parent}/file cannot be used" in answer.stderr


def test_a_configuration_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (fault,) = check(tmp_path / "file" / "hub.toml", {}, today=TODAY).faults
    assert "cannot be read" in fault.what


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    answer = run("check", "--config", str(tmp_path / "hub.toml"))
    assert answer.exit_code == 1
    assert "hub config init" in answer.output


def test_the_command_says_it_as_json_too(written: Path) -> None:
    told: dict[str, Any] = json.loads(run("check", "--config", str(written), "--json").stdout)
    assert told["faults"] == []
    assert {"where", "what", "instead"} <= set(told["warnings"][0])


def test_checking_makes_nothing(written: Path) -> None:
    run("check", "--config", str(written))
    assert list(written.parent.iterdir()) == [written]


def test_a_token_comes_with_its_digest_and_is_never_the_same() -> None:
    first, second = (json.loads(run("token", "--json").stdout) for _ in range(2))
    assert first["token_sha256"] == sha256(first["token"].encode()).hexdigest()
    assert first != second


def test_the_last_token_that_ends_is_told_of_in_time(written: Path) -> None:
    head, _, rest = written.read_text("utf-8").partition("[agencies.police]\n")
    ends = 'tokens = [{ sha256 = "%s", until = 2026-12-01T00:00:00Z }%s]'

    def warned(more: str) -> set[str]:
        http = f"http = {{ {ends % ('0' * 64, more)} }}\n"
        written.write_text(f"{head}[agencies.police]\n{http}{rest}", "utf-8")
        found = check(written, {}, today=dt.date(2026, 11, 27)).warnings
        return {one.where for one in found if "token" in one.what}

    assert warned("") == {"agencies.police.http"}
    assert warned(f', {{ sha256 = "{"1" * 64}" }}') == set()


def test_a_token_that_never_ends_hides_no_certificate_that_does(written: Path) -> None:
    ends = f'{{ sha256 = "{"0" * 64}", until = 2026-12-01T00:00:00Z }}'
    never = f'{{ sha256 = "{"1" * 64}" }}'
    http = f"http = {{ tokens = [{never}], certificates = [{ends}] }}\n"
    edited(written, "[agencies.police]\n", f"[agencies.police]\n{http}")
    told = warnings(written, today=dt.date(2026, 11, 27))
    assert "the last certificate ends on 2026-12-01" in told
    assert "`hub config certificate`" in told


def test_certificates_want_tls_of_the_web_servers_own_with_its_files(written: Path) -> None:
    http = f'[agencies.police]\nhttp = {{ certificates = [{{ sha256 = "{"0" * 64}" }}] }}\n'
    edited(written, "[agencies.police]\n", http)
    assert "agencies.police.http: has certificates" in faults(written)
    tls = '[http]\ntls = { certificate = "h.pem", key = "h.key", clients = "ca.pem" }\n'
    edited(written, "[http]\n", tls)
    assert "has certificates" not in faults(written)
    assert "http.tls.clients: is not there" in faults(written)


def test_a_key_is_32_bytes() -> None:
    assert len(base64.b64decode(run("key").stdout)) == 32
