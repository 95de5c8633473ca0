"""The ways to read one value of an agency's format; mappings name them with ``as``."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from connectors.formats.strict_json import NotANumber
from connectors.not_taken import NotTaken


@dataclass(frozen=True, slots=True)
class Options:
    """What a rule may add to its converter."""

    formats: tuple[str, ...]
    """As ``strptime`` has them; the first that fits is taken."""
    zone: ZoneInfo
    """Of times that do not say their own."""
    join: str
    codes: Mapping[str, str | bool]
    """By the sender's code, casefolded."""
    otherwise: str | bool | None
    """For codes that are not in ``codes``."""
    without: frozenset[str] = frozenset()
    """Words that are no part of a name, such as titles, casefolded."""
    expected: str | None = None
    """What a value that can be read looks like, in words for the sender."""


Convert = Callable[[object, Options], object | None]
"""From what stood there to the hub's value; None for nothing. Raises a bare ``NotTaken``."""


def _text(value: object) -> str:
    if isinstance(value, NotANumber):
        raise NotTaken("unreadable.number")
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
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


def _words(written: str, options: Options) -> list[str]:
    """The words without titles, however these are dotted and capitalised."""
    found = written.split()
    while found and found[0].casefold().rstrip(".,") in options.without:
        found = found[1:]
    return found


def words(value: object, options: Options) -> object | None:
    """The words of a text or of several: the parts of a compound name stand apart."""
    return _words(" ".join(_texts(value)), options) or None


def given_names(value: object, options: Options) -> object | None:
    """All words of a full name but the last, its family name; a single word is a given name.

    After a title it is the family name.
    """
    parts = _words(_text(value), options)
    return parts[:-1] or (None if _has_title(value, parts) else parts) or None


def family_name(value: object, options: Options) -> object | None:
    """The last word of a full name of two words or more, or of one after a title."""
    parts = _words(_text(value), options)
    return parts[-1:] if len(parts) > 1 or (parts and _has_title(value, parts)) else None


def _has_title(value: object, parts: Sequence[str]) -> bool:
    return len(_text(value).split()) > len(parts)


def before_comma(value: object, options: Options) -> object | None:
    """The words before the comma of ``FAMILY, Given``."""
    return _words(_text(value).partition(",")[0], options) or None


def after_comma(value: object, options: Options) -> object | None:
    """The words after the comma of ``FAMILY, Given``."""
    return _words(_text(value).partition(",")[2], options) or None


def digits(value: object, _: Options) -> object | None:
    """A number without the spaces and hyphens that people write between its digits."""
    return _GAPS.sub("", _text(value)) or None


_GAPS = re.compile(r"(?<=\w)[\s\u00ad\u2010-\u2015-]+(?=\w)")


def postcode(value: object, _: Options) -> object | None:
    """A postcode as ``BD54 5UN``; any other text is kept as it came, for people to read."""
    written = _text(value).upper()
    match = re.fullmatch(r"([A-Z]{1,2}\d[A-Z\d]?)\s*(\d[A-Z]{2})", written)
    return f"{match[1]} {match[2]}" if match else written or None


def code(value: object, _: Options) -> object | None:
    """A text as a code of the hub: ``Duty Team`` becomes ``duty-team``."""
    parts = unicodedata.normalize("NFD", _text(value).lower())
    plain = "".join(letter for letter in parts if not unicodedata.combining(letter))
    if any(letter.isalnum() and not letter.isascii() for letter in plain):
        raise NotTaken("invalid.code")
    return re.sub(r"[^a-z0-9_.:-]+", "-", plain).strip("-") or None


def date(value: object, options: Options) -> object | None:
    """A date, of the given ``format``, or as 2026-03-12 or 20260312."""
    read = _read(value, options.formats or ("%Y-%m-%d", "%Y%m%d"), reason="invalid.date")
    return read[0].date() if read else None


def partial_date(value: object, options: Options) -> object | None:
    """A date of which day, or day and month, may be unknown: ``2018-03`` or ``2018``."""
    read = _read(value, options.formats or ("%Y-%m-%d", "%Y-%m", "%Y"), reason="invalid.date")
    if read is None:
        return None
    moment, form = read
    unknown = ["U" if not any(code in form for code in codes) else "A" for codes in _PARTS]
    return {"date": moment.date(), "accuracy_indicator": "".join(unknown)}


_PARTS = (("%d", "%j", "%e"), ("%m", "%b", "%B", "%j"), ("%Y", "%y"))
"""How formats name day, month and year."""


def moment(value: object, options: Options) -> object | None:
    """A moment, of the given ``format`` and the mapping's zone, or RFC 3339 with an offset."""
    written = _text(value)
    if not written:
        return None
    if options.formats:
        found = _read(written, options.formats, reason="invalid.time")
        assert found is not None
        read = found[0]
        return read if read.tzinfo else read.replace(tzinfo=options.zone)
    try:
        read = dt.datetime.fromisoformat(written)
    except ValueError:
        raise NotTaken("invalid.time") from None
    if read.tzinfo is None:
        raise NotTaken("invalid.time")
    return read


def _read(value: object, formats: Sequence[str], *, reason: str) -> tuple[dt.datetime, str] | None:
    """What is written there, and in which of the formats; None for nothing."""
    written = _text(value)
    if not written:
        return None
    for form in formats:
        try:
            return _parse(written, form), form
        except ValueError:
            continue
    raise NotTaken(reason)


def _parse(written: str, form: str) -> dt.datetime:
    # strptime takes 2026-3-1 for %Y-%m-%d, and 2026112 for %Y%m%d; ISO 8601 is written whole.
    if form in _WHOLE and len(written) != len(_A_DAY.strftime(form)):
        raise ValueError(form)
    if form == "%Y-%m-%d" and written[7] == "-":  # strptime is slow
        return dt.datetime.fromisoformat(written)
    return dt.datetime.strptime(written, form)


_A_DAY = dt.datetime(2026, 3, 12, tzinfo=dt.UTC)
_TO_MINUTE, _TO_SECOND = "%Y%m%d%H%M", "%Y%m%d%H%M%S"
_WHOLE = frozenset(
    {"%Y-%m-%d", "%Y%m%d", "%Y%m", "%Y%m%d%H"}
    | {form + zone for form in (_TO_MINUTE, _TO_SECOND) for zone in ("", "%z")}
)
"""Forms in which every part has all its digits."""


def coded(value: object, options: Options) -> object | None:
    """The hub's code for the sender's, by the rule's ``codes``; capitals do not matter."""
    written = str(value).strip().casefold() if isinstance(value, (str, int)) else None
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
    "partial-date": partial_date,
    "moment": moment,
    "coded": coded,
    # Address lines as people write them: the last of three or more is the town, what is left
    # over joins line 1.
    "address-line1": _address_part(lambda lines: lines[: max(1, len(lines) - 2)]),
    "address-line2": _address_part(lambda lines: lines[-2:-1] if len(lines) > 2 else lines[1:2]),
    "address-city": _address_part(lambda lines: lines[-1:] if len(lines) > 2 else []),
}
"""What ``as`` may say in a mapping."""

SEVERAL = frozenset({"text", "list", "words", "address-line1", "address-line2", "address-city"})
"""Those that read a list as well as one; the others take the one of several that can be read."""
