"""What SIMULATED agencies get wrong: one message of each kind, for demonstrations, proofs and tests
of intake.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Mapping
from typing import Any, Literal

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
OWN_SHAPE = "urn:mash-hub:v1"

Way = Literal["http", "queue", "folder"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Bad:
    """A message that no hub can take, with the reason code and the field that its sender must be
    told.
    """

    name: str
    reason: str
    content_type: str
    body: bytes
    field: str | None = None
    agency: str = "police"
    way: Way = "http"
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """CloudEvents attributes of binary mode."""
    filename: str | None = None
    """Of a dropped file; its name ends so."""
    kept: bytes | None = None
    """What is kept of it, where that is not all: one line of a file, for example."""

    @property
    def original(self) -> bytes:
        """The bytes that must be in its dead letter."""
        return self.body if self.kept is None else self.kept


def bad_messages(tag: str = "0001") -> list[Bad]:
    """One of each kind that comes in JSON over HTTP, in a fixed order. Another ``tag`` makes other
    messages.
    """
    return [*_unreadable(tag), *_wrong_envelopes(tag), *_wrong_fields(tag)]


def worse_messages(tag: str = "0001") -> list[Bad]:
    """More kinds, in CSV and XML, over queues and in files; ``tests.proofs.place`` has agencies for
    them.
    """
    return [*_odd_json(tag), *_csv(tag), *_xml(tag), *_dropped(tag), *_queued(tag)]


def _event(tag: str, **changes: Any) -> dict[str, Any]:
    envelope = {
        "specversion": "1.0",
        "id": f"bad-{tag}",
        "source": "urn:simulated:police",
        "type": "mash.notification.v1",
        "data": _good(tag),
    }
    return envelope | changes


def _good(tag: str) -> dict[str, Any]:
    return {
        "notification_id": f"bad-{tag}",
        "source_agency": "police",
        "source_reference": f"CN-26-{tag}",
        "observed_at": "2026-05-01T10:00:00Z",
        "given_name": "Testa",
        "middle_names": [],
        "family_name": "Sample",
        "alias_names": [],
        "date_of_birth": "2019-02-03",
        "dob_estimated": False,
        "expected_date_of_birth": None,
        "sex": "female",
        "nhs_number": None,
        "upn": None,
        "address_lines": ["1 Example Street"],
        "postcode": "LS99 9ZZ",
        "phone": None,
        "guardians": [],
        "narrative": "Invented for a test.",
    }


def _json(name: str, reason: str, field_: str | None, event: dict[str, Any]) -> Bad:
    body = json.dumps(event | {"id": f"{event['id']}-{name}"}).encode()
    return Bad(name, reason, STRUCTURED, body, field_)


def _unreadable(tag: str) -> list[Bad]:
    return [
        Bad(
            "not-utf-8",
            "unreadable.encoding",
            STRUCTURED,
            b'{"id": "' + tag.encode() + b'\xff\xfe"}',
        ),
        Bad("cut-off", "unreadable.json", STRUCTURED, json.dumps(_event(tag)).encode()[:-20]),
        Bad(
            "not-json",
            "unreadable.json",
            STRUCTURED,
            f"Dear MASH team {tag}, please see attached.".encode(),
        ),
        Bad("empty", "unreadable.empty", STRUCTURED, b" " * (int(tag) - 1)),
        Bad(
            "too-deep",
            "unreadable.too-deep",
            STRUCTURED,
            b"[" * 200 + tag.lstrip("0").encode() + b"]" * 200,
        ),
    ]


def _wrong_envelopes(tag: str) -> list[Bad]:
    sourceless = {name: value for name, value in _event(tag).items() if name != "source"}
    return [
        _json(
            "wrong-specversion", "unreadable.event", "specversion", _event(tag, specversion="0.3")
        ),
        _json("no-source", "unreadable.event", "source", sourceless),
        _json("unknown-type", "unknown.type", "type", _event(tag, type="mash.holiday-card.v1")),
    ]


def _wrong_fields(tag: str) -> list[Bad]:
    def data(name: str, reason: str, field_: str, value: Any) -> Bad:
        return _json(name, reason, f"data.{field_}", _event(tag, data=_good(tag) | {field_: value}))

    def without(name: str, field_: str) -> Bad:
        left = {key: value for key, value in _good(tag).items() if key != field_}
        return _json(name, "missing.field", f"data.{field_}", _event(tag, data=left))

    return [
        without("no-reference", "source_reference"),
        without("no-narrative", "narrative"),
        data("not-a-date", "invalid.date", "date_of_birth", "3rd of Feb"),
        data("impossible-date", "invalid.date", "date_of_birth", "2019-02-30"),
        data("not-a-time", "invalid.time", "observed_at", "yesterday"),
        data("time-without-offset", "invalid.time", "observed_at", "2026-05-01 10:00"),
        data("from-the-future", "invalid.future", "observed_at", "2126-05-01T10:00:00Z"),
        data("unknown-sex", "invalid.code", "sex", "purple"),
        data("number-for-text", "invalid.value", "narrative", 12345),
        data("text-too-long", "invalid.too-long", "narrative", "long " * 5000),
    ]


def _odd_json(tag: str) -> list[Bad]:
    event = json.dumps(_event(tag, id=f"bad-{tag}-odd"))
    decision = {
        "referral_id": tag,
        "case_id": tag,
        "colour": "red",
        "decided_by": "Nobody",
        "rationale": "None",
    }
    answer = {
        "request_id": tag,
        "referral_id": tag,
        "case_id": tag,
        "known": False,
        "answered_by": "A",
        "mood": "bad",
    }
    own, at = {"dataschema": OWN_SHAPE}, "data.narrative"
    rating = _event(tag, type="mash.rating-decision.v1", data=decision) | own
    response = _event(tag, type="mash.information-response.v1", data=answer) | own
    twice = event.replace('"specversion"', f'"source": "urn:again:{tag}", "specversion"', 1)
    return [
        Bad(
            "not-a-number",
            "unreadable.number",
            STRUCTURED,
            event.replace('"phone": null', '"phone": NaN').encode(),
            "data.phone",
        ),
        Bad("field-twice", "unreadable.repeated-key", STRUCTURED, twice.encode()),
        Bad(
            "half-a-character",
            "invalid.characters",
            STRUCTURED,
            event.replace("Invented", "\\ud800").encode(),
            at,
        ),
        Bad(
            "nul",
            "invalid.characters",
            STRUCTURED,
            event.replace("Invented", "\\u0000").encode(),
            at,
        ),
        Bad("zipped", "unreadable.encoding", STRUCTURED, gzip.compress(event.encode(), mtime=0)),
        Bad("utf-16", "unreadable.encoding", STRUCTURED, event.encode("utf-16")),
        Bad("no-format", "unknown.format", "text/plain", f"A child {tag}".encode(), "Content-Type"),
        Bad("batch-of-nothing", "unreadable.empty", BATCH, b"[" + b" " * int(tag) + b"]"),
        Bad("batch-of-one", "unreadable.event", BATCH, event.encode()),
        _json("not-your-role", "refused.role", None, rating),
        _json("unknown-field", "invalid.unknown-field", "data", response),
    ]


_COLUMNS = (
    "Referral No,Referral Date,Forename,Surname,Known As,Former Name,"
    "DOB,DOB Estimated,Expected DOB,Sex,NHS No,NHS No Absent Reason,UPN,"
    "Address 1,Address 2,Town,Postcode,UPRN,Telephone,"
    "Carer Name,Carer Relationship,Carer DOB,"
    "Parents Informed,Consent,Consent Note,Reason for Referral"
)


def _csv(tag: str) -> list[Bad]:
    def row(**changes: str) -> bytes:
        values = {
            "Referral No": f"CS-{tag}",
            "Referral Date": "12/03/2026 09:30",
            "Surname": "Sample",
            "Sex": "F",
        }
        values |= {
            "DOB": "29/09/2020",
            "Address 1": f"{tag} Example Street",
            "Reason for Referral": "Invented.",
        }
        values |= changes
        row = ",".join(values.get(column, "") for column in _COLUMNS.split(","))
        return f"{_COLUMNS}\n{row}\n".encode()

    def bad(name: str, reason: str, field_: str, body: bytes) -> Bad:
        return Bad(name, reason, "text/csv", body, field_, "early_help", headers=_binary(tag, name))

    renamed = row().replace(b"Surname", b"Family", 1)
    return [
        bad(
            "csv-short-row",
            "unreadable.csv",
            "row 2",
            f"{_COLUMNS}\nCS-{tag},12/03/2026 09:30\n".encode(),
        ),
        bad(
            "csv-open-quote", "unreadable.csv", "row 2", row(**{"Reason for Referral": '"Invented'})
        ),
        bad("csv-no-column", "missing.column", "row 2, Surname", renamed),
        bad("csv-bad-date", "invalid.date", "row 2, DOB", row(DOB="30/02/2020")),
        bad("csv-bad-code", "invalid.code", "row 2, Sex", row(Sex="purple")),
        bad("csv-no-reference", "missing.field", "row 2, Referral No", row(**{"Referral No": ""})),
    ]


_PAC = """<MerlinFeed><PreAssessmentChecklist URN="26PAC{tag}"><Incident>\
<DateTime>14/03/2026 02:15</DateTime>
<Circumstances>Invented.</Circumstances></Incident><Subject><Surname>SAMPLE</Surname>
<DateOfBirth>20/07/2020</DateOfBirth><Sex>U</Sex></Subject></PreAssessmentChecklist></MerlinFeed>"""


def _xml(tag: str) -> list[Bad]:
    pac = _PAC.format(tag=tag)
    bomb = '<!DOCTYPE MerlinFeed [<!ENTITY a "aaaa">]>' + pac.replace("Invented", "&a;")
    unsigned, late = (
        pac.replace(f' URN="26PAC{tag}"', ""),
        pac.replace("20/07/2020", f"2020-07-20-{tag}"),
    )

    def bad(name: str, reason: str, field_: str | None, text: str) -> Bad:
        return Bad(
            name,
            reason,
            "application/xml",
            text.encode(),
            field_,
            "police_cait",
            headers=_binary(tag, name),
        )

    return [
        bad("xml-cut-off", "unreadable.xml", None, pac[:-15]),
        bad("xml-entities", "unreadable.xml-entities", None, bomb),
        bad("xml-no-reference", "missing.field", "@URN", f"{unsigned}<!-- {tag} -->"),
        bad("xml-bad-date", "invalid.date", "Subject/DateOfBirth", late),
        bad(
            "xml-not-a-feed",
            "missing.field",
            "PreAssessmentChecklist",
            f"<MerlinFeed><Card>{tag}</Card></MerlinFeed>",
        ),
    ]


def _binary(tag: str, name: str) -> dict[str, str]:
    head = {
        "specversion": "1.0",
        "id": f"bad-{tag}-{name}",
        "source": "urn:simulated",
        "type": "mash.notification.v1",
    }
    return {f"ce-{key}": value for key, value in head.items()}


def _dropped(tag: str) -> list[Bad]:
    record = _good(tag) | {"source_agency": "school"}
    good, bad = (
        json.dumps(record).encode(),
        json.dumps(record | {"sex": "purple", "notification_id": tag}).encode(),
    )
    lines = good + b"\n" + bad + b"\n"

    def drop(
        name: str,
        reason: str,
        field_: str | None,
        body: bytes,
        filename: str,
        kept: bytes | None = None,
    ) -> Bad:
        return Bad(name, reason, "", body, field_, "school", "folder", filename=filename, kept=kept)

    return [
        drop("file-of-no-format", "unknown.format", None, f"PK {tag}".encode(), "letter.docx"),
        drop("file-of-nothing", "unreadable.empty", None, b"\n" * int(tag), "nothing.jsonl"),
        drop("one-bad-line", "invalid.code", "line 2, sex", lines, "lines.jsonl", bad),
    ]


def _queued(tag: str) -> list[Bad]:
    event = json.dumps(_event(tag, id=f"bad-{tag}-queued"))

    def queued(name: str, reason: str, field_: str | None, content_type: str, body: bytes) -> Bad:
        return Bad(name, reason, content_type, body, field_, "csc_duty_team", "queue")

    return [
        queued("queued-noise", "unreadable.json", None, STRUCTURED, f"\x80\x04 {tag}".encode()),
        queued(
            "queued-pickle",
            "unknown.format",
            "Content-Type",
            "application/x-python-serialize",
            event.encode(),
        ),
        queued(
            "queued-no-type",
            "unreadable.event",
            "type",
            STRUCTURED,
            event.replace('"type"', '"kind"').encode(),
        ),
    ]
