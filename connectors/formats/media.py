"""Media types, and which of the readers' formats they and file names stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from connectors.formats.readers import Kind

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"

_KINDS: Mapping[str, Kind] = {
    "application/xml": "xml",
    "text/xml": "xml",
    "application/json": "json",
    "application/x-ndjson": "json-lines",
    "application/jsonl": "json-lines",
    "text/csv": "csv",
}
_SUFFIXES: Mapping[str, Kind] = {
    ".xml": "xml",
    ".json": "json",
    ".jsonl": "json-lines",
    ".ndjson": "json-lines",
    ".csv": "csv",
}
NAMES: Mapping[Kind, str] = {
    "xml": "application/xml",
    "json": "application/json",
    "json-lines": "application/x-ndjson",
    "csv": "text/csv",
}
"""The media type by which the hub itself calls each format."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """``name`` in lower case, without its parameters."""

    name: str
    parameters: Mapping[str, str]

    @property
    def kind(self) -> Kind | None:
        """The format that this is, where there is a reader for it."""
        if self.name in _KINDS:
            return _KINDS[self.name]
        return (
            "json" if self.name.endswith("+json") else "xml" if self.name.endswith("+xml") else None
        )


def media_type(written: str) -> MediaType:
    """Read a Content-Type; never fails: what cannot be read is a name that nothing knows."""
    name, *rest = "".join(letter for letter in written if letter.isprintable()).split(";")
    pairs = (part.partition("=") for part in rest)
    return MediaType(
        name.strip().lower(), {key.strip().lower(): value.strip(' "') for key, _, value in pairs}
    )


def kind_of_file(filename: str) -> Kind | None:
    """The format that a file's suffix stands for."""
    return _SUFFIXES.get(PurePath(filename).suffix.lower())
