"""F26: what could run code or reach for files is refused, by every way in and every reader.

Pickles, marshalled code, YAML with tags, XML with entities and the like are sent in every content
type that anybody might give them; each would leave a file behind if it were run. And words that run
where somebody evaluates, fills in or pastes them stand in a message that is sound otherwise: it is
taken, and nothing runs.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import marshal
import os
import pickle
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final, get_args
from unittest.mock import patch
from xml.etree.ElementTree import XMLParser

from connectors.events.envelope import parse
from connectors.events.facts import Door
from connectors.formats import readers, strict_json
from connectors.formats.readers import records
from connectors.formats.records import Kind, Reading
from ops.run.wiring import Hub
from schemas.notification import ReceiptStatus
from schemas.refusals import Refusal
from tests.support.filled import empty_hub, routes_of

_AGENCY: Final = "police"
_WAYS: Final = ("http", "queue", "folder")
_TYPES: Final = (
    *("application/x-python-serialize", "application/python-pickle", "application/octet-stream"),
    *("application/json", "application/cloudevents+json", "application/cloudevents-batch+json"),
    *("application/yaml", "application/x-yaml", "text/yaml", "application/msgpack"),
    *("application/xml", "text/xml", "application/fhir+xml", "text/plain", "text/csv", ""),
)
_HEAD: Final = {"specversion": "1.0", "source": "urn:simulated", "type": "mash.notification.v1"}
_SECRET: Final = "zjzxvk-read-from-a-file"
_SHOWN: Final = 5


class _Touches:
    """Makes a file where it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mknod, (str(self.marker),)


_parse = strict_json.parse


def _unpickled(body: bytes) -> Any:
    with suppress(Exception):
        pickle.loads(body)  # noqa: S301 - a control
    return _parse(body)


def _plain_parser(*, target: Any, encoding: str, **_: Any) -> XMLParser:
    return XMLParser(target=target, encoding=encoding)  # noqa: S314 - a control


