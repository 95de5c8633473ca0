"""Topics on Kafka: made here, written here, and read here where a worker misses something.

A topics URL is ``kafkas://user:password@host:port[,host:port][/prefix][?ca=…]``, or ``kafka://…``
without TLS; with a prefix several hubs share one cluster, as ``prefix.cases.linked``. What a broker
sees is :class:`stores.codec.Sealed`: an envelope
of ids around ciphertext.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import TimeoutError as FuturesTimeout
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic

from schemas.topics import TOPICS
from stores.codec import Sealed
from stores.ports import Unavailable

LARGEST_EVENT = 16_000_000
"""Bytes; what arrives is bounded at 2 MB, and a product holds several, sealed in base64."""

_FOR_EVER = "-1"
_SECONDS = 30.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Security:
    """How a cluster is spoken to: TLS by default, and in it whom the hub says that it is."""

    tls: bool = False
    ca: str | None = None
    """Who signed the brokers' certificates: a file in PEM; None: whom OpenSSL trusts."""
    certificate: str | None = None
    """The hub's own certificate and private key, where the cluster asks for them: files in PEM."""
    key: str | None = None
    mechanism: str = "SCRAM-SHA-512"
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def files(self) -> tuple[str, ...]:
        """What has to be there."""
        return tuple(filter(None, (self.ca, self.certificate, self.key)))

    def context(self) -> ssl.SSLContext | None:
        """For clients in Python: the certificate has to be the named host's."""
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.ca)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context

    def settings(self) -> dict[str, Any]:
        """For librdkafka, which looks at the host's name by itself."""
        protocol = ("SASL_" if self.user else "") + ("SSL" if self.tls else "PLAINTEXT")
        told = {
            "security.protocol": protocol,
            "ssl.ca.location": self.ca,
            "ssl.certificate.location": self.certificate,
            "ssl.key.location": self.key,
            "sasl.mechanisms": self.mechanism if self.user else None,
            "sasl.username": self.user,
            "sasl.password": self.password,
        }
        return {name: value for name, value in told.items() if value is not None}


_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_ASKED = ("ca", "certificate", "key", "mechanism")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the topics are: ``servers`` as clients take them, and the prefix of every name."""

    servers: str
    prefix: str
    security: Security = Security()

    def wire_name(self, topic: str) -> str:
        """What a topic or consumer group is called on the cluster."""
        return f"{self.prefix}.{topic}" if self.prefix else topic

    def own_name(self, wire_name: str) -> str:
        """A topic as the hub calls it."""
        return wire_name.removeprefix(f"{self.prefix}.") if self.prefix else wire_name


@dataclass(frozen=True, slots=True, repr=False)
class TopicRecord:
    """One message as it lies in a partition; ``millis`` since 1970 it was put there."""

    offset: int
    value: bytes | None
    millis: int
    traceparent: bytes | None = None
    """The header of this name: the span that sent it."""


class TopicMissing(Unavailable):
    """Kafka answers, and has not got these topics."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"{len(names)} topics are not there")
        self.names = tuple(names)


class Hole(Exception):
    """Offsets are gone from the topic itself; the store still has what they said."""

    def __init__(self, topic: str, partition: int, *, offset: int) -> None:
        super().__init__(f"{topic}/{partition} no longer has offset {offset}")
        self.offset = offset


def cluster_of(url: str) -> Cluster:
    """Read a topics URL; raises ``ValueError`` for any other."""
    scheme, _, rest = url.partition("://")
    place, _, query = rest.partition("?")
    account, _, place = place.rpartition("@")
    servers, _, prefix = place.partition("/")
    if scheme not in ("kafka", "kafkas") or not servers:
        raise ValueError(
            "topics are at kafka://host:port[,host:port][/prefix]; "
            "with TLS kafkas://user:password@host:port"
        )
    return Cluster(servers, prefix, _security(account, query, tls=scheme == "kafkas"))


def _security(account: str, query: str, *, tls: bool) -> Security:
    user, _, password = (unquote(part) for part in account.partition(":"))
    told = dict(parse_qsl(query, strict_parsing=True)) if query else {}
    if not {*told} <= {*_ASKED} or told.get("mechanism", "PLAIN") not in _MECHANISMS:
        raise ValueError(f"behind ? may stand {', '.join(_ASKED)}, one of {', '.join(_MECHANISMS)}")
    if {*told} - {"mechanism"} and not tls:
        raise ValueError("certificates are for kafkas://")
    if bool(user) != bool(password) or ("key" in told) != ("certificate" in told):
        raise ValueError("user and password go together, and certificate and key")
    return Security(tls=tls, user=user or None, password=password or None, **told)


