"""AsyncAPI 3 of the queues between the hub and an agency."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.events.envelope import MOST_AT_ONCE
from connectors.formats.media import BATCH, NAMES, STRUCTURED
from connectors.queues import letters_queue
from ops.look.api.shapes import (
    GOT,
    SENT,
    Json,
    about,
    components,
    event_example,
    event_name,
    ref,
    words,
)
from ops.look.export import Published
from schemas.notification import Receipt
from schemas.settings import QueueCredential

_FEED = QueueCredential(url_variable="URL", queue="{queue}")
_BINDING = "0.3.0"


def describe() -> Json:
    """The description, as the hub sees it: it receives what agencies send."""
    return {
        "asyncapi": "3.0.0",
        "info": about(),
        "defaultContentType": STRUCTURED,
        "channels": {
            "feed": _channel(
                _FEED.queue, "What the agency sends.", carried=[*SENT, *_SENT_OTHERWISE]
            ),
            "receipts": _channel(
                _FEED.receipts_queue, "A receipt for each event that it sent.", carried=["receipts"]
            ),
            "letters": _channel(letters_queue("{agency}"), "What the hub has for it.", carried=GOT),
        },
        "operations": {
            "receiveEvents": _operation(
                "receive", "feed", says="Take events, singly or in batches."
            ),
            "sendReceipts": _operation("send", "receipts", says="Answer every event by a receipt."),
            "sendLetters": _operation(
                "send", "letters", says="Bring requests, products and the like."
            ),
        },
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def _schemas() -> Json:
    """As AsyncAPI writes them: its ``discriminator`` is the name alone."""
    return {
        name: schema | {"discriminator": schema["discriminator"]["propertyName"]}
        if "discriminator" in schema
        else schema
        for name, schema in components().items()
    }


_SENT_OTHERWISE = ("batch", "binary")


def _channel(address: str, says: str, *, carried: Sequence[Published | str]) -> Json:
    names = [one if isinstance(one, str) else one.name for one in carried]
    parameter = address[address.index("{") + 1 : address.index("}")]
    queue = {"name": address, "durable": True, "exclusive": False, "autoDelete": False}
    return {
        "address": address,
        "description": says,
        "parameters": {parameter: {"description": _PARAMETERS[parameter]}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"amqp": {"is": "queue", "queue": queue, "bindingVersion": _BINDING}},
    }


_PARAMETERS = {
    "queue": "The name of the agency's queue, as was agreed.",
    "agency": "The agency's code.",
}


def _operation(action: str, channel: str, *, says: str) -> Json:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": says}


def _messages() -> Json:
    every = {one.name: _message(one) for one in (*SENT, *GOT)}
    return {**every, "batch": _batch(), "binary": _binary(), "receipts": _receipts()}


def _message(one: Published) -> Json:
    example = event_example(one)
    return {
        "name": one.name,
        "title": one.shape.__name__,
        "summary": words(one.shape.__doc__),
        "contentType": STRUCTURED,
        "payload": ref(event_name(one)),
        "examples": [{"name": "example", "payload": example}],
    }


def _batch() -> Json:
    return {
        "name": "batch",
        "summary": f"Up to {MOST_AT_ONCE} events in one message.",
        "contentType": BATCH,
        "payload": {"type": "array", "items": ref("SentEvent"), "maxItems": MOST_AT_ONCE},
    }


def _binary() -> Json:
    """Binary mode (CloudEvents' AMQP binding, section 3.1)."""
    needed = ("specversion", "id", "source", "type")
    names = {f"cloudEvents:{name}": {"type": "string"} for name in (*needed, "time", "dataschema")}
    return {
        "name": "binary",
        "summary": "The data alone, in the hub's own form or as was agreed with the agency; the "
        "attributes stand in headers, which may also begin with cloudEvents_.",
        "contentType": NAMES["json"],
        "headers": {
            "type": "object",
            "required": [f"cloudEvents:{name}" for name in needed],
            "properties": names,
        },
        "payload": {"anyOf": [*(ref(one.shape.__name__) for one in SENT), {"type": "string"}]},
    }


def _receipts() -> Json:
    (receipt,) = (one for one in GOT if one.shape is Receipt)
    return {
        "name": "receipts",
        "summary": "Receipts of several events, each of which says by source and id which it is "
        "about; where a message said none, by its message id, or by the SHA-256 of its body.",
        "contentType": BATCH,
        "payload": {"type": "array", "items": ref(event_name(receipt))},
    }
