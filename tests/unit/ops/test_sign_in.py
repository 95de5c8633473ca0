"""Commands act as somebody who has shown who they are."""

from __future__ import annotations

import datetime as dt
import os
import pwd
import re
import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ops.access import accounts, attempts, passphrases, proving
from ops.access.acting import asker
from ops.access.proving import NotProven
from ops.access.sessions import Known, Sessions, name_of, own_file, sessions_of
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.look.dead_letters import some
from ops.look.reading import Reader, open_reader
from ops.run.checking import check
from schemas.access import Proof, Role
from schemas.operations import (
    AccessDenied,
    DeadLetterDiscarded,
    DeadLetterRevealed,
    PersonSignedIn,
    PersonSignedOut,
    SignInRefused,
)
from stores import linking
from tests.proofs.place import everybody_signed_in
from tests.support.dead_letters import bad_type, bury
from tests.support.filled import empty_hub

Worked = tuple[DemoFolder, Reader]
OPERATOR = "A. Operator"
SECRET = "a heron waits for rain"
WHY = ("--why", "to mend the date")
TODAY = dt.date(2026, 11, 27)


@pytest.fixture(autouse=True)
def _own_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_SESSIONS", str(tmp_path / "own"))
    seen_as(os.getuid(), monkeypatch, tmp_path)


def seen_as(number: int, monkeypatch: pytest.MonkeyPatch, folder: Path, *, login: int = 7) -> None:
    """Whom the machine saw log in; ``2**32 - 1``: nobody."""
    for name, value in (("_LOGIN", number), ("_SESSION", login)):
        kept = folder / f"{name}-{value}"
        kept.write_text(str(value), "ascii")
        monkeypatch.setattr(accounts, name, kept)


def opened(folder: DemoFolder) -> Reader:
    return open_reader(folder.config, {}, reads_only=False)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> DemoFolder:
    """A hub that is stopped, with a dead letter in it. Copy it."""
    folder, made = empty_hub(tmp_path_factory.mktemp("made") / "hub")
    bury(made, bad_type())
    made.database.close()
    return folder


@pytest.fixture
def worked(made_once: DemoFolder, tmp_path: Path) -> Iterator[Worked]:
    folder = DemoFolder(tmp_path / "hub")
    shutil.copytree(made_once.path, folder.path)
    made = opened(folder)
    yield folder, made
    made.database.close()


def hub(folder: DemoFolder, *arguments: str, typed: str | None = None) -> Result:
    at = 1 if arguments[0].startswith("sign") else 2
    words = [*arguments[:at], "--config", str(folder.config), *arguments[at:]]
    return CliRunner().invoke(main, words, input=typed)


def facts(made: Reader, type_: type[Any]) -> list[Any]:
    with made.database.reading() as connection:
        found = linking.every(connection, made.database.vault, type_=type_)
        return [entry.message.data for entry in found]


def dead_letter(made: Reader) -> str:
    (letter,) = some(made)
    return str(letter["id"])


def put(folder: DemoFolder, who: str, line: str) -> None:
    """How this person shows who they are, in the place of what it is."""
    head, *people = folder.config.read_text("utf-8").split("[[people]]\n")
    changed = [
        re.sub(r"(?m)^account = .*$", line, one, count=1) if f'name = "{who}"' in one else one
        for one in people
    ]
    assert changed != people
    folder.config.write_text("[[people]]\n".join((head, *changed)), "utf-8")


def looks(folder: DemoFolder, id_: str) -> Result:
    return hub(folder, "dead-letters", "show", id_, "--reveal", "--who", OPERATOR, *WHY)


def mends(folder: DemoFolder, id_: str) -> Result:
    return hub(folder, "dead-letters", "discard", id_, "--who", OPERATOR, *WHY)


# By the account of the machine


