"""Media types, and which of the readers' formats they and file names stand for."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath

from connectors.formats.records import Kind

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"

_KINDS: Mapping[str, Kind] = {
    "application/xml": "xml",
    "text/xml": "xml",
    "application/x-ndjson": "json-lines",
    "application/jsonl": "json-lines",
    "text/csv": "csv",
    "application/hl7-v2": "hl7",
    "x-application/hl7-v2+er7": "hl7",
}
_SUFFIXES: Mapping[str, Kind] = {
    ".xml": "xml",
    ".json": "json",
    ".jsonl": "json-lines",
    ".ndjson": "json-lines",
    ".csv": "csv",
    ".hl7": "hl7",
}
NAMES: Mapping[Kind, str] = {
    "xml": "application/xml",
    "json": "application/json",
    "json-lines": "application/x-ndjson",
    "csv": "text/csv",
    "hl7": "application/hl7-v2",
}
"""The media type by which the hub itself calls each format."""
_PUBLIC = frozenset({*mimetypes.types_map.values(), *NAMES.values(), STRUCTURED, BATCH})


@dataclass(frozen=True, slots=True)
class MediaType:
    """``name`` in lower case, without its parameters."""

    name: str
    parameters: Mapping[str, str]

    @property
    def kind(self) -> Kind | None:
        """The format that this is, where there is a reader for it."""
        if self.name.endswith(("+json", "/json")):  # CloudEvents' JSON format, section 3.1.1
            return "json"
        return "xml" if self.name.endswith("+xml") else _KINDS.get(self.name)

    @property
    def public_name(self) -> str:
        """A name to keep in clear: not one that a sender makes up, which could be anybody's."""
        return self.name if self.name in _PUBLIC else name_of(self.kind)


@lru_cache(maxsize=128)
def media_type(written: str) -> MediaType:
    """Read a Content-Type; never fails: what cannot be read is a name that nothing knows."""
    name, *rest = "".join(letter for letter in written if letter.isprintable()).split(";")
    pairs = (part.partition("=") for part in rest)
    return MediaType(
        name.strip().lower(), {key.strip().lower(): value.strip(' "') for key, _, value in pairs}
    )


def name_of(kind: Kind | None) -> str:
    """What the hub calls such content."""
    return NAMES[kind] if kind else "application/octet-stream"


def kind_of_file(filename: str) -> Kind | None:
    """The format that a file's suffix stands for."""
    return _SUFFIXES.get(PurePath(filename).suffix.lower())


def suffix_of(kind: Kind) -> str:
    """How the names of such files end."""
    return next(suffix for suffix, one in _SUFFIXES.items() if one == kind)
