"""The ways to read one value of an agency's format; mappings name them with ``as``."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from connectors.not_taken import NotTaken


@dataclass(frozen=True, slots=True)
class Options:
    """What a rule may add to its converter."""

    format: str | None
    """As ``strptime`` has it."""
    zone: ZoneInfo
    """Of times that do not say their own."""
    join: str
    codes: Mapping[str, str | bool]
    """By the sender's code, casefolded."""
    otherwise: str | bool | None
    """For codes that are not in ``codes``."""
    expected: str | None = None
    """What a value that can be read looks like, in words for the sender."""


Convert = Callable[[object, Options], object | None]
"""From what stood there to the hub's value; None for nothing. Raises a bare ``NotTaken``."""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise NotTaken("invalid.value")
    return value.strip()


def _texts(value: object) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [text for item in items if item is not None and (text := _text(item))]


def text(value: object, options: Options) -> object | None:
    """Text without the spaces around it; several texts joined."""
    one = value.strip() if isinstance(value, str) else options.join.join(_texts(value))
    return one or None


def listed(value: object, _: Options) -> object | None:
    """A list of texts; one text is a list of one."""
    return _texts(value) or None


def words(value: object, _: Options) -> object | None:
    """The words of a text or of several: the parts of a compound name stand apart."""
    return " ".join(_texts(value)).split() or None


def given_names(value: object, _: Options) -> object | None:
    """All words of a full name but the last, its family name; a single word is a given name."""
    parts = _text(value).split()
    return parts[:-1] or parts or None


def family_name(value: object, _: Options) -> object | None:
    """The last word of a full name of two words or more."""
    parts = _text(value).split()
    return parts[-1:] if len(parts) > 1 else None


def before_comma(value: object, _: Options) -> object | None:
    """The words before the comma of ``FAMILY, Given``."""
    return _text(value).partition(",")[0].split() or None


def after_comma(value: object, _: Options) -> object | None:
    """The words after the comma of ``FAMILY, Given``."""
    return _text(value).partition(",")[2].split() or None


def digits(value: object, _: Options) -> object | None:
    """A number without the spaces and hyphens that people write in it."""
    return _text(value).replace(" ", "").replace("-", "") or None


def postcode(value: object, _: Options) -> object | None:
    """A postcode as ``AB1 2CD``; any other text is kept as it came, for people to read."""
    written = _text(value).upper()
    match = re.fullmatch(r"([A-Z]{1,2}\d[A-Z\d]?)\s*(\d[A-Z]{2})", written)
    return f"{match[1]} {match[2]}" if match else written or None


def code(value: object, _: Options) -> object | None:
    """A text as a code of the hub: ``Duty Team`` becomes ``duty-team``."""
    return re.sub(r"[^a-z0-9_.:-]+", "-", _text(value).lower()).strip("-") or None


def date(value: object, options: Options) -> object | None:
    """A date, of the given ``format`` or as 2026-03-12."""
    written = _text(value)
    if not written:
        return None
    try:
        if options.format:
            return dt.datetime.strptime(written, options.format).date()
        if len(written) == 10:  # fromisoformat takes 20260312 and 2026-W11-4 too
            return dt.date.fromisoformat(written)
    except ValueError:
        raise NotTaken("invalid.date") from None
    raise NotTaken("invalid.date")


def moment(value: object, options: Options) -> object | None:
    """A moment, of the given ``format`` and the mapping's zone, or RFC 3339 with an offset."""
    written, form = _text(value), options.format
    if not written:
        return None
    try:
        read = dt.datetime.strptime(written, form) if form else dt.datetime.fromisoformat(written)
    except ValueError:
        raise NotTaken("invalid.time") from None
    if read.tzinfo is None and not form:
        raise NotTaken("invalid.time")
    return read if read.tzinfo else read.replace(tzinfo=options.zone)


def coded(value: object, options: Options) -> object | None:
    """The hub's code for the sender's, by the rule's ``codes``; capitals do not matter."""
    written = str(value).strip().casefold() if isinstance(value, (str, bool)) else None
    if written == "":
        return None
    found = options.codes.get(written, options.otherwise) if written is not None else None
    if found is None:
        raise NotTaken("invalid.code")
    return found


def _address_part(pick: Callable[[list[str]], list[str]]) -> Convert:
    def convert(value: object, _: Options) -> object | None:
        lines = _texts(value)
        if len(lines) == 1:
            lines = [line for part in re.split(r"[\n,]", lines[0]) if (line := part.strip())]
        return ", ".join(pick(lines)) or None

    return convert


CONVERTERS: dict[str, Convert] = {
    "text": text,
    "list": listed,
    "words": words,
    "given-names": given_names,
    "family-name": family_name,
    "before-comma": before_comma,
    "after-comma": after_comma,
    "digits": digits,
    "postcode": postcode,
    "code": code,
    "date": date,
    "moment": moment,
    "coded": coded,
    # Address lines as people write them: the last of three or more is the town, what is left
    # over joins line 1.
    "address-line1": _address_part(lambda lines: lines[: max(1, len(lines) - 2)]),
    "address-line2": _address_part(lambda lines: lines[-2:-1] if len(lines) > 2 else lines[1:2]),
    "address-city": _address_part(lambda lines: lines[-1:] if len(lines) > 2 else []),
}
"""What ``as`` may say in a mapping."""