def create_topics(url: str, partitions: int) -> list[str]:
    """Make the topics that are not there yet and answer their names. Raises ``Unavailable``.

    Not compacted and kept for ever, so that offsets stay dense and a hole always means a loss;
    three replicas of which two must have a message where the cluster has three brokers. The number
    of partitions of a topic never changes: it would move keys to other partitions.
    """
    cluster = cluster_of(url)
    admin = AdminClient(_client(cluster))
    try:
        there = admin.list_topics(timeout=_SECONDS)
        missing = [
            topic.name for topic in TOPICS if cluster.wire_name(topic.name) not in there.topics
        ]
        new = [
            _new(cluster, name, partitions=partitions, brokers=len(there.brokers))
            for name in missing
        ]
        asked = admin.create_topics(new) if new else {}
        made = [name for name, outcome in asked.items() if _was_made(outcome)]
    except KafkaException as error:
        raise _unavailable(error) from None
    if missing:
        _await_leaders(url, missing)
    return made


def missing_topics(url: str) -> list[str]:
    """The topics that are not there. Raises ``Unavailable``."""
    cluster = cluster_of(url)
    try:
        there = AdminClient(_client(cluster)).list_topics(timeout=_SECONDS).topics
    except KafkaException as error:
        raise _unavailable(error) from None
    return [topic.name for topic in TOPICS if cluster.wire_name(topic.name) not in there]


def delete_topics(url: str) -> None:
    """Delete the hub's topics, and wait until the cluster has. Raises ``Unavailable``."""
    cluster = cluster_of(url)
    admin = AdminClient(_client(cluster))
    ours = {cluster.wire_name(topic.name) for topic in TOPICS}
    deadline = time.monotonic() + _SECONDS
    try:
        while there := sorted(ours & set(admin.list_topics(timeout=_SECONDS).topics)):
            for outcome in admin.delete_topics(there).values():
                _was_deleted(outcome)
            if time.monotonic() > deadline:
                raise Unavailable("not deleted in time")
            time.sleep(_LOOK_SECONDS)
    except KafkaException as error:
        raise _unavailable(error) from None


def offsets_since(url: str, name: str, *, millis: int) -> dict[int, int]:
    """Of each partition of a topic the offset of the first message that came since; the one after
    its last where none did. Raises ``Unavailable``.
    """
    cluster = cluster_of(url)
    with _reader(cluster) as consumer:
        known = consumer.list_topics(cluster.wire_name(name), timeout=_SECONDS).topics
        asked = [
            TopicPartition(cluster.wire_name(name), partition, millis)
            for partition in _partitions(known.get(cluster.wire_name(name)))
        ]
        found = consumer.offsets_for_times(asked, timeout=_SECONDS)
        ends = watermarks(url, [name])[name]
        return {
            one.partition: ends[one.partition][1] if one.offset < 0 else one.offset for one in found
        }


def require_answer(url: str, *, seconds: float) -> None:
    """Ask the cluster for its topics. Raises ``Unavailable``."""
    with _reader(cluster_of(url)) as consumer:
        consumer.list_topics(timeout=seconds)


Marks = dict[int, tuple[int, int]]
"""The first offset of each partition, and the one after its last."""


def answer(url: str, *, seconds: float) -> bool:
    """Whether a broker answers within so long."""
    try:
        AdminClient(_client(cluster_of(url))).list_topics(timeout=seconds)
    except KafkaException:
        return False
    return True


def members(url: str, groups: Collection[str], *, seconds: float) -> dict[str, int]:
    """How many share the work of each of these consumer groups now. Raises ``Unavailable``."""
    cluster = cluster_of(url)
    names = {cluster.wire_name(group): group for group in groups}
    try:
        admin = AdminClient(_client(cluster))
        asked = admin.describe_consumer_groups(list(names), request_timeout=seconds)
        return {names[name]: len(one.result(seconds).members) for name, one in asked.items()}
    except (KafkaException, FuturesTimeout) as error:
        raise Unavailable(type(error).__name__) from None


