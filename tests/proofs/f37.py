"""F37: once a case is erased nothing of it can be recovered, and the record still verifies.

Invented words are planted in everything that is said of a child. After the erasure every value of
every table is searched for them: as it lies there, opened by the key that its row names, and opened
by every other key that the hub still has where it begins as text does then, or what is packed,
whatever it is bound to. So is every file, also for what is left of the destroyed keys. Another
child is kept, so that the search is seen to find what is there.
"""

from __future__ import annotations

import json
import re
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from click.testing import CliRunner
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR, ECB
from sqlalchemy import select

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import answer
from ops.demo.simulation.stream import batches, sample_lines
from ops.linkage.arrivals import notification_event
from ops.run.wiring import Hub, open_hub, store_file
from stores import trail
from stores.database import Database
from stores.tables import METADATA, keys
from stores.vault import DataKey
from tests.support.canaries import Aviary
from tests.support.filled import empty_hub, send

BY_TWO = ("--who", "B. Records", "--and", "C. Caldicott", "--why", "a proof", "--though-open")
CONTROLS = ("keys", "list")
Says = Callable[[str], None]
"""Called with what is done now."""
_NARRATIVE = "Child disclosed that they were hit at home. Immediate danger. Seen with"


_NONCE, _BLOCK, _TAG = 12, 16, 16
_SHORTEST = _NONCE + _BLOCK + _TAG
"""Less than a block is shorter than any canary."""
_FIRST = (2).to_bytes(4)
"""With which AES-GCM counts the first block of what it seals."""
_BEGINS = re.compile(rb"[\t\n\r -~]{8}|\x78[\x01\x5e\x9c\xda]")
"""Text, or what zlib packed; by chance one block in two thousand does."""


def _nobody(_: str) -> None:
    pass


@dataclass(slots=True)
class Child:
    """An invented child of whom several agencies tell, each word of it a canary."""

    name: str
    birth: str
    aviary: Aviary = field(default_factory=Aviary)

    def record(self, number: int, agency: str, *, reference: str = "") -> dict[str, Any]:
        """A notification in the sample's form."""
        planted = self._planted
        return {
            "notification_id": f"{self.name}-{number}",
            "source_agency": agency,
            "source_reference": reference or f"REF-{self.name}-{number}",
            "observed_at": f"2026-05-{number + 1:02d}T10:00:00Z",
            "given_name": planted("given name"),
            "middle_names": [planted("middle name")],
            "family_name": planted("family name"),
            "alias_names": [],
            "date_of_birth": self.birth,
            "dob_estimated": False,
            "expected_date_of_birth": None,
            "sex": "female",
            "nhs_number": None,
            "upn": planted("upn"),
            "address_lines": [planted("house"), planted("street"), planted("town")],
            "postcode": "LS99 9ZZ",
            "phone": None,
            "guardians": [
                {
                    "relation": "mother",
                    "name": f"{planted('mother')} {planted('family name')}",
                    "date_of_birth": "1990-01-01",
                }
            ],
            "narrative": f"{_NARRATIVE} {planted(f'narrative {number}')}.",
        }

    def answered(self, letter: dict[str, Any]) -> dict[str, Any] | None:
        """The simulated answer, with canaries in what people write."""
        made = answer(letter)
        if made is None:
            return None
        data = made["data"]
        for name in ("rationale", "reason"):
            if data.get(name):
                data[name] = f"Thought of {self._planted(name)}."
        for item in data.get("items", ()):
            item["text"] = f"Seen with {self._planted('text of an item')} at home."
        return dict(made)

    def _planted(self, name: str) -> str:
        return self.aviary.plant(f"{name} of {self.name}")


@dataclass(frozen=True, slots=True)
class Worked:
    """A stopped hub that has heard of both children; the cases of each, and all keys as they were
    wrapped then.
    """

    folder: DemoFolder
    erased: Child
    kept: Child
    case_id: str
    wrapped: dict[str, bytes]


