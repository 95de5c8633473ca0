"""`hub audit export` writes a case with its proofs; `verify-export` looks at it without the hub."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.run.wiring import Hub
from schemas.access import Act
from schemas.operations import AccessDenied
from stores import linking
from stores.tree.growing import Growing
from stores.tree.keys import origin_of
from stores.tree.notes import Kind, SignerKey
from tests.support.erasing import destroy, keys_of_cases
from tests.support.filled import empty_hub, filled_hub
from tests.unit.ops.test_access import notified

ME = ("--who", "J. Auditor", "--why", "Crown Court T20267")
A_CASE = "SELECT subject FROM journal WHERE type = 'mash.case.child-linked.v1' ORDER BY position"

EXPORTS = "SELECT count(*) FROM journal WHERE type = 'mash.record.revealed.v1' AND subject = :c"


def audit(*command: str) -> Result:
    return CliRunner().invoke(main, ["audit", *command])


def sign(hub: Hub) -> None:
    """All that is committed has its leaf, and is signed."""
    growing = Growing(hub.database, origin_of(hub.settings.area))
    while growing.once():
        pass


def a_case(hub: Hub) -> str:
    with hub.database.reading() as connection:
        return str(connection.execute(text(A_CASE)).scalars().first())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoFolder, Hub, str]:
    """A hub that has worked, all of it signed, and a case of it."""
    folder, hub = filled_hub(tmp_path_factory.mktemp("hub") / "hub", notifications=3)
    sign(hub)
    return folder, hub, a_case(hub)


@pytest.fixture(scope="module")
def key(place: tuple[DemoFolder, Hub, str]) -> str:
    return audit("key", "--config", str(place[0].config)).stdout.strip()


@pytest.fixture(scope="module")
def bundle(
    place: tuple[DemoFolder, Hub, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("out") / "case.json"
    assert export(place[0], place[2], file).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    made: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return made


def export(folder: DemoFolder, case: str, file: Path) -> Result:
    return audit("export", case, "--config", str(folder.config), *ME, "--out", str(file))


def verified(tmp_path: Path, bundle: Any, key: str) -> tuple[int, dict[str, Any]]:
    file = tmp_path / "got.json"
    file.write_text(json.dumps(bundle), "utf-8")
    answer = audit("verify-export", str(file), "--key", key, "--json")
    return answer.exit_code, json.loads(answer.stdout or "{}")


def test_a_bundle_verifies_without_the_hub(
    tmp_path: Path, bundle: dict[str, Any], key: str
) -> None:
    code, told = verified(tmp_path, bundle, key)
    assert (code, told["amiss"], told["entries"]) == (0, [], len(bundle["entries"]))
    types = [one["entry"]["type"] for one in bundle["entries"]]
    assert types[0] == "mash.notification.received.v1"
    assert bundle["entries"][0]["content"]["notification"]["narrative"]


def flip(entry: dict[str, Any], name: str) -> None:
    raw = bytearray(base64.b64decode(entry[name]))
    raw[-1] ^= 1
    entry[name] = base64.b64encode(raw).decode()


ALTERED: dict[str, Callable[[dict[str, Any]], None]] = {
    "content": lambda one: one["content"].update(reference="another"),
    "no content": lambda one: one.update(content=None),
    "payload": lambda one: flip(one["entry"], "payload"),
    "digest": lambda one: flip(one["entry"], "digest"),
    "subject": lambda one: one["entry"].update(subject="another"),
    "time": lambda one: one["entry"].update(recorded_at=1),
    "position": lambda one: one.update(position=one["position"] + 1),
    "hash": lambda one: flip(one, "hash"),
    "rule": lambda one: one.update(hash_version=1),
    "leaf": lambda one: one.update(leaf=one["leaf"] + 1),
    "salt": lambda one: flip(one, "salt"),
    "proof": lambda one: one["proof"].pop(),
}


@pytest.mark.parametrize("what", ALTERED)
def test_whatever_is_altered_in_an_entry_is_named(
    tmp_path: Path, bundle: dict[str, Any], key: str, what: str
) -> None:
    changed = copy.deepcopy(bundle)
    ALTERED[what](changed["entries"][3])
    code, told = verified(tmp_path, changed, key)
    (amiss,) = told["amiss"]
    assert (code, bundle["entries"][3]["entry"]["message_id"] in amiss) == (1, True)


def test_another_key_or_checkpoint_verifies_nothing(
    tmp_path: Path, bundle: dict[str, Any], key: str
) -> None:
    other = str(SignerKey(key.partition("+")[0], Kind.NOTE, bytes(32)).verifier)
    assert verified(tmp_path, bundle, other)[0] == 1
    changed = bundle | {"checkpoint": bundle["checkpoint"].replace("\n", "\n1", 1)}
    assert verified(tmp_path, changed, key)[0] == 1


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "another"}'])
def test_what_is_no_bundle_is_refused_in_words(tmp_path: Path, content: str, key: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(content, "utf-8")
    answer = audit("verify-export", str(file), "--key", key)
    assert (answer.exit_code, "other.json is no bundle" in answer.output) == (1, True)
    answer = audit("verify-export", str(file), "--key", "nonsense")
    assert answer.exit_code == 2


def test_an_export_is_recorded_and_told_to_those_whose_messages_are_in_it(
    place: tuple[DemoFolder, Hub, str], bundle: dict[str, Any]
) -> None:
    _, hub, case = place
    with hub.database.reading() as connection:
        letters = "SELECT count(*) FROM letters WHERE type = 'mash.content-revealed.v1'"
        assert connection.execute(text(EXPORTS), {"c": case}).scalar_one() == 1
        assert connection.execute(text(letters)).scalar_one() > 0
    assert bundle["exported_by"] == ME[1]


def test_what_is_not_there_or_not_signed_yet_is_said_and_nothing_written(
    place: tuple[DemoFolder, Hub, str], bundle: dict[str, Any], tmp_path: Path
) -> None:
    folder, hub, case = place
    file = tmp_path / "case.json"
    answer = export(folder, "nonsense", file)
    assert (answer.exit_code, "nothing is recorded" in answer.output) == (1, True)
    answer = export(folder, case, file)  # by now that it was exported is about it, too
    assert (answer.exit_code, "under no signed checkpoint" in answer.output) == (1, True)
    assert not file.exists()
    sign(place[1])
    assert export(folder, case, file).exit_code == 0
    before = file.read_text("utf-8")
    sign(place[1])
    answer = export(folder, case, file)
    assert (answer.exit_code, "is there already" in answer.output) == (1, True)
    assert file.read_text("utf-8") == before
    with hub.database.reading() as connection:  # nobody got anything, so nothing is recorded
        assert connection.execute(text(EXPORTS), {"c": case}).scalar_one() == 2


def test_who_may_not_take_it_away_gets_nothing_and_that_is_recorded(
    place: tuple[DemoFolder, Hub, str], tmp_path: Path
) -> None:
    folder, hub, case = place
    file = tmp_path / "case.json"
    for who in ("D. Manager", "A. Operator", "X. Ample"):
        more = ("--who", who, *ME[2:], "--out", str(file))
        answer = audit("export", case, "--config", str(folder.config), *more)
        assert (answer.exit_code, file.exists()) == (1, False)
    with hub.database.reading() as connection:
        found = [*linking.every(connection, hub.database.vault, type_=AccessDenied)]
    facts = (entry.message.data for entry in found)
    acts = [(one.record_id, one.act) for one in facts if isinstance(one, AccessDenied)]
    assert acts == [(case, Act.EXPORT)] * 3


@pytest.mark.parametrize(
    ("sharing", "masked"),
    [
        ({"sensitivity": "restricted"}, True),
        ({"may_be_revealed": False, "reason": "An informant", "signpost": True}, True),
        ({"may_be_revealed": False, "reason": "An informant", "signpost": False}, False),
    ],
    ids=["restricted", "signposted", "silent"],
)
def test_what_is_not_for_who_exports_is_not_in_it(
    tmp_path: Path, sharing: dict[str, Any], *, masked: bool
) -> None:
    folder, hub = empty_hub(tmp_path / "hub")
    notified(hub, sharing=sharing)
    sign(hub)
    file = tmp_path / "case.json"
    answer = export(folder, a_case(hub), file)
    assert (answer.exit_code, "more are not in it" in answer.output) == (0, masked)
    written = file.read_text("utf-8")
    bundle = json.loads(written)
    assert "Told of in the narrative." not in written
    assert bool(bundle["masked"]) is masked
    received = "mash.notification.received.v1"
    assert received not in {one["entry"]["type"] for one in bundle["entries"]}
    printed = audit("key", "--config", str(folder.config)).stdout.strip()
    code, told = verified(tmp_path, bundle, printed)
    assert (code, told["amiss"], told["masked"]) == (0, [], len(bundle["masked"]))


def test_what_was_erased_is_proven_and_says_nothing(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=1)
    case = a_case(hub)
    destroy(hub.database, keys_of_cases(hub.database))
    sign(hub)
    file = tmp_path / "case.json"
    assert export(folder, case, file).exit_code == 0
    printed = audit("key", "--config", str(folder.config)).stdout.strip()
    code, told = verified(tmp_path, json.loads(file.read_text("utf-8")), printed)
    assert (code, told["erased"] > 0) == (0, True)
