"""A witness cosigns what has grown from what it saw, and nothing else; each stands by itself."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from connectors.witness.asked import Accepted, Malformed, Refused, Request, judge
from connectors.witness.asking import Asking, WitnessDiffers, WitnessRefuses
from connectors.witness.folder import Folder, NoWitness
from connectors.witness.witness import PATH, Witness
from ops.look.record import claims_of, last_checkpoint
from ops.look.verify import verify
from stores import cursors, journal
from stores.database import Database
from stores.tree import kept
from stores.tree.checkpoints import Checkpoint
from stores.tree.growing import Growing
from stores.tree.kept import Damaged
from stores.tree.merkle import CompactRange, leaf_hash
from stores.tree.notes import Kind, Note, SignerKey
from stores.tree.proofs import consistency
from stores.vault import Vault
from tests.support import given
from tests.support.tampering import chain_anew, change, plant_tree_anew

pytestmark = pytest.mark.usefixtures("entries_alone")

ORIGIN = "mash-hub/e1"
LOG = SignerKey(ORIGIN, Kind.NOTE, bytes(32))
OTHER = SignerKey(ORIGIN, Kind.NOTE, bytes(range(32)))
LEAVES = [leaf_hash(bytes((number,))) for number in range(20)]


def tree(size: int, *, changed: bool = False) -> CompactRange:
    made = CompactRange()
    made.extend([leaf_hash(b"another"), *LEAVES[1:size]] if changed else LEAVES[:size])
    return made


def node(level: int, number: int) -> bytes:
    made = CompactRange()
    made.extend(LEAVES[number << level : number + 1 << level])
    return made.root()


def request(old: int, new: int, *, by: SignerKey = LOG, changed: bool = False) -> Request:
    """That the tree of size ``new``, grown from ``old``, be cosigned."""
    checkpoint = Checkpoint(ORIGIN, new, tree(new, changed=changed).root())
    proof = tuple(consistency(old, new, node=node)) if old <= new else ()
    return Request(old, proof, checkpoint.signed(by))


def seen(size: int) -> dict[str, Checkpoint]:
    return {ORIGIN: Checkpoint(ORIGIN, size, tree(size).root())}


LOGS = {ORIGIN: LOG.verifier}


def test_what_has_grown_is_accepted_also_the_first_time_and_again() -> None:
    for old, new in ((7, 12), (8, 16), (12, 12)):
        assert isinstance(judge(request(old, new), LOGS, seen=seen(old)), Accepted)
    assert isinstance(judge(request(0, 7), LOGS, seen={}), Accepted)


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        (request(7, 12, changed=True), Refused(422, 7)),
        (
            request(7, 7, changed=True),
            Refused(409, 7, Checkpoint(ORIGIN, 7, tree(7, changed=True).root())),
        ),
        (request(0, 12), Refused(409, 7)),
        (request(5, 5), Refused(409, 7)),
        (request(7, 5), Refused(400)),
        (request(7, 12, by=OTHER), Refused(403)),
        (replace(request(7, 12), proof=()), Refused(422, 7)),
        (Request(7, (), Checkpoint("other", 9, bytes(32)).signed(LOG)), Refused(404)),
        (Request(7, (), Note("no checkpoint\n", (LOG.sign("no checkpoint\n"),))), Refused(400)),
    ],
)
def test_whatever_has_not_grown_from_there_is_refused(asked: Request, refused: Refused) -> None:
    assert judge(asked, LOGS, seen=seen(7)) == refused


def test_requests_are_read_as_they_are_written() -> None:
    asked = request(7, 12)
    assert Request.parse(str(asked)) == asked
    for odd in ("", "old 7", "old 07\n\n", "old -1\n\n" + str(asked.note), "old 7\n?\n\n"):
        with pytest.raises(Malformed):
            Request.parse(odd)


@pytest.mark.parametrize("length", [1, 31, 33, 60_000])
def test_each_step_of_a_proof_is_a_hash(length: int) -> None:
    asked = request(7, 12)
    with pytest.raises(Malformed):
        Request.parse(str(replace(asked, proof=(*asked.proof, bytes(length)))))


# With a store and folders


@dataclass
class Place:
    """A hub's store, and witnesses, each with a folder of its own."""

    database: Database
    path: Path
    settings: Any = field(default_factory=lambda: SimpleNamespace(area="e1"))
    _growing: Growing = field(init=False)

    def __post_init__(self) -> None:
        self._growing = Growing(self.database, ORIGIN)

    def happen(self, count: int = 3) -> None:
        """Something is recorded, and signed."""
        messages = [given.message(given.linked()) for _ in range(count)]
        with self.database.transaction() as transaction:
            cursor = cursors.lock(transaction, "rate")
            journal.append(transaction, cursor, messages=messages)
            cursors.store(transaction, cursor)
        self._growing.once()

    def witness(self, name: str) -> tuple[Folder, Asking]:
        folder = Folder(self.path / name)
        key = folder.make(name, [last_checkpoint(self)[0]])
        return folder, Asking(self.database, "http://testserver", key)

    def rewrite(self) -> None:
        """Somebody with every right and the hub's key makes the record anew."""
        change(self.database, 2, subject="another child")
        chain_anew(self.database)
        plant_tree_anew(self.database, ORIGIN)
        self._growing = Growing(self.database, ORIGIN)

    def told(self, *folders: Folder) -> list[tuple[str, str | None]]:
        claims = [claim for folder in folders for claim in claims_of(self, folder)]
        flaws = verify(self, contents=False, claims=claims).flaws
        return [(flaw.what, flaw.against) for flaw in flaws]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    database = Database("sqlite://", Vault(bytes(32)))
    database.create_tables()
    made = Place(database, tmp_path)
    made.happen()
    yield made
    database.close()