def work(path: Path, *, others: int, says: Says = _nobody) -> Worked:
    """Have a hub hear of the children, and of so many others, and everybody answer."""
    erased, kept = Child("erased", "2015-02-03"), Child("kept", "2011-09-21")
    folder, hub = empty_hub(path)
    for sent, (agency, events) in enumerate(batches(sample_lines(others), 50)):
        says(f"telling of others: {sent} batches")
        send(hub, agency, events)
    for child in (erased, kept):
        for number, agency in enumerate(("police", "gp", "health_visiting")):
            send(hub, agency, [notification_event(child.record(number, agency))])
        again = child.record(1, "gp") | {"notification_id": f"{child.name}-again"}
        send(hub, "gp", [notification_event(again)])
        refused = child.record(3, "police", reference=f"REF-{child.name}-0")
        send(hub, "police", [notification_event(refused | {"given_name": 7})])
        _drop(hub, folder, child)
    hub.embedded().drain()
    answered = 0
    while count := _answer(hub, (erased, kept)):
        answered += count
        says(f"answering: {answered} letters")
        hub.embedded().drain()
    case_id = _case_of(hub, erased)
    wrapped = _wrapped(hub.database)
    hub.database.close()
    return Worked(folder, erased, kept, case_id, wrapped)


def prove(
    path: Path, *, others: int = 20, without: str | None = None, says: Says = _nobody
) -> dict[str, Any]:
    """Hold, erase, search; put the store of before back, start, and search again."""
    with ExitStack() as dropped:
        if without == "keys":
            dropped.enter_context(patch("stores.erasing._destroy_keys", lambda *_: None))
        return _proved(path, others=others, listed=without != "list", says=says)


def _proved(path: Path, *, others: int, listed: bool, says: Says) -> dict[str, Any]:
    worked = work(path / "hub", others=others, says=says)
    folder, before = worked.folder, path / "before"
    shutil.copytree(folder.path, before)
    hold = told(folder, "hold", "add", worked.case_id, "--who", "B. Records", "--why", "an inquiry")
    refused = invoked(folder, "erase", worked.case_id, *BY_TWO).exit_code
    told(folder, "hold", "lift", hold["hold_id"], "--who", "B. Records", "--why", "it ended")
    erased = told(folder, "erase", worked.case_id, *BY_TWO)
    says("searching for what was erased")
    found = recoverable(worked)
    figures = {
        "hold_refused": refused == 1,
        "entries_erased": erased["entries"],
        "left": erased["left"],
        "recovered": len(found),
        "for_example": found[:3],
        "of_who_is_kept": len(read_of(worked.folder, worked.kept.aviary)),
        **verified(folder),
    }
    says("putting an older store back, and searching again")
    _put_back(worked, before, listed=listed)
    again = recoverable(worked)
    return figures | {"recovered_after_a_restore": len(again), "again_for_example": again[:3]}


def well(figures: dict[str, Any]) -> bool:
    """Whether nothing came back, and all else holds."""
    sound = figures["hold_refused"] and figures["erased_said"] and figures["of_who_is_kept"] > 0
    lost = figures["recovered"] or figures["recovered_after_a_restore"] or figures["flaws"]
    return bool(sound and not lost)


def recoverable(worked: Worked) -> list[str]:
    """Where anything of the erased child can still be read, or one of its keys still lies."""
    found = read_of(worked.folder, worked.erased.aviary)
    hub = open_hub(worked.folder.config, {})
    now = _wrapped(hub.database)
    hub.database.close()
    gone = {id_: raw for id_, raw in worked.wrapped.items() if id_ not in now}
    for path in _files(worked.folder):
        content = path.read_bytes()
        found += [f"the key {id_} in {path.name}" for id_, raw in gone.items() if raw in content]
    return found


def read_of(folder: DemoFolder, aviary: Aviary) -> list[str]:
    hub = open_hub(folder.config, {})
    found = [hit for place, plain in _plain(hub.database) for hit in aviary.found_in(place, plain)]
    hub.database.close()
    for path in _files(folder):
        found += aviary.found_in(path.name, path.read_bytes())
    return found


def _plain(database: Database) -> Iterator[tuple[str, bytes]]:
    """Every value of every table: as it is, and opened by whatever key opens it."""
    with database.view() as view:
        ids = view.connection.execute(select(keys.c.key_id)).scalars().all()
        held = view.vault.keys(view.connection, ids, create=False)
        for table in METADATA.sorted_tables:
            rows = view.connection.execute(select(table)).all()
            yield table.name, b"\n".join(_bytes(value) for row in rows for value in row)
            sealed = [
                (value, held.get(str(row._mapping.get("key_id"))))
                for row in rows
                for value in row
                if isinstance(value, bytes) and len(value) >= _SHORTEST
            ]
            plain = [_unpacked(_whole(one, key)) for one, key in sealed if key is not None]
            plain += opened([one for one, _ in sealed], list(held.values()))
            yield f"{table.name}, opened", b"\n".join(plain)