def test_a_name_alone_proves_nobody_and_what_to_write_is_said(worked: Worked) -> None:
    folder, made = worked
    id_ = dead_letter(made)
    put(folder, OPERATOR, "")
    answer = looks(folder, id_)
    assert answer.exit_code == 1
    assert f'account = "{accounts.account()}"' in answer.output
    assert "hub config passphrase" in answer.output
    assert facts(made, DeadLetterRevealed) == []
    (refused,) = facts(made, SignInRefused)
    assert (refused.reason, refused.account) == ("not_signed_in", accounts.account())
    assert OPERATOR not in refused.subject


def test_somebody_elses_account_is_not_ones_own(worked: Worked) -> None:
    folder, made = worked
    id_ = dead_letter(made)
    put(folder, OPERATOR, 'account = "somebody-else"')
    answer = mends(folder, id_)
    assert (answer.exit_code, "somebody-else" in answer.output) == (1, True)
    assert [one.reason for one in facts(made, SignInRefused)] == ["other_account"]


def test_what_is_recorded_says_how_it_was_proven(worked: Worked) -> None:
    folder, made = worked
    id_ = dead_letter(made)
    assert looks(folder, id_).exit_code == 0
    for person in made.settings.people:
        if person.name != OPERATOR:
            put(folder, person.name, 'account = "somebody-else"')
    assert looks(folder, id_).exit_code == 0
    proofs = [look.access.proven for look in facts(made, DeadLetterRevealed)]
    assert proofs == [Proof.SHARED_ACCOUNT, Proof.ACCOUNT]