def watermarks(url: str, names: Collection[str], *, seconds: float = _SECONDS) -> dict[str, Marks]:
    """The marks of these topics, asked for in three questions however many they are, each of which
    may take so many ``seconds``. Raises :class:`TopicMissing`, or ``Unavailable``.
    """
    cluster = cluster_of(url)
    admin = AdminClient(_client(cluster))
    try:
        known = admin.list_topics(timeout=seconds).topics
        if gone := [name for name in names if cluster.wire_name(name) not in known]:
            raise TopicMissing(gone)
        places = [
            TopicPartition(cluster.wire_name(name), partition)
            for name in names
            for partition in _partitions(known.get(cluster.wire_name(name)))
        ]
        firsts = _offsets(admin, places, spec=OffsetSpec.earliest(), seconds=seconds)  # type: ignore[no-untyped-call]
        ends = _offsets(admin, places, spec=OffsetSpec.latest(), seconds=seconds)  # type: ignore[no-untyped-call]
    except KafkaException as error:
        raise _unavailable(error) from None
    found: dict[str, Marks] = {name: {} for name in names}
    for place, first, end in zip(places, firsts, ends, strict=True):
        found[cluster.own_name(place.topic)][place.partition] = first, end
    return found


def _partitions(topic: Any) -> list[int]:
    if topic is None:
        raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
    if topic.error is not None:
        raise KafkaException(topic.error)
    return sorted(topic.partitions)


def _offsets(
    admin: AdminClient, places: Sequence[TopicPartition], *, spec: OffsetSpec, seconds: float
) -> list[int]:
    if not places:
        return []
    asked = admin.list_offsets(dict.fromkeys(places, spec), request_timeout=seconds)
    return [asked[place].result().offset for place in places]