def opened(sealed: Sequence[bytes], held: Sequence[DataKey]) -> Iterator[bytes]:
    """Whatever is text or packed under one of these keys.

    What a value is bound to does not matter: its first block is opened without, those of all values
    at once.
    """
    counters = b"".join(one[:_NONCE] + _FIRST for one in sealed)
    blocks = int.from_bytes(b"".join(one[_NONCE : _NONCE + _BLOCK] for one in sealed))
    for key in held:
        stream = Cipher(AES(key.raw), ECB()).encryptor().update(counters)  # noqa: S305 - one block
        begun = (int.from_bytes(stream) ^ blocks).to_bytes(len(stream))
        for number, one in enumerate(sealed):
            if _BEGINS.match(begun, number * _BLOCK, (number + 1) * _BLOCK):
                yield _unpacked(_whole(one, key))


def _whole(sealed: bytes, key: DataKey) -> bytes:
    stream = Cipher(AES(key.raw), CTR(sealed[:_NONCE] + _FIRST)).decryptor()
    return stream.update(sealed[_NONCE:-_TAG])


def _unpacked(plain: bytes) -> bytes:
    try:
        return zlib.decompress(plain)
    except zlib.error:
        return plain


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _files(folder: DemoFolder) -> list[Path]:
    """All but what is not the hub's: what agencies' own programs have."""
    return [path for path in sorted(folder.path.rglob("*")) if path.is_file()]


def _drop(hub: Hub, folder: DemoFolder, child: Child) -> None:
    """A file that an agency dropped, as it lies once its records are recorded."""
    store = store_file(hub.settings, folder.path)
    assert store is not None
    done = store.parent / "work" / "police" / "done"
    done.mkdir(parents=True, exist_ok=True)
    (done / f"{child.name}.jsonl").write_text(json.dumps(child.record(0, "police")), "utf-8")


def _answer(hub: Hub, children: tuple[Child, Child]) -> int:
    count = 0
    for agency in hub.settings.agencies:
        letters = hub.queues.lease(agency, limit=500, seconds=60)
        made = [_answered(children, one.body) for one in letters]
        send(hub, agency, [one for one in made if one is not None])
        done = letters[: len(letters) - len(letters) // 10]  # some stay, as they do anywhere
        hub.queues.acknowledge(agency, [one.id for one in done])
        count += len(done)
    return count


def _answered(children: tuple[Child, Child], body: bytes) -> dict[str, Any] | None:
    """By whoever is asked about the child that the letter names, if it is one of these."""
    for child in children:
        if child.aviary.found_in("letter", body):
            return child.answered(json.loads(body))
    return answer(json.loads(body))


def _case_of(hub: Hub, child: Child) -> str:
    reference = f"police/REF-{child.name}-0"
    with hub.database.view() as view:
        entries = trail.about(view.connection, view.vault, wanted=reference)
    return next(one.message.data.of_case for one in entries if one.message.data.of_case)


def _wrapped(database: Database) -> dict[str, bytes]:
    living = select(keys.c.key_id, keys.c.wrapped).where(keys.c.wrapped.is_not(None))
    with database.reading() as connection:
        return {row.key_id: row.wrapped for row in connection.execute(living)}


def verified(folder: DemoFolder) -> dict[str, Any]:
    """What both commands say; one that refuses is a flaw."""
    done = [
        invoked(folder, *said, "--json") for said in (("replay", "--verify"), ("audit", "verify"))
    ]
    if any(one.exit_code for one in done):
        return {"erased_said": False, "flaws": 1, "leaves": 0}
    replayed, audited = (json.loads(one.stdout) for one in done)
    return {
        "erased_said": 0 < replayed["erased"] == replayed["erased_with_leaf"],
        "flaws": len(replayed["flaws"]) + len(audited["flaws"]),
        "leaves": audited["leaves"],
    }


def _put_back(worked: Worked, before: Path, *, listed: bool) -> None:
    """The store of before the erasure, as a backup has it, and the hub is started on it."""
    folder = worked.folder
    for name in ("hub.db", "hub.db-wal", "hub.db-shm"):
        (folder.path / name).unlink(missing_ok=True)
        if (before / name).exists():
            shutil.copy(before / name, folder.path / name)
    if not listed:
        for path in folder.path.rglob("erased.jsonl"):
            path.unlink()
    open_hub(folder.config, {}).database.close()


def told(folder: DemoFolder, *arguments: str) -> Any:
    done = invoked(folder, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def invoked(folder: DemoFolder, *arguments: str) -> Any:
    return CliRunner().invoke(main, [*arguments, "--config", str(folder.config)])