def client(folder: Folder, *, at: int = 1_790_000_000) -> httpx.Client:
    """Leads to the witness of a folder, as if it had just been started at this time."""
    witness = Witness(folder, clock=lambda: at)

    def add(asked: httpx.Request) -> httpx.Response:
        assert asked.url.path == PATH
        answer = witness.add(asked.content.decode())
        return httpx.Response(answer.status, text=answer.body)

    return httpx.Client(transport=httpx.MockTransport(add))


def answering(add: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    """Leads to what answers so in a witness's place."""
    return httpx.Client(transport=httpx.MockTransport(add))


def test_what_the_hub_signs_is_cosigned_and_the_line_is_kept_under_it(place: Place) -> None:
    folder, asking = place.witness("police")
    for size in (3, 6, 9):
        assert asking.once(client(folder))
        assert not asking.once(client(folder))
        _, note = last_checkpoint(place)
        assert note.signed_by([folder.public()]) == {folder.public(): 1_790_000_000}
        assert folder.last()[ORIGIN].size == size
        place.happen()
    assert place.told(folder) == []


def test_several_witnesses_cosign_the_same_checkpoint(place: Place) -> None:
    made = [place.witness(name) for name in ("police", "health", "schools")]
    for folder, asking in made:
        asking.once(client(folder))
    keys = [folder.public() for folder, _ in made]
    assert set(last_checkpoint(place)[1].signed_by(keys)) == set(keys)


def test_a_witness_that_is_away_keeps_neither_the_hub_nor_the_other_witnesses(
    place: Place,
) -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    (folder, asking), (other, beside) = place.witness("police"), place.witness("health")
    with pytest.raises(httpx.ConnectError):
        asking.once(httpx.Client(transport=httpx.MockTransport(away)))
    beside.once(client(other))
    place.happen()
    beside.once(client(other))
    assert other.last()[ORIGIN].size == 6
    assert asking.once(client(folder))
    assert folder.last()[ORIGIN].size == 6


def test_a_hub_that_was_started_anew_goes_on_where_the_witness_is(place: Place) -> None:
    folder, asking = place.witness("police")
    asking.once(client(folder))
    place.happen()
    again = Asking(place.database, asking.url, asking.key)
    assert again.once(client(folder))
    third = Asking(place.database, asking.url, asking.key)
    assert third.once(client(folder))
    assert folder.last()[ORIGIN].size == 6


def test_a_quiet_hub_that_is_started_again_and_again_keeps_one_line_of_a_witness(
    place: Place,
) -> None:
    folder, asking = place.witness("police")
    for start in range(1, 4):
        Asking(place.database, asking.url, asking.key).once(client(folder, at=start))
    _, note = last_checkpoint(place)
    assert (len(note.lines), note.signed_by([asking.key])) == (3, {asking.key: 3})


def test_of_an_answer_one_line_is_taken(place: Place) -> None:
    folder, asking = place.witness("police")

    def often(asked: httpx.Request) -> httpx.Response:
        text, key = Request.parse(asked.content.decode()).note.text, folder.key()
        return httpx.Response(200, text="".join(key.cosign(text, time=at) for at in range(9)))

    asking.once(answering(often))
    _, note = last_checkpoint(place)
    assert (len(note.lines), note.signed_by([asking.key])) == (3, {asking.key: 0})


def cosigned(place: Place, folder: Folder) -> list[tuple[int, bool]]:
    """The sizes of all that is kept, and whether this witness's line is under it."""
    with place.database.reading() as connection:
        rows = [*kept.every_checkpoint(connection)]
    key = folder.public()
    return [(row.size, bool(Note.parse(row.note).only([key]).lines)) for row in rows]


def test_a_line_is_kept_though_a_newer_checkpoint_was_signed_before_it_came(place: Place) -> None:
    """In a busy hub that is so each time: none of what a witness gave was ever kept."""
    folder, asking = place.witness("police")
    witness = Witness(folder)

    def late(asked: httpx.Request) -> httpx.Response:
        place.happen()
        answer = witness.add(asked.content.decode())
        return httpx.Response(answer.status, text=answer.body)

    for _ in range(3):
        asking.once(answering(late))
    assert cosigned(place, folder) == [(3, True), (9, True), (12, False)]
    for _ in range(3):
        place.happen()
    assert cosigned(place, folder) == [(3, True), (9, True), (21, False)]
    assert place.told(folder) == []


def test_a_line_is_not_put_under_another_checkpoint_of_the_same_size(place: Place) -> None:
    folder, asking = place.witness("police")

    def late(asked: httpx.Request) -> httpx.Response:
        place.rewrite()
        answer = Witness(folder).add(asked.content.decode())
        return httpx.Response(answer.status, text=answer.body)

    with pytest.raises(Damaged):
        asking.once(answering(late))
    assert cosigned(place, folder) == [(3, False)]


def test_a_witness_to_whom_another_process_showed_more_meanwhile_does_not_differ(
    place: Place,
) -> None:
    folder, asking = place.witness("police")
    asking.once(client(folder))
    place.happen()
    beside = Asking(place.database, asking.url, asking.key)
    witness, came = Witness(folder), []

    def overtaken(asked: httpx.Request) -> httpx.Response:
        came.append(asked)
        if len(came) == 1:
            place.happen()
            beside.once(answering(overtaken))
        answer = witness.add(asked.content.decode())
        return httpx.Response(answer.status, text=answer.body)

    assert asking.once(answering(overtaken))
    assert cosigned(place, folder)[-1] == (9, True)


@pytest.mark.parametrize("more", [0, 1, 300])
def test_a_record_made_anew_is_refused_by_each_witness_and_named_beside_it(
    place: Place, more: int
) -> None:
    folder, asking = place.witness("police")
    asking.once(client(folder))
    place.rewrite()
    assert place.told() == []
    if more:
        place.happen(more)
    again = Asking(place.database, asking.url, asking.key)
    for one in (asking, again):
        with pytest.raises(WitnessDiffers):
            one.once(client(folder))
    assert folder.last()[ORIGIN].size == 3
    assert place.told(folder) == [("tree rewritten", "police")]
    notes = [Request.parse(kept["asked"]).note for kept in folder.evidence()]
    assert notes == ([] if more else [last_checkpoint(place)[1]])


def test_where_it_was_rewritten_is_told_by_what_was_cosigned_in_between(place: Place) -> None:
    folder, asking = place.witness("police")
    for _ in range(4):
        asking.once(client(folder))
        place.happen()
    change(place.database, 8, subject="another child")
    chain_anew(place.database)
    plant_tree_anew(place.database, ORIGIN)
    (flaw,) = verify(place, contents=False, claims=claims_of(place, folder)).flaws
    assert (flaw.what, flaw.leaf, flaw.upto) == ("tree rewritten", 6, 8)


def test_an_older_copy_of_the_whole_store_is_refused_and_named(place: Place) -> None:
    with place.database.reading() as connection:
        older: Any = connection.connection.driver_connection
        copy = older.serialize()
    folder, asking = place.witness("police")
    place.happen()
    asking.once(client(folder))
    with place.database.reading() as connection:
        now: Any = connection.connection.driver_connection
        now.deserialize(copy)
    assert place.told() == []
    for one in (asking, Asking(place.database, asking.url, asking.key)):
        with pytest.raises(WitnessDiffers):
            one.once(client(folder))
    assert place.told(folder) == [("cut off", "police")]


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "— police AAAA\n"), (404, ""), (409, "x"), (409, "٣\n"), (409, "9" * 5000), (409, "")],
)
def test_a_witness_that_answers_anything_else_is_not_believed(
    place: Place, status: int, body: str
) -> None:
    _, asking = place.witness("police")
    transport = httpx.MockTransport(lambda _: httpx.Response(status, text=body))
    with pytest.raises(WitnessRefuses):
        asking.once(httpx.Client(transport=transport))
    assert len(last_checkpoint(place)[1].lines) == 2


