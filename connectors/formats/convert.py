"""The fixed list of ways to read one value of an agency's format; mappings name them with
``as``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from connectors.not_taken import NotTaken

Convert = Callable[[object], object | None]
"""From what stood there to the hub's value; None for nothing. Raises a bare ``NotTaken``."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a rule may add to its converter: a ``strptime`` format, the zone of times without one, a
    join, codes.
    """

    format: str | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/London"))
    join: str = " "
    codes: Mapping[str, str | bool] | None = None
    otherwise: str | bool | None = None


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        raise NotTaken("invalid.value")
    return value.strip() or None


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [stripped] if (stripped := value.strip()) else []
    if not isinstance(value, list):
        raise NotTaken("invalid.value")
    try:
        return [stripped for item in value if item is not None and (stripped := item.strip())]
    except AttributeError:
        raise NotTaken("invalid.value") from None


def text(options: Options) -> Convert:
    """Text without the spaces around it; several texts joined."""
    join = options.join

    def convert(value: object) -> object | None:
        if isinstance(value, str):
            return value.strip() or None
        return join.join(_texts(value)) or None

    return convert


def listed(_: Options) -> Convert:
    """A list of texts; one text is a list of one."""
    return lambda value: _texts(value) or None


def words(_: Options) -> Convert:
    """The words of a text or of several: the parts of a compound name stand apart."""
    return lambda value: [word for item in _texts(value) for word in item.split()] or None


def given_names(_: Options) -> Convert:
    """Of a full name in the order given, family: all but the last word; a single word is a given
    name.
    """

    def convert(value: object) -> object | None:
        parts = (_text(value) or "").split()
        return parts[:-1] or parts or None

    return convert


def family_name(_: Options) -> Convert:
    """Of a full name in the order given, family: the last word, where there are two or more."""

    def convert(value: object) -> object | None:
        parts = (_text(value) or "").split()
        return parts[-1:] if len(parts) > 1 else None

    return convert


def before_comma(_: Options) -> Convert:
    """The words before the comma of ``FAMILY, Given``."""
    return lambda value: (_text(value) or "").partition(",")[0].split() or None


def after_comma(_: Options) -> Convert:
    """The words after the comma of ``FAMILY, Given``."""
    return lambda value: (_text(value) or "").partition(",")[2].split() or None


def digits(_: Options) -> Convert:
    """A number without the spaces and hyphens that people write in it."""
    return lambda value: (_text(value) or "").replace(" ", "").replace("-", "") or None


_POSTCODE = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?)\s*(\d[A-Z]{2})")


def postcode(_: Options) -> Convert:
    """A postcode as ``AB1 2CD``; one that has not that form is kept as it came, for people to
    read.
    """

    def convert(value: object) -> object | None:
        written = (_text(value) or "").upper()
        match = _POSTCODE.fullmatch(written)
        return f"{match[1]} {match[2]}" if match else written or None

    return convert


def code(_: Options) -> Convert:
    """A text as a code of the hub: ``Duty Team`` becomes ``duty-team``."""

    def convert(value: object) -> object | None:
        return re.sub(r"[^a-z0-9_.:-]+", "-", (_text(value) or "").lower()).strip("-") or None

    return convert


def date(options: Options) -> Convert:
    """A date, of the given ``format`` or as 2026-03-12."""
    form = options.format

    def convert(value: object) -> object | None:
        written = _text(value)
        if written is None:
            return None
        try:
            return dt.datetime.strptime(written, form).date() if form else _iso_date(written)
        except ValueError:
            raise NotTaken("invalid.date") from None

    return convert


def _iso_date(written: str) -> dt.date:
    if len(written) != 10:  # fromisoformat takes 20260312 and 2026-W11-4 too
        raise ValueError
    return dt.date.fromisoformat(written)


def moment(options: Options) -> Convert:
    """A moment: of the given ``format``, in the mapping's zone unless it says its own; or RFC 3339
    with an offset.
    """
    form, zone = options.format, options.zone

    def convert(value: object) -> object | None:
        written = _text(value)
        if written is None:
            return None
        try:
            read = (
                dt.datetime.strptime(written, form) if form else dt.datetime.fromisoformat(written)
            )
        except ValueError:
            raise NotTaken("invalid.time") from None
        if read.tzinfo is not None:
            return read
        if not form:
            raise NotTaken("invalid.time")
        return read.replace(tzinfo=zone)

    return convert


def coded(options: Options) -> Convert:
    """The hub's code for the sender's, by the rule's ``codes``; capitals do not matter. Unknown:
    ``otherwise``.
    """
    table = {written.casefold(): mine for written, mine in (options.codes or {}).items()}
    otherwise = options.otherwise

    def convert(value: object) -> object | None:
        written = str(value).strip().casefold() if isinstance(value, (str, bool)) else None
        if written == "":
            return None
        found = table.get(written, otherwise) if written is not None else None
        if found is None:
            raise NotTaken("invalid.code")
        return found

    return convert


def _address_part(pick: Callable[[list[str]], list[str]]) -> Callable[[Options], Convert]:
    def make(_: Options) -> Convert:
        def convert(value: object) -> object | None:
            lines = _texts(value)
            if len(lines) == 1 and ("," in lines[0] or "\n" in lines[0]):
                lines = [line for part in re.split(r"[\n,]", lines[0]) if (line := part.strip())]
            return ", ".join(pick(lines)) or None

        return convert

    return make


CONVERTERS: dict[str, Callable[[Options], Convert]] = {
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
    # Address lines as people write them: the last of three or more is the town, what is left over
    # joins line 1.
    "address-line1": _address_part(lambda lines: lines[: max(1, len(lines) - 2)]),
    "address-line2": _address_part(lambda lines: lines[-2:-1] if len(lines) > 2 else lines[1:2]),
    "address-city": _address_part(lambda lines: lines[-1:] if len(lines) > 2 else []),
}
"""What ``as`` may say in a mapping."""
