# mypy: allow-untyped-calls
# (kombu's functions have no types)
"""What every use of a broker has in common, over kombu.

Measured (design.md, section 6): without publisher confirms thousands of publishes returned well
while the broker was killed, and were gone. An unroutable message is only an error with
``mandatory`` and without ``on_return``.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from kombu.connection import Connection
from kombu.entity import Exchange, Queue
from kombu.exceptions import KombuError
from kombu.message import Message
from kombu.messaging import Consumer, Producer
from kombu.transport import pyamqp

CONFIRM_SECONDS = 10.0
"""How long a broker may take to confirm that it has a message."""
ANSWER_SECONDS = 20
"""How long a broker may take to answer; a queue without a leader would never."""
HEARTBEAT_SECONDS = 30
_FIRST = 9
"""Of AMQP's priorities from 0; a quorum queue knows two, from 0 and from 5 on."""

SCHEMES = ("amqp", "amqps", "memory")
"""How the URL of a broker begins that the hub speaks with; the last one is for tests."""

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
BrokerErrors = tuple[type[BaseException], ...]


class RawMessage(pyamqp.Message):
    """A message whose body stays as it came: kombu would unpack any bomb that a header names."""

    def __init__(self, msg: Any, channel: Any = None, **options: Any) -> None:
        msg.properties.get("application_headers", {}).pop("compression", None)
        super().__init__(msg, channel=channel, **options)


def connect(
    url: str, *, heartbeat: int = HEARTBEAT_SECONDS, answer_seconds: float = ANSWER_SECONDS
) -> Connection:
    """A connection on which everything that is published is confirmed.

    Raises one of :func:`broker_errors` at once if there is nobody, where kombu would sleep first.
    ``heartbeat`` in seconds; 0 for one that nobody drains, as its broker would close it.
    """
    if ";" in url:  # kombu would go to any of them, and nobody has looked who can read on the way
        raise ConnectionError("a list of brokers")
    options = {
        "confirm_publish": True,
        "read_timeout": answer_seconds,
        "write_timeout": answer_seconds,
    }
    connection = Connection(
        url,
        transport_options=options,
        heartbeat=heartbeat,
        connect_timeout=min(answer_seconds, CONFIRM_SECONDS),
        ssl=_verified() if url.startswith("amqps:") else False,
    )
    connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
    return connection


def _verified() -> dict[str, object]:
    """Of TLS: the certificate has to be the named host's, which kombu by itself does not ask.

    Whom to trust is OpenSSL's to say (``SSL_CERT_FILE``).
    """
    return {"server_hostname": None, "cert_reqs": ssl.CERT_REQUIRED}  # None: the URL's host


def broker_errors(url: str) -> BrokerErrors:
    """Every error by which a broker or its absence shows; after one, drop the connection.

    Another publish on the same channel could take the late confirmation of the failed one for
    its own.
    """
    connection = Connection(url)
    return (
        OSError,
        *connection.connection_errors,
        *connection.channel_errors,
        *connection.recoverable_connection_errors,
        *connection.recoverable_channel_errors,
        KombuError,
    )


@contextmanager
def connected(url: str, *, answer_seconds: float = ANSWER_SECONDS) -> Iterator[Connection]:
    """A connection that is closed in order after good work, and dropped after an error."""
    connection = connect(url, answer_seconds=answer_seconds)
    try:
        yield connection
    except BaseException:
        connection.collect()  # what is unacknowledged comes again
        raise
    connection.release()


def ensure_queue(connection: Connection, name: str) -> None:
    """Have the queue: one that is there is taken as it is, a new one is a durable quorum queue."""
    channel = connection.channel()
    try:
        Queue(name, channel=channel).queue_declare(passive=True)
    except connection.channel_errors:  # not there, and the broker has closed the channel
        channel = connection.channel()
        Queue(
            name, channel=channel, durable=True, queue_arguments=_arguments(connection)
        ).queue_declare()
    channel.close()


def publish(
    channel: Any,
    body: bytes,
    *,
    queue: str,
    content_type: str,
    message_id: str,
    first: bool = False,
    headers: Mapping[str, str] = NO_HEADERS,
) -> None:
    """Put a message on a queue, and return when the broker has it.

    ``first``: before others that lie there, where the broker knows priorities (of quorum queues
    RabbitMQ does from 4 on; an older one takes it as any other). Raises one of
    :func:`broker_errors` if it has not.
    """
    Producer(channel, exchange=Exchange("")).publish(
        body,
        routing_key=queue,
        mandatory=True,
        timeout=CONFIRM_SECONDS,
        confirm_timeout=CONFIRM_SECONDS,
        delivery_mode="persistent",
        content_type=content_type,
        content_encoding="binary",
        message_id=message_id,
        priority=_FIRST if first else 0,
        headers=dict(headers),
    )


def consumer(
    channel: Any, queue: str, *, on_message: Callable[[Message], object], at_once: int
) -> Consumer:
    """Messages as they came, neither decoded nor unpacked.

    Each is to be acknowledged, see :func:`acknowledge`; no more than ``at_once`` come before that.
    """
    if isinstance(channel, pyamqp.Channel):
        channel.auto_decode = False
        channel.Message = RawMessage
    return Consumer(
        channel,
        queues=[Queue(queue, channel=channel, no_declare=True)],
        on_message=on_message,
        on_decode_error=lambda message, _: on_message(message),
        prefetch_count=at_once,
        no_ack=False,
    )


def acknowledge(messages: Sequence[Message]) -> None:
    """Let go of everything that came on these messages' channel up to the last of them.

    Over AMQP in one word: RabbitMQ holds back single acknowledgements for a quorum queue while a
    few dozen are on their way to its replicas, and forgets the ones held back if the connection
    closes; the messages would come again.
    """
    if isinstance(messages[-1].channel, pyamqp.Channel):
        messages[-1].ack(multiple=True)
    else:
        for message in messages:
            message.ack()


def _arguments(connection: Connection) -> dict[str, object]:
    """A quorum queue; RabbitMQ 4 would drop from it what was delivered in vain twenty times."""
    properties = getattr(connection.connection, "server_properties", {})
    major = str(properties.get("version", "0")).partition(".")[0]
    unlimited = properties.get("product") == "RabbitMQ" and major.isdigit() and int(major) >= 4
    return {"x-queue-type": "quorum"} | ({"x-delivery-limit": -1} if unlimited else {})