def endless(pause: float) -> Iterator[bytes]:
    """More than anybody needs, a part at a time."""
    for _ in range(10_000):
        time.sleep(pause)
        yield bytes(1000)
    raise AssertionError("all of it was read")


@pytest.mark.parametrize(
    ("pause", "headers"),
    [(0.0, {}), (0.01, {}), (0.0, {"Content-Encoding": "gzip"})],
)
def test_of_an_answer_no_more_is_read_and_no_longer_than_a_witness_needs(
    place: Place, monkeypatch: pytest.MonkeyPatch, pause: float, headers: dict[str, str]
) -> None:
    _, asking = place.witness("police")
    if pause:
        monkeypatch.setattr("connectors.witness.asking._TIMEOUT_SECONDS", 0.05)
        monkeypatch.setattr("connectors.witness.asking._LARGEST", 10**9)

    def add(asked: httpx.Request) -> httpx.Response:
        assert asked.headers["Accept-Encoding"] == "identity"
        return httpx.Response(200, content=endless(pause), headers=headers)

    with pytest.raises(WitnessRefuses):
        asking.once(answering(add))


def test_a_witness_is_asked_without_a_proxy_of_the_environment(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sets one would read along, and could keep every witness away."""
    made: dict[str, Any] = {}
    stop = threading.Event()
    stop.set()

    def note(**options: Any) -> httpx.Client:
        made.update(options)
        return httpx.Client(**options)

    monkeypatch.setattr("connectors.witness.asking.httpx", SimpleNamespace(Client=note))
    _, asking = place.witness("police")
    asking.run(stop)
    assert made["trust_env"] is False


def test_a_line_that_a_crash_cut_off_is_forgotten(place: Place) -> None:
    folder, asking = place.witness("police")
    asking.once(client(folder))
    with (folder.path / "cosigned.jsonl").open("a") as file:
        file.write('{"note": "mash-hub/e1\\n')
    with folder.alone():
        place.happen()
        asking.once(client(folder))
    assert [one.checkpoint.size for one in folder.seen()] == [3, 6]


def test_what_a_witness_kept_is_believed_only_with_its_own_signature(place: Place) -> None:
    folder, asking = place.witness("police")
    asking.once(client(folder))
    file = folder.path / "cosigned.jsonl"
    line = json.loads(file.read_text())
    file.write_text(json.dumps({"note": line["note"].replace("\n3\n", "\n4\n")}) + "\n")
    for look in (lambda: [*folder.seen()], folder.last, lambda: Witness(folder)):
        with pytest.raises(NoWitness, match="did not sign"):
            look()


def test_one_process_at_a_time_runs_a_witness(place: Place) -> None:
    folder, _ = place.witness("police")
    with folder.alone(), pytest.raises(NoWitness, match="another process"), folder.alone():
        pass


def test_its_key_is_for_its_owner_alone_and_is_not_made_over_another(place: Place) -> None:
    folder, _ = place.witness("police")
    assert (folder.path / "witness.key").stat().st_mode & 0o077 == 0
    with pytest.raises(NoWitness, match="holds a witness already"):
        folder.make("police", [LOG.verifier])


def test_of_what_came_under_a_checkpoint_a_witness_keeps_the_logs_own_lines_alone(
    place: Place,
) -> None:
    """Lines of others nobody can check here, and some would make the folder no witness's."""
    folder, _ = place.witness("police")
    _, note = last_checkpoint(place)
    text, own = note.text, folder.key()
    forged = own.cosign("another text\n", time=1)
    others = [OTHER.sign(f"{number}\n") for number in range(96)]
    asked = Request(0, (), Note(text, (*note.lines, note.lines[0], forged, *others)))
    answer = Witness(folder, clock=lambda: 7).add(str(asked))
    assert answer.status == 200
    (kept,) = folder.seen()
    assert kept.note == Note(text, (*note.lines, answer.body))
    (claim,) = claims_of(place, folder)
    assert claim.time is not None


def test_a_repeat_of_the_last_checkpoint_is_answered_and_not_written_down_again(
    place: Place,
) -> None:
    folder, asking = place.witness("police")
    asking.once(client(folder))
    for start in range(1, 4):
        again = Asking(place.database, asking.url, asking.key)
        assert again.once(client(folder, at=start))
    assert len([*folder.seen()]) == 1


def contradicting(number: int) -> Request:
    """What the log signed of three leaves, each time another root, with a line that is nobody's."""
    note = Checkpoint(ORIGIN, 3, bytes((number,)) * 32).signed(LOG)
    return Request(3, (), Note(note.text, (*note.lines, OTHER.sign("nothing\n"))))


def test_of_what_cannot_be_true_each_is_kept_once_and_some_of_very_many(tmp_path: Path) -> None:
    """Whoever has seen one checkpoint can send it again; and with a proof that is none of it."""
    folder = Folder(tmp_path / "police")
    folder.make("police", [LOG.verifier])
    witness = Witness(folder)
    assert witness.add(str(request(0, 3))).status == 200
    with capture_logs() as logged:
        assert witness.add(str(replace(request(3, 7), proof=()))).status == 422
    assert folder.evidence() == []
    assert [(one["event"], one["reason"]) for one in logged] == [("witness.differs", "no_proof")]
    for number in (1, 2, 1, 2, 1):
        assert witness.add(str(contradicting(number))).status == 409
    kept = [Request.parse(one["asked"]).note for one in folder.evidence()]
    assert kept == [contradicting(number).note.only([LOG.verifier]) for number in (1, 2)]
    for number in range(120):
        assert witness.add(str(contradicting(number))).status == 409
    assert len(folder.evidence()) == 100


@pytest.mark.parametrize("torn", ["write", "fsync"])
def test_what_could_not_be_written_is_not_cosigned_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torn: str
) -> None:
    """A full disk, say: half of a line was joined to the next, and the folder was no witness's."""
    folder = Folder(tmp_path / "police")
    folder.make("police", [LOG.verifier])
    witness = Witness(folder)
    whole = os.write
    with monkeypatch.context() as patched:
        if torn == "write":
            patched.setattr(os, "write", lambda file, line: whole(file, line[:20]))
        else:
            patched.setattr(os, "fsync", _fail)
        for asked in (request(0, 3), request(0, 4)):
            with pytest.raises(OSError, match="space"):
                witness.add(str(asked))
    assert [*folder.seen()] == []
    assert witness.add(str(request(0, 5))).status == 200
    assert [one.checkpoint.size for one in folder.seen()] == [5]


def _fail(_file: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_torn_lines_of_both_files_are_cut_off_at_the_start(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "police")
    folder.make("police", [LOG.verifier])
    Witness(folder).add(str(request(0, 3)))
    Witness(folder).add(str(contradicting(1)))
    for name in ("cosigned.jsonl", "refused.jsonl"):
        with (folder.path / name).open("a") as file:
            file.write('{"half": "of a li')
    with folder.alone():
        witness = Witness(folder)
        assert witness.add(str(contradicting(2))).status == 409
        assert witness.add(str(request(3, 7))).status == 200
    assert len(folder.evidence()) == 2
    assert [one.checkpoint.size for one in folder.seen()] == [3, 7]


def test_what_a_witness_is_made_of_is_on_the_disk_with_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(file: int) -> None:
        synced.append(Path(f"/proc/self/fd/{file}").readlink().name)
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)
    folder = Folder(tmp_path / "police")
    folder.make("police", [LOG.verifier])
    for name in ("witness.key", "witness.pub", "logs"):
        assert "police" in synced[synced.index(name) :]
    assert synced[-1] == tmp_path.name
    Witness(folder).add(str(request(0, 3)))
    assert synced[-2:] == ["cosigned.jsonl", "police"]
