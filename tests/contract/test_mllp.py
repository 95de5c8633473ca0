"""HL7 v2 over MLLP, on a real socket into a real store: nothing is acknowledged before it is
recorded, and whatever comes is answered, or comes again.
"""

from __future__ import annotations

import datetime as dt
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from connectors import mllp
from connectors.mllp import MllpListener
from connectors.port import AgencyRoute, routes
from router.intake import StoredIntake
from schemas.notification import NotificationReceived, Receipt
from schemas.settings import HubSettings, MllpSettings
from stores import journal
from stores.database import Database
from stores.ports import Arrival, Intake, Unavailable
from stores.vault import Vault
from tests.support.production import buried

NOW = dt.datetime(2026, 3, 20, 12, 0, tzinfo=dt.UTC)
SAMPLE = Path("connectors/agencies/samples/safeguarding.hl7").read_bytes()
VT, FS = b"\x0b", b"\x1c\r"
AGREEMENT = {"reference": "ISA", "signatory": "A. Partner", "since": "2025-01-01"}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/hub.db", Vault(bytes(32)))
    made.create_tables()
    yield made
    made.close()


@pytest.fixture
def intake(database: Database) -> StoredIntake:
    return StoredIntake(database)


def route(*, mapping: str | None = "health-hl7", until: str | None = None) -> AgencyRoute:
    agency = {
        "name": "Health",
        "signpost_contact": "01632 960001",
        "agreement": AGREEMENT | ({"until": until} if until else {}),
        "mapping": mapping,
    }
    settings = {
        "area": "e08000032",
        "lead_agency": "health",
        "http": {"largest_body": 5000},
        "agencies": {"health": agency},
    }
    return routes(HubSettings.model_validate(settings), {}).by_code["health"]


class Open:
    """A listener at work, and connections to it."""

    def __init__(self, intake: Intake, by: AgencyRoute, **limits: object) -> None:
        settings = MllpSettings.model_validate({"port": 0, **limits})
        self.listener = MllpListener(by, intake, settings, clock=lambda: NOW)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.stop = threading.Event()
        self.raised: list[Exception] = []
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        try:
            self.listener.serve(self.server, self.stop)
        except Exception as error:  # noqa: BLE001 - for the test to look at
            self.raised.append(error)

    def connect(self) -> socket.socket:
        return socket.create_connection(self.server.getsockname(), timeout=30)

    def close(self) -> None:
        self.stop.set()
        self.thread.join(30)
        self.server.close()
        assert not self.thread.is_alive()


Serve = Callable[..., Open]


