"""More of what SIMULATED agencies get wrong: odd JSON, CSV, XML, dropped files and queue messages.

:mod:`tests.proofs.place` has agencies for them.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

from connectors.formats.media import BATCH
from ops.demo.simulation.bad import Bad, event_of, in_json, notification


def worse_messages(tag: str = "0001") -> list[Bad]:
    """One of each kind, in a fixed order. Another ``tag``, four digits, makes other messages."""
    kinds = (_odd_json, _batches, _unfitting, _csv, _xml, _dropped, _queued)
    return [bad for kind in kinds for bad in kind(tag)]


def _odd_json(tag: str) -> Iterator[Bad]:
    event = json.dumps(event_of(tag, id=f"bad-{tag}-odd"))
    nan = event.replace('"phone": null', '"phone": NaN')
    twice = event.replace('"specversion"', f'"source": "urn:again:{tag}", "specversion"', 1)
    zipped, wide = gzip.compress(event.encode(), mtime=0), event.encode("utf-16")
    half, nul = (event.replace("Invented", f"\\{code}") for code in ("ud800", "u0000"))
    refused = {
        "field-twice": ("unreadable.repeated-key", twice.encode()),
        "zipped": ("unreadable.encoding", zipped),
        "utf-16": ("unreadable.encoding", wide),
    }
    for name, (reason, body) in refused.items():
        yield Bad(name=name, reason=reason, body=body)
    words, odd = "data.narrative", "invalid.characters"
    taken = {
        "not-a-number": ("unreadable.number", "data.phone", nan, "NaN"),
        "half-a-character": (odd, words, half, '"\\ud800 for a test."'),
        "nul": (odd, words, nul, '"\\u0000 for a test."'),
    }
    for name, (reason, at, text, aside) in taken.items():
        event = text.replace(f"bad-{tag}-odd", f"bad-{tag}-{name}")
        yield Bad(name=name, reason=reason, field=at, body=event.encode(), aside=aside)


def _batches(tag: str) -> Iterator[Bad]:
    event = json.dumps(event_of(tag, id=f"bad-{tag}-odd")).encode()
    text = f"A child {tag}".encode()
    bodies = {
        "no-format": ("unknown.format", "Content-Type", "text/plain", text),
        "batch-of-one": ("unreadable.event", None, BATCH, event),
    }
    for name, (reason, at, content_type, body) in bodies.items():
        yield Bad(name=name, reason=reason, field=at, content_type=content_type, body=body)


def _unfitting(tag: str) -> Iterator[Bad]:
    """Well said in the hub's own shape, but not by who may say it, or with more than it knows."""
    rating = {"colour": "red", "decided_by": "Nobody", "rationale": "None"}
    answer = {"request_id": tag, "known": False, "answered_by": "A", "mood": "bad"}
    decided = _own(tag, "mash.rating-decision.v1", data=rating)
    answered = _own(tag, "mash.information-response.v1", data=answer)
    yield in_json("not-your-role", decided, reason="refused.role", field=None)
    yield in_json("unknown-field", answered, reason="invalid.unknown-field", field="data")


def _own(tag: str, type_: str, *, data: dict[str, Any]) -> dict[str, Any]:
    about = {"referral_id": tag, "case_id": tag}
    return event_of(tag, type=type_, data=about | data, dataschema="urn:mash-hub:v1")


_COLUMNS = (
    "Referral No,Referral Date,Forename,Surname,Known As,Former Name,"
    "DOB,DOB Estimated,Expected DOB,Sex,NHS No,NHS No Absent Reason,UPN,"
    "Address 1,Address 2,Town,Postcode,UPRN,Telephone,"
    "Carer Name,Carer Relationship,Carer DOB,"
    "Parents Informed,Consent,Consent Note,Reason for Referral"
)


def _csv(tag: str) -> Iterator[Bad]:
    short = f"{_COLUMNS}\nCS-{tag},12/03/2026 09:30\n"
    renamed = _row(tag).replace("Surname", "Family", 1)
    unquoted = _row(tag, **{"Reason for Referral": '"Invented'})
    bodies = {
        "csv-short-row": ("unreadable.csv", "row 2", short, None),
        "csv-open-quote": ("invalid.quotes", "row 2", unquoted, unquoted.splitlines()[1]),
        "csv-no-column": ("missing.column", "row 2, Surname", renamed, ""),
        "csv-bad-date": ("invalid.date", "row 2, DOB", _row(tag, DOB="30/02/2020"), "30/02/2020"),
        "csv-bad-code": ("invalid.code", "row 2, Sex", _row(tag, Sex="purple"), "purple"),
        "csv-no-reference": (
            "missing.field",
            "row 2, Referral No",
            _row(tag, **{"Referral No": ""}),
            "",
        ),
    }
    for name, (reason, at, text, aside) in bodies.items():
        told = {"reason": reason, "field": at, "aside": aside}
        yield _binary(name, text, tag=tag, kind="text/csv", **told)