def test_in_production_an_account_of_several_people_proves_none_of_them(
    worked: Worked, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, made = worked
    monkeypatch.setattr(proving, "is_production", lambda _: True)
    with pytest.raises(NotProven, match="several people"):
        asker(made, OPERATOR)
    assert [one.reason for one in facts(made, SignInRefused)] == ["shared_account"]


def test_an_account_of_which_nobody_saw_a_login_is_recorded_as_such_and_in_production_is_none(
    worked: Worked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, made = worked
    seen_as(2**32 - 1, monkeypatch, tmp_path)
    for person in made.settings.people:
        if person.name != OPERATOR:
            put(folder, person.name, 'account = "somebody-else"')
    again = opened(folder)
    assert asker(again, OPERATOR).proven is Proof.PROCESS_ACCOUNT
    monkeypatch.setattr(proving, "is_production", lambda _: True)
    with pytest.raises(NotProven, match="saw nobody log in"):
        asker(again, OPERATOR)
    assert [one.reason for one in facts(again, SignInRefused)] == ["no_login"]
    again.database.close()


def test_what_was_decided_says_how_it_was_proven(worked: Worked) -> None:
    folder, made = worked
    assert mends(folder, dead_letter(made)).exit_code == 0
    assert [one.proven for one in facts(made, DeadLetterDiscarded)] == [Proof.SHARED_ACCOUNT]


def test_who_has_left_does_not_share_an_account_any_more(
    worked: Worked, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, made = worked
    monkeypatch.setattr(proving, "is_production", lambda _: True)
    for person in made.settings.people:
        if person.name != OPERATOR:
            put(folder, person.name, f'account = "{accounts.account()}"\nuntil = 2020-12-31')
    again = opened(folder)
    assert asker(again, OPERATOR).proven is Proof.ACCOUNT
    again.database.close()
    assert "people" not in {fault.where for fault in check(folder.config, {}, today=TODAY).warnings}


def test_in_production_everybody_at_one_terminal_may_have_signed_in(
    worked: Worked, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = worked
    monkeypatch.setattr(proving, "is_production", lambda _: True)
    monkeypatch.setenv("HUB_SESSIONS", str(everybody_signed_in(folder)))
    made = opened(folder)
    for person in made.settings.people:
        found = asker(made, person.name)
        assert (found.proven, found.recent) == (Proof.PASSPHRASE, True)
    made.database.close()


def test_the_check_says_who_cannot_act_and_who_cannot_be_told_apart(worked: Worked) -> None:
    folder, _ = worked
    put(folder, OPERATOR, "")
    warned = {fault.where: fault for fault in check(folder.config, {}, today=TODAY).warnings}
    assert "people[0]" in warned
    assert "D. Manager, J. Auditor" in warned["people"].what
    assert accounts.account() in warned["people"].what
    put(folder, "D. Manager", 'passphrase = "typed by hand"')
    found = check(folder.config, {}, today=TODAY)
    assert "people[2].passphrase" in {fault.where for fault in found.faults}


def test_who_became_another_account_is_who_logged_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "loginuid"
    monkeypatch.setattr(accounts, "_LOGIN", kept)
    monkeypatch.setattr("os.getuid", lambda: 0)
    assert accounts.account() == "root"
    kept.write_text("4294967295")
    assert accounts.account() == "root"
    kept.write_text("1")
    assert accounts.account() == pwd.getpwuid(1).pw_name
    kept.write_text("4000000000")
    assert accounts.account() == "4000000000"


# By a passphrase


@pytest.fixture
def with_passphrase(worked: Worked, monkeypatch: pytest.MonkeyPatch) -> Worked:
    monkeypatch.setattr(passphrases, "_COST", 2**4)
    put(worked[0], OPERATOR, f'passphrase = "{passphrases.made_of(SECRET)}"')
    return worked


def signs_in(folder: DemoFolder, *, typed: str = SECRET, who: str = OPERATOR) -> Result:
    return hub(folder, "sign-in", "--who", who, typed=f"{typed}\n")


def test_who_signed_in_acts_until_they_sign_out(with_passphrase: Worked) -> None:
    folder, made = with_passphrase
    id_ = dead_letter(made)
    assert "hub sign-in" in looks(folder, id_).output
    answer = signs_in(folder)
    assert (answer.exit_code, OPERATOR in answer.output) == (0, True)
    assert SECRET not in answer.output
    assert looks(folder, id_).exit_code == 0
    assert facts(made, DeadLetterRevealed)[0].access.proven is Proof.PASSPHRASE
    assert hub(folder, "sign-out").exit_code == 0
    assert looks(folder, id_).exit_code == 1
    (begun,), (ended,) = facts(made, PersonSignedIn), facts(made, PersonSignedOut)
    assert (begun.who, begun.session) == (ended.who, ended.session)


def test_who_signs_in_again_has_another_session_and_not_the_older_one(
    with_passphrase: Worked, tmp_path: Path
) -> None:
    folder, made = with_passphrase
    signs_in(folder)
    first = (tmp_path / "own").read_text("ascii")
    signs_in(folder)
    second = (tmp_path / "own").read_text("ascii")
    assert len({first, second}) == 2
    sessions = sessions_of(made.settings, folder.path)
    assert (sessions.find(first), sessions.find(second) is None) == (None, False)


def test_a_session_opens_no_other_name(with_passphrase: Worked) -> None:
    folder, made = with_passphrase
    put(folder, "J. Auditor", 'account = "somebody-else"')
    signs_in(folder)
    id_ = dead_letter(made)
    other = ("--who", "J. Auditor", *WHY)
    assert hub(folder, "dead-letters", "show", id_, "--reveal", *other).exit_code == 1


def test_two_people_sign_in_at_one_terminal(with_passphrase: Worked) -> None:
    folder, _ = with_passphrase
    put(folder, "J. Auditor", f'passphrase = "{passphrases.made_of(SECRET)}"')
    signs_in(folder)
    signs_in(folder, who="J. Auditor")
    again = opened(folder)
    for who in (OPERATOR, "J. Auditor"):
        assert asker(again, who).proven is Proof.PASSPHRASE
    again.database.close()


def test_who_is_taken_out_of_the_configuration_or_gets_another_role_has_it_at_once(
    with_passphrase: Worked,
) -> None:
    folder, _ = with_passphrase
    signs_in(folder)
    text = folder.config.read_text("utf-8")
    folder.config.write_text(text.replace('["operations"]', '["researcher"]'), "utf-8")
    again = opened(folder)
    assert asker(again, OPERATOR).roles == {Role.RESEARCHER}
    again.database.close()
    folder.config.write_text(text.replace('"A. Operator"', '"B. Operator"'), "utf-8")
    again = opened(folder)
    assert asker(again, OPERATOR).roles == frozenset()
    again.database.close()


@pytest.mark.parametrize("instead", ["another", "none"])
def test_who_gets_another_passphrase_or_none_has_to_sign_in_anew(
    with_passphrase: Worked, instead: str
) -> None:
    folder, made = with_passphrase
    id_ = dead_letter(made)
    signs_in(folder)
    assert looks(folder, id_).exit_code == 0
    other = f'passphrase = "{passphrases.made_of(SECRET)}"' if instead == "another" else ""
    text = folder.config.read_text("utf-8")
    folder.config.write_text(re.sub(r"(?m)^passphrase = .*$", other, text), "utf-8")
    answer = looks(folder, id_)
    assert (answer.exit_code, SECRET in answer.output) == (1, False)


def test_what_one_person_does_keeps_no_session_of_anothers_open(
    with_passphrase: Worked, tmp_path: Path
) -> None:
    folder, made = with_passphrase
    put(folder, "J. Auditor", f'passphrase = "{passphrases.made_of(SECRET)}"')
    signs_in(folder, who="J. Auditor")
    (token,) = (tmp_path / "own").read_text("ascii").split()
    path, ago = folder.path / "sessions" / name_of(token), time.time() - 60
    os.utime(path, times=(ago, ago))
    signs_in(folder)
    assert looks(folder, dead_letter(made)).exit_code == 0
    assert path.stat().st_mtime == pytest.approx(ago, abs=1)
    again = opened(folder)
    assert asker(again, "J. Auditor").proven is Proof.PASSPHRASE
    again.database.close()
    assert path.stat().st_mtime > ago + 50


def test_who_guesses_is_slowed_and_recorded_until_it_is_right(
    with_passphrase: Worked, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = with_passphrase
    made, waited = opened(folder), list[float]()
    monkeypatch.setattr("time.sleep", waited.append)
    for _ in range(3):
        with pytest.raises(NotProven, match="belong together"):
            proving.by_passphrase(made, OPERATOR, "a heron waits for sun")
    assert waited == [0.25, 0.5]
    with pytest.raises(NotProven):
        proving.by_passphrase(made, "J. Auditor", SECRET)
    assert waited == [0.25, 0.5]
    refused = facts(made, SignInRefused)
    assert [one.reason for one in refused] == ["wrong_passphrase"] * 4
    assert len({one.subject for one in refused}) == 2
    known = proving.by_passphrase(made, OPERATOR, SECRET)
    assert (known.proven, waited) == (Proof.PASSPHRASE, [0.25, 0.5, 1.0])
    made.database.close()


def test_who_guesses_from_another_account_keeps_nobody_waiting(
    with_passphrase: Worked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, _ = with_passphrase
    made, waited = opened(folder), list[float]()
    monkeypatch.setattr("time.sleep", waited.append)
    with pytest.raises(NotProven):
        proving.by_passphrase(made, OPERATOR, "a heron waits for sun")
    with attempts.one_at_a_time(folder.path / "sessions", OPERATOR):
        seen_as(1, monkeypatch, tmp_path)
        found = list[Known]()
        other = partial(proving.by_passphrase, made, OPERATOR, SECRET)
        at_work = Thread(target=lambda: found.append(other()), daemon=True)
        at_work.start()
        at_work.join(30)
        assert [one.proven for one in found] == [Proof.PASSPHRASE]
    assert waited == []
    made.database.close()


def test_who_logs_in_with_the_same_account_comes_upon_no_session_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUB_SESSIONS")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    here = Sessions(tmp_path / "sessions", idle=dt.timedelta(1), longest=dt.timedelta(1))
    paths = set()
    for login in (7, 8, 2**32 - 1):
        seen_as(1, monkeypatch, tmp_path, login=login)
        assert own_file(here, "daemon") == own_file(here, "daemon")
        paths.add(own_file(here, "daemon").path)
    assert len(paths) == 3


def test_what_is_typed_in_place_of_a_name_stands_nowhere(with_passphrase: Worked) -> None:
    folder, made = with_passphrase
    assert signs_in(folder, who=SECRET, typed="x").exit_code == 1
    (refused,) = facts(made, SignInRefused)
    assert (refused.person_id, SECRET in refused.model_dump_json()) == ("unknown", False)


def test_a_passphrase_is_made_by_whose_it_is(tmp_path: Path) -> None:
    made = CliRunner().invoke(main, ["config", "passphrase"], input=f"{SECRET}\n{SECRET}\n")
    kept = re.findall(r'passphrase = "(.*)"', made.stdout)[0]
    assert (SECRET in made.output, passphrases.is_right(SECRET, kept)) == (False, True)
    assert not passphrases.is_right(f"{SECRET}.", kept)
    short = CliRunner().invoke(main, ["config", "passphrase"], input="short\nshort\n")
    assert short.exit_code == 1


@pytest.mark.parametrize("kept", ["", "scrypt:15:AAAA:AAAA", f"scrypt:{2**30}:AAAA:AAAA", "x:y"])
def test_what_is_no_passphrases_opens_nothing(kept: str) -> None:
    assert not passphrases.is_sound(kept)
    assert not passphrases.is_right("", kept)


# How long


class Clock:
    def __init__(self) -> None:
        self.at = dt.datetime(2026, 11, 27, 9, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.at

    def later(self, **time: float) -> None:
        self.at += dt.timedelta(**time)


def known(clock: Clock) -> Known:
    return Known(
        who=OPERATOR,
        agency="police",
        roles=(Role.OPERATIONS,),
        proven=Proof.PASSPHRASE,
        proven_at=clock(),
    )


def test_a_session_ends_after_a_while_without_use_and_after_a_day_of_use(tmp_path: Path) -> None:
    clock = Clock()
    sessions = Sessions(
        tmp_path / "s", dt.timedelta(minutes=30), dt.timedelta(hours=10), clock=clock
    )
    token, _ = sessions.begin(known(clock))
    for _ in range(24):
        clock.later(minutes=25)
        assert (sessions.find(token) is not None) is (clock.at.hour < 19)
    token, _ = sessions.begin(known(clock))
    assert len(list((tmp_path / "s").iterdir())) == 1
    clock.later(minutes=30)
    assert sessions.find(token) is None
    assert list((tmp_path / "s").iterdir()) == []


def test_what_the_hub_keeps_of_a_session_opens_none(tmp_path: Path) -> None:
    clock = Clock()
    sessions = Sessions(tmp_path / "s", dt.timedelta(1), dt.timedelta(1), clock=clock)
    token, _ = sessions.begin(known(clock))
    (path,) = (tmp_path / "s").iterdir()
    assert sessions.find(path.name) is None
    assert token not in path.read_text("utf-8") + path.name
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_who_decides_has_to_have_signed_in_a_short_while_ago(
    with_passphrase: Worked, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, made = with_passphrase
    id_ = dead_letter(made)
    signs_in(folder)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=15)
    monkeypatch.setattr("ops.access.acting.now", lambda: later)
    assert looks(folder, id_).exit_code == 0
    answer = mends(folder, id_)
    assert (answer.exit_code, "--to-decide" in answer.output) == (1, True)
    assert facts(made, AccessDenied) == []
    monkeypatch.undo()
    monkeypatch.setenv("HUB_SESSIONS", str(folder.path.parent / "own"))
    assert mends(folder, id_).exit_code == 0