@pytest.fixture
def serve(intake: StoredIntake, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    monkeypatch.setattr(mllp, "_LOOK_SECONDS", 0.01)
    opened: list[Open] = []

    def make(into: Intake | None = None, by: AgencyRoute | None = None, **limits: object) -> Open:
        opened.append(Open(into or intake, by or route(), **limits))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def answer(connection: socket.socket) -> list[list[str]]:
    """The segments of the next ACK, split into fields; none when the hub has hung up."""
    came = b""
    while not came.endswith(FS):
        more = connection.recv(1)
        if not more:
            assert not came
            return []
        came += more
    assert came.startswith(VT)
    text = came[1:-2].decode("latin-1")
    return [segment.split("|") for segment in text.removesuffix("\r").split("\r")]


def sent(connection: socket.socket, message: bytes) -> list[list[str]]:
    connection.sendall(VT + message + FS)
    return answer(connection)


def notifications(database: Database) -> list[NotificationReceived]:
    heard = journal.messages_after(database, 0, limit=1000)
    return [one.data for _, one in heard if isinstance(one.data, NotificationReceived)]


def letters(database: Database) -> list[tuple[str, str | None]]:
    with database.reading() as connection:
        return [(one.reason, one.field) for one in buried(connection)]


def test_a_message_is_acknowledged_under_its_own_id(serve: Serve, database: Database) -> None:
    with closing(serve().connect()) as connection:
        head, told = sent(connection, SAMPLE)
    assert told == ["MSA", "AA", "EPR-000481"]
    assert head[:9] == [
        "MSH",
        "^~\\&",
        "MASH",
        "HUB",
        "EPR",
        "NORTHWICK^RXX01^ODS",
        "20260320120000+0000",
        "",
        "ACK^R01^ACK",
    ]
    assert (head[10:12], head[17]) == (["P", "2.4"], "8859/1")
    (one,) = notifications(database)
    assert one.notification.reference == "SG-2026-0117"


def test_nothing_is_acknowledged_before_it_is_recorded(
    serve: Serve, intake: StoredIntake, database: Database
) -> None:
    may, asked = threading.Event(), threading.Event()

    class Slow:
        def take(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
            asked.set()
            assert may.wait(30)
            return intake.take(arrivals)

    with closing(serve(Slow()).connect()) as connection:
        connection.sendall(VT + SAMPLE + FS)
        assert asked.wait(30)
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
        connection.settimeout(30)
        may.set()
        assert answer(connection)[1][1] == "AA"
    assert len(notifications(database)) == 1


def test_a_message_that_comes_again_is_acknowledged_and_counts_once(
    serve: Serve, database: Database
) -> None:
    opened = serve()
    for _ in range(2):  # as after a broken connection
        with closing(opened.connect()) as connection:
            assert sent(connection, SAMPLE)[1][:3] == ["MSA", "AA", "EPR-000481"]
    assert len(notifications(database)) == 1


def test_other_content_under_the_same_id_is_an_error(serve: Serve, database: Database) -> None:
    with closing(serve().connect()) as connection:
        sent(connection, SAMPLE)
        _, told, fault = sent(connection, SAMPLE.replace(b"unwashed", b"bruised"))
    assert told[:3] == ["MSA", "AE", "EPR-000481"]
    assert fault[3:6] == ["205^Duplicate key identifier^HL70357", "E", "refused.same-id"]
    assert letters(database) == [("refused.same-id", "id")]


def test_the_same_id_of_another_application_is_another_message(
    serve: Serve, database: Database
) -> None:
    with closing(serve().connect()) as connection:
        sent(connection, SAMPLE)
        other = SAMPLE.replace(b"|EPR|", b"|ED|").replace(b"SG-2026-0117", b"SG-2026-0118")
        assert sent(connection, other)[1][:3] == ["MSA", "AA", "EPR-000481"]
    assert len(notifications(database)) == 2


@pytest.mark.parametrize(
    ("message", "id_", "reason", "code"),
    [
        (b"PID|1||||BELL^IDRIS", "", "unreadable.hl7", "100"),
        (b"MSH|^~\\&|EPR|||||||C-7\rPID|1||||B\xc9LL", "C-7", "unreadable.encoding", "207"),
        (b"MSH|^~\\&|EPR|||||||C-8|P|2.4", "C-8", "missing.content", "101"),
        (b"MSH|^~\\&|EPR|||||||C-9\r" + b"x" * 9000, "C-9", "unreadable.too-large", "207"),
        (b"", "", "unreadable.empty", "207"),
    ],
)
def test_what_cannot_be_taken_is_answered_and_kept(
    serve: Serve, database: Database, message: bytes, id_: str, reason: str, code: str
) -> None:
    with closing(serve().connect()) as connection:
        _, told, fault = sent(connection, message)
        assert told[:3] == ["MSA", "AE", id_]
        assert (fault[3].split("^")[0], fault[4:6]) == (code, ["E", reason])
        assert fault[8]
        assert sent(connection, SAMPLE)[1][1] == "AA"
    assert [why for why, _ in letters(database)] == [reason]
    assert len(notifications(database)) == 1


@pytest.mark.parametrize(
    ("by", "reason"),
    [({"mapping": None}, "unknown.format"), ({"until": "2025-12-31"}, "refused.agreement")],
)
def test_what_is_not_for_this_agency_to_send_is_rejected(
    serve: Serve, database: Database, by: dict[str, str], reason: str
) -> None:
    with closing(serve(by=route(**by)).connect()) as connection:
        _, told, fault = sent(connection, SAMPLE)
    assert (told[1], fault[5]) == ("AR", reason)
    assert [why for why, _ in letters(database)] == [reason]


def test_what_was_set_aside_is_warned_of_in_the_senders_words(serve: Serve) -> None:
    odd = SAMPLE.replace(b"|20180304|", b"|4.3.2018|")
    with closing(serve().connect()) as connection:
        _, told, warned = sent(connection, odd)
    assert told[:2] == ["MSA", "AA"]
    assert warned[2] == "PID^^7"
    assert warned[3:6] == ["102^Data type error^HL70357", "W", "invalid.date"]
    assert warned[7] == "PID-7"
    assert "20180304" not in warned[8]
    assert "20260331" in warned[8]


def test_two_messages_in_one_packet_get_two_answers(serve: Serve, database: Database) -> None:
    other = SAMPLE.replace(b"EPR-000481", b"EPR-000482").replace(b"SG-2026-0117", b"SG-2")
    with closing(serve().connect()) as connection:
        connection.sendall(VT + SAMPLE + FS + VT + other + FS)
        assert [answer(connection)[1][2] for _ in range(2)] == ["EPR-000481", "EPR-000482"]
    assert len(notifications(database)) == 2


def test_a_message_in_many_packets_is_one(serve: Serve, database: Database) -> None:
    with closing(serve().connect()) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in VT + SAMPLE + FS:
            connection.sendall(bytes([byte]))
        assert answer(connection)[1][1:3] == ["AA", "EPR-000481"]
    assert len(notifications(database)) == 1


def test_what_stands_between_messages_is_skipped(serve: Serve) -> None:
    with closing(serve().connect()) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert sent(connection, SAMPLE)[1][1] == "AA"


def test_a_message_that_was_broken_off_and_begun_anew_is_one(
    serve: Serve, database: Database
) -> None:
    with closing(serve().connect()) as connection:
        connection.sendall(VT + SAMPLE[:200])
        assert sent(connection, SAMPLE)[1][1:3] == ["AA", "EPR-000481"]
    (one,) = notifications(database)
    assert one.notification.subject.name[0].given_name == ("IDRIS", "TOM")
    assert not letters(database)


def test_half_a_message_is_not_taken(serve: Serve, database: Database) -> None:
    with closing(serve().connect()) as connection:
        connection.sendall(VT + SAMPLE[:200])
        connection.shutdown(socket.SHUT_WR)
        assert answer(connection) == []
    assert not notifications(database)
    assert not letters(database)


def test_far_too_large_a_message_is_answered_before_its_end(serve: Serve) -> None:
    with closing(serve().connect()) as connection:
        connection.sendall(VT + b"MSH|^~\\&|EPR|||||||C-9\r" + b"x" * 5000 * (mllp.HEARD_OUT + 2))
        _, told, fault = answer(connection)
        assert (told[1:3], fault[5]) == (["AE", "C-9"], "unreadable.too-large")


@pytest.mark.parametrize("begun", [b"", VT, VT + SAMPLE[:200], b"garbage"])
def test_a_sender_that_takes_too_long_is_hung_up_on(serve: Serve, begun: bytes) -> None:
    with closing(serve(idle_seconds=0.05, message_seconds=0.05).connect()) as connection:
        connection.sendall(begun)
        assert answer(connection) == []


def test_nobody_but_the_peers_is_let_in(serve: Serve, database: Database) -> None:
    with closing(serve(peers=["192.0.2.0/24"]).connect()) as connection:
        assert hung_up(connection)
    with closing(serve(peers=["192.0.2.1", "127.0.0.0/8"]).connect()) as connection:
        assert sent(connection, SAMPLE)[1][1] == "AA"


def test_there_are_no_more_connections_than_agreed(serve: Serve) -> None:
    opened = serve(most_connections=1)
    with closing(opened.connect()) as first:
        assert sent(first, SAMPLE)[1][1] == "AA"
        with closing(opened.connect()) as second:
            assert hung_up(second)
        assert sent(first, SAMPLE)[1][1] == "AA"


def test_while_the_store_is_away_nothing_is_answered(
    serve: Serve, intake: StoredIntake, database: Database
) -> None:
    away = [Unavailable()]

    class Away:
        def take(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
            if away:
                raise away.pop()
            return intake.take(arrivals)

    opened = serve(Away())
    with closing(opened.connect()) as connection:
        assert sent(connection, SAMPLE) == []
    with closing(opened.connect()) as connection:
        assert sent(connection, SAMPLE)[1][1] == "AA"
    assert len(notifications(database)) == 1


def test_a_fault_of_the_hubs_own_is_shown_and_not_answered(serve: Serve) -> None:
    class Faulty:
        def take(self, arrivals: Sequence[Arrival]) -> list[Receipt]:  # noqa: ARG002
            raise ZeroDivisionError

    opened = serve(Faulty())
    with closing(opened.connect()) as connection:
        assert sent(connection, SAMPLE) == []
    opened.thread.join(30)
    assert [type(error) for error in opened.raised] == [ZeroDivisionError]


def test_told_to_stop_it_lets_go_of_who_is_connected(serve: Serve) -> None:
    opened = serve()
    with closing(opened.connect()) as connection:
        sent(connection, SAMPLE)
        opened.close()
        assert answer(connection) == []


def hung_up(connection: socket.socket) -> bool:
    try:
        return not connection.recv(1)
    except ConnectionResetError:
        return True