def _row(tag: str, **changes: str) -> str:
    """A file of the case system with one row, in which but for ``changes`` nothing is wrong."""
    values = {
        "Referral No": f"CS-{tag}",
        "Referral Date": "12/03/2026 09:30",
        "Surname": "Sample",
        "Sex": "F",
        "DOB": "29/09/2020",
        "Address 1": f"{tag} Example Street",
        "Reason for Referral": "Invented.",
    } | changes
    row = ",".join(values.get(column, "") for column in _COLUMNS.split(","))
    return f"{_COLUMNS}\n{row}\n"


_PAC = """<MerlinFeed><PreAssessmentChecklist URN="26PAC{tag}"><Incident>\
<DateTime>14/03/2026 02:15</DateTime>
<Circumstances>Invented.</Circumstances></Incident><Subject><Surname>SAMPLE</Surname>
<DateOfBirth>20/07/2020</DateOfBirth><Sex>U</Sex></Subject></PreAssessmentChecklist></MerlinFeed>"""
_BOMB = '<!DOCTYPE MerlinFeed [<!ENTITY a "aaaa">]>'


def _xml(tag: str) -> Iterator[Bad]:
    pac = _PAC.format(tag=tag)
    unsigned = pac.replace(f' URN="26PAC{tag}"', "") + f"<!-- {tag} -->"
    dated = pac.replace("20/07/2020", f"2020-07-20-{tag}")
    other = f"<MerlinFeed><Card>{tag}</Card></MerlinFeed>"
    bomb = _BOMB + pac.replace("Invented", "&a;")
    bodies = {
        "xml-cut-off": ("unreadable.xml", None, pac[:-15], None),
        "xml-entities": ("unreadable.xml-entities", None, bomb, None),
        "xml-no-reference": ("missing.field", "@URN", unsigned, ""),
        "xml-bad-date": ("invalid.date", "Subject/DateOfBirth", dated, f"2020-07-20-{tag}"),
        "xml-not-a-feed": ("missing.field", "PreAssessmentChecklist", other, None),
    }
    for name, (reason, at, text, aside) in bodies.items():
        told = {"reason": reason, "field": at, "aside": aside}
        yield _binary(name, text, tag=tag, kind="application/xml", **told)


_SENDER = {"text/csv": "early_help", "application/xml": "police_cait"}


def _binary(name: str, text: str, *, tag: str, kind: str, **told: Any) -> Bad:
    """In binary mode: the attributes of the event are headers, and the body is the agency's own."""
    attributes = {
        "specversion": "1.0",
        "id": f"bad-{tag}-{name}",
        "source": "urn:simulated",
        "type": "mash.notification.v1",
    }
    return Bad(
        name=name,
        body=text.encode(),
        content_type=kind,
        headers={f"ce-{key}": value for key, value in attributes.items()},
        agency=_SENDER[kind],
        **told,
    )


def _dropped(tag: str) -> Iterator[Bad]:
    good = notification(tag) | {"source_agency": "school"}
    line = json.dumps(good | {"sex": "purple", "notification_id": tag}).encode()
    lines = json.dumps(good).encode() + b"\n" + line + b"\n"
    files = {
        "letter.docx": ("file-of-no-format", "unknown.format", None, f"PK {tag}".encode()),
        "nothing.jsonl": ("file-of-nothing", "unreadable.empty", None, b"\n" * int(tag)),
        "lines.jsonl": ("one-bad-line", "invalid.code", "line 2, sex", lines),
    }
    for filename, (name, reason, at, body) in files.items():
        yield Bad(
            name=name,
            reason=reason,
            field=at,
            body=body,
            content_type="",
            agency="school",
            way="folder",
            filename=filename,
            aside="purple" if body is lines else None,
        )


def _queued(tag: str) -> Iterator[Bad]:
    event = json.dumps(event_of(tag, id=f"bad-{tag}-queued"))
    untyped, noise = event.replace('"type"', '"kind"').encode(), f"\x80\x04 {tag}".encode()
    yield _on_queue("queued-noise", noise, reason="unreadable.json", field=None)
    yield _on_queue(
        "queued-pickle",
        event.encode(),
        reason="unknown.format",
        field="Content-Type",
        content_type="application/x-python-serialize",
    )
    yield _on_queue("queued-no-type", untyped, reason="unreadable.event", field="type")


def _on_queue(name: str, body: bytes, **said: Any) -> Bad:
    return Bad(name=name, body=body, agency="csc_duty_team", way="queue", **said)