def committed(url: str, group: str, *, topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """What Kafka believes a group has done, by partition; 0 if nothing. Raises ``Unavailable``."""
    cluster = cluster_of(url)
    with _reader(cluster, group) as consumer:
        asked = [TopicPartition(cluster.wire_name(topic), partition) for partition in partitions]
        return {
            one.partition: max(one.offset, 0) for one in consumer.committed(asked, timeout=_SECONDS)
        }


def read_range(url: str, topic: str, *, partition: int, first: int, last: int) -> list[TopicRecord]:
    """The records from ``first`` to ``last``, all of them, whatever any group has committed.

    Raises :class:`Hole` where the topic itself lacks one, and ``Unavailable`` when they cannot be
    read in time.
    """
    cluster = cluster_of(url)
    with _reader(cluster) as consumer:
        consumer.assign([TopicPartition(cluster.wire_name(topic), partition, first)])
        found: list[TopicRecord] = []
        deadline = time.monotonic() + _SECONDS
        while first + len(found) <= last:
            try:
                found += _next_records(consumer, last - first - len(found) + 1, deadline=deadline)
            except KafkaException as error:
                if error.args[0].code() != KafkaError._AUTO_OFFSET_RESET:
                    raise
                raise Hole(topic, partition, offset=first + len(found)) from None
            _refuse_holes(found, first, topic=topic, partition=partition)
        return found


class TopicProducer:
    """Writes to topics; the relay's.

    Idempotent, so that retries inside it neither repeat nor reorder.
    """

    def __init__(self, url: str, *, seconds: float = 15.0) -> None:
        """``seconds`` that :meth:`send` waits; fewer than the store lets the relay be idle."""
        self._cluster = cluster_of(url)
        self._seconds = seconds
        self._producer: Producer | None = None

    def send(self, batch: Sequence[Sealed], *, traceparents: Sequence[str] = ()) -> None:
        """Send, in order per key; returns once all replicas in sync have every message. With each
        goes the header ``traceparent``, where they are given.

        Raises ``Unavailable`` otherwise. Then any of them may have arrived, and sending all of them
        again is right.
        """
        failed: list[KafkaError] = []

        def on_delivery(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failed.append(error)

        if self._producer is None:
            self._producer = Producer(_client(self._cluster) | _PRODUCER)
        try:
            spans: Sequence[str | None] = traceparents or [None] * len(batch)
            self._hand_over(self._producer, zip(batch, spans, strict=True), on_delivery=on_delivery)
            waiting = self._producer.flush(self._seconds)
        except (KafkaException, BufferError) as error:
            self.close()
            raise _unavailable(error) from None
        if failed or waiting:
            self.close()
            raise Unavailable(failed[0].name() if failed else "not acknowledged in time")

    def close(self) -> None:
        """Drop what is not acknowledged, or it would arrive behind another producer's messages."""
        if self._producer is not None:
            self._producer.purge()
            self._producer.flush(0)
            self._producer = None

    def _hand_over(
        self, producer: Producer, batch: Iterable[tuple[Sealed, str | None]], *, on_delivery: Any
    ) -> None:
        for sealed, span in batch:
            name, key = self._cluster.wire_name(sealed.topic), sealed.key.encode()
            more: dict[str, Any] = {"headers": {_TRACEPARENT: span.encode()}} if span else {}
            producer.produce(name, sealed.to_event(), key, on_delivery=on_delivery, **more)
            producer.poll(0)


_TRACEPARENT = "traceparent"


def traceparent(headers: object) -> bytes | None:
    """What Kafka's header of that name says, as any client gives headers; of several the last."""
    pairs = headers if isinstance(headers, list | tuple) else ()
    return next((value for name, value in reversed(pairs) if name == _TRACEPARENT), None)


_PRODUCER = {
    "acks": "all",
    "enable.idempotence": True,
    "max.in.flight.requests.per.connection": 5,
    "linger.ms": 2,
    "partitioner": "murmur2",
    "message.max.bytes": LARGEST_EVENT,
    # Longer than send() waits: messages then fail all together, never one in the middle of its
    # key's others.
    "message.timeout.ms": 600_000,
}


@contextmanager
def _reader(cluster: Cluster, group: str = "mash-hub.reader") -> Iterator[Consumer]:
    """A consumer outside any group: it commits nothing and is told where to read."""
    settings = {
        "group.id": cluster.wire_name(group),
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "fetch.wait.max.ms": 100,
    }
    consumer = Consumer(_client(cluster) | settings)
    try:
        yield consumer
    except KafkaException as error:
        raise _unavailable(error) from None
    finally:
        consumer.close()


def _client(cluster: Cluster) -> dict[str, Any]:
    # Silent: the client's own log would name topics and hosts on standard error; errors come back
    # as exceptions.
    return {"bootstrap.servers": cluster.servers, "log_level": 0} | cluster.security.settings()


def _new(cluster: Cluster, topic: str, *, partitions: int, brokers: int) -> NewTopic:
    replicas = min(brokers, 3)
    config = {
        "cleanup.policy": "delete",
        "retention.ms": _FOR_EVER,
        "retention.bytes": _FOR_EVER,
        "max.message.bytes": str(LARGEST_EVENT),
        "min.insync.replicas": str(max(1, replicas - 1)),
    }
    return NewTopic(
        cluster.wire_name(topic),
        num_partitions=partitions,
        replication_factor=replicas,
        config=config,
    )


def _was_made(outcome: Any) -> bool:
    try:
        outcome.result(_SECONDS)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return False
        raise
    return True


def _await_leaders(url: str, names: Collection[str]) -> None:
    """A broker says that a topic is made before anybody leads it: until then nothing can be asked
    of it.
    """
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            watermarks(url, names)
            return
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_SECONDS)


def _was_deleted(outcome: Any) -> None:
    """Also where it was on its way out already."""
    try:
        outcome.result(_SECONDS)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise


def _next_records(consumer: Consumer, limit: int, *, deadline: float) -> list[TopicRecord]:
    if time.monotonic() > deadline:
        raise Unavailable("not read in time")
    found = []
    for message in consumer.consume(min(limit, 1000), timeout=1.0):
        error = message.error()
        if error is not None:
            raise KafkaException(error)
        parent = traceparent(message.headers())
        millis = message.timestamp()[1]
        found.append(TopicRecord(message.offset() or 0, message.value(), millis, parent))
    return found


def _refuse_holes(found: Sequence[TopicRecord], first: int, *, topic: str, partition: int) -> None:
    for expected, record in enumerate(found, start=first):
        if record.offset != expected:
            raise Hole(topic, partition, offset=expected)


def _unavailable(error: KafkaException | BufferError) -> Unavailable:
    cause = error.args[0] if error.args else error
    return Unavailable(cause.name() if isinstance(cause, KafkaError) else type(error).__name__)