CONTROLS: Final[Mapping[str, Callable[[], AbstractContextManager[Any]]]] = {
    "strictness": lambda: patch.object(strict_json, "parse", _unpickled),
    "defusing": lambda: patch.object(readers, "DefusedXMLParser", _plain_parser),
}
"""What may be dropped: JSON is read as JSON and as nothing else; an XML text may define nothing.
The proof has to fail then.
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """Something that nobody is to send; ``told``: sound but for its words, and may be taken."""

    name: str
    body: bytes
    told: bool = False


def prove(*, without: str = "", progress: Callable[[int], None]) -> dict[str, Any]:
    """Send all of it, and look at what ran."""
    count, wrong = Counter[str](), list[str]()
    with tempfile.TemporaryDirectory(prefix="hub-proof-") as path:
        folder = Path(path)
        _, hub = empty_hub(folder / "hub")
        (folder / "secret").write_text(_SECRET)
        marker = folder / "ran"
        with CONTROLS[without]() if without else nullcontext():
            for one in sent(folder, marker):
                came = [*_by_each_way(hub, one), *_by_each_reader(one)]
                count.update(came)
                if marker.exists():
                    wrong.append(f"{one.name} ran")
                    marker.unlink()
                bad = {"expanded"} if one.told else {"expanded", "taken", "read"}
                wrong += [f"{one.name} was {how}" for how in sorted(bad & {*came})]
                progress(1)
        hub.database.close()
    tried = count.total()
    return {
        "n": tried,
        "refused": count["refused"],
        "taken_as_words": count["taken as words"],
        "ran_or_taken": len(wrong),
        "examples": wrong[:_SHOWN],
    }


def sent(folder: Path, marker: Path) -> Iterator[Sent]:
    """All of it."""
    made = _Touches(marker)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield Sent(f"a pickle of protocol {protocol}", pickle.dumps(made, protocol=protocol))
    packed = base64.b64encode(pickle.dumps(made)).decode()
    event = {**_HEAD, "id": "f26-packed", "datacontenttype": "application/x-python-serialize"}
    yield Sent("a pickle within an event", json.dumps(event | {"data_base64": packed}).encode())
    code = compile(f"import os; os.mknod({str(marker)!r})", "sent", "exec")
    yield Sent("marshalled code", marshal.dumps(code))
    for tag in ("apply:os.mknod", "new:os.mknod", "name:os.mknod"):
        yield Sent(f"YAML with {tag}", f"!!python/object/{tag} [{marker}]\n".encode())
    for key in ("py/reduce", "__reduce__", "py/object", "$type", "@class"):
        shape = {key: [{"py/function": "os.mknod"}, [str(marker)]]}
        made_of = {**_HEAD, "id": f"f26-{key}", "data": shape}
        yield Sent(f"an object made of {key}", json.dumps(made_of).encode())
    yield from _xml(folder)
    for number, words in enumerate(_words(marker)):
        yield Sent(f"the words {words.partition(str(folder))[0]}", _told(words, number), told=True)


def _xml(folder: Path) -> Iterator[Sent]:
    outside = f"file://{folder}/secret"
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    for name, defined, word in (
        ("an entity", f'<!ENTITY e "{_SECRET}">', "&e;"),
        ("an entity of a file", f'<!ENTITY e SYSTEM "{outside}">', "&e;"),
        ("a parameter entity", f'<!ENTITY % e SYSTEM "{outside}"> %e;', "x"),
        ("a billion laughs", f'<!ENTITY l0 "{_SECRET}">{laughs}', "&l8;"),
        ("an attribute with a default", f'<!ATTLIST r a CDATA "{_SECRET}">', "x"),
    ):
        text = f'<?xml version="1.0"?><!DOCTYPE r [{defined}]><r><a>{word}</a></r>'
        yield Sent(f"XML with {name}", text.encode())
    yield Sent("XML with a type of elsewhere", f'<!DOCTYPE r SYSTEM "{outside}"><r/>'.encode())


def _words(marker: Path) -> Iterator[str]:
    yield f"__import__('os').mknod('{marker}')"
    yield f"{{{{ cycler.__init__.__globals__.os.mknod('{marker}') }}}}"
    yield f"$(touch {marker}) `touch {marker}` ; touch {marker}"
    yield f"=cmd|'/c touch {marker}'!A1"
    yield f"${{jndi:file://{marker}}} %{{os.mknod('{marker}')}} #{{`touch {marker}`}}"
    yield f"'; DROP TABLE journal; COPY journal TO '{marker}'; --"


def _told(words: str, number: int) -> bytes:
    """A notification that is sound otherwise."""
    person = {
        "identifier": [],
        "name": [{"given_name": [words], "family_name": [words]}],
        "date_of_birth": {"date": "2015-02-09"},
    }
    said = {"subject": person, "narrative": words, "reference": f"F26-{number}"}
    event = {**_HEAD, "id": f"f26-told-{number}", "dataschema": "urn:mash-hub:v1"}
    return json.dumps(event | {"data": said | {"observed_at": "2026-06-10T09:40:00Z"}}).encode()


def _by_each_way(hub: Hub, one: Sent) -> Iterator[str]:
    """What became of it in each content type, by each way in."""
    route = routes_of(hub).by_code[_AGENCY]
    attributes = {**_HEAD, "id": "f26-binary", "dataschema": "urn:mash-hub:v1"}
    for way in _WAYS:
        door = Door(route, way, dt.datetime.now(dt.UTC))
        for kind in ("application/cloudevents+json",) if one.told else _TYPES:
            arrivals = parse(door, one.body, content_type=kind, attributes=attributes)
            for receipt in hub.intake.take(arrivals):
                yield _how(one, is_refused=receipt.status is ReceiptStatus.REJECTED)
    hub.embedded().drain()


def _how(one: Sent, *, is_refused: bool) -> str:
    if is_refused:
        return "refused"
    return "taken as words" if one.told else "taken"


def _by_each_reader(one: Sent) -> Iterator[str]:
    """What an agency's own format would make of it."""
    for kind in get_args(Kind):
        for record in records(kind, BytesIO(one.body), reading=Reading()):
            if isinstance(record.content, Refusal):
                yield "refused"
            else:
                yield "expanded" if _holds(record.content, _SECRET) else "read as it stands"


def _holds(content: Any, words: str) -> bool:
    """Whether a record holds what no part of its text says."""
    if hasattr(content, "itertext"):
        return words in "".join(content.itertext()) + str([part.attrib for part in content.iter()])
    return False
