"""Canaries that carry a mark, and the search for them in any of thirteen encodings.

Every canary ends with the same six letters. So what is searched is searched for one word, however
many canaries there are, and a canary that nobody knows any more is found, too.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import zlib
from collections.abc import Callable, Iterator

MARK = "qzjxvk"
"""Stands in no word of any language, and in no name."""
ENCODINGS = (
    "utf-8",
    "utf-16-le",
    "utf-16-be",
    "base64",
    "base32",
    "hex",
    "percent",
    "quoted-printable",
    "json escapes",
    "html entities",
    "reversed",
    "rot13",
    "compressed",
)
CUT = "a canary that was cut off"
"""Found in place of a canary of which only the mark is left."""
_LETTERS = "bcdfghlmnprstwya"
_OWN = 8
"""Letters of a canary's own, before the mark."""
_SPREAD = 0x9E3779B1
"""Odd, so no two numbers below 2**32 come to one canary, and neighbours look nothing alike."""
_WORD = re.compile(rb"([a-z]{8})?qzjxvk")
_DEEPEST = 3
"""Encodings within encodings that are looked through."""


def canary(number: int) -> str:
    """A word of fourteen letters that stands nowhere else, always the same for a number."""
    mixed = number * _SPREAD % 2**32
    own = "".join(_LETTERS[mixed >> 4 * place & 15] for place in range(_OWN))
    return own + MARK


def found_in(content: bytes, *, deep: int = _DEEPEST) -> set[tuple[str, str]]:
    """Every canary in it, each with its encoding. Nothing is well."""
    lowered = content.lower()
    found = {(word, "utf-8") for word in _plain(lowered)}
    if not deep:
        return found
    for name, decode in _DECODERS.items():
        for inner in decode(content, lowered):
            words = {word for word, _ in found_in(inner, deep=deep - 1)}
            found |= {(word, name) for word in words}
    return found


def _plain(lowered: bytes) -> Iterator[str]:
    if MARK.encode() in lowered:
        for match in _WORD.finditer(lowered):
            yield match[0].decode() if match[1] else CUT


# --- what each encoding has inside, where it has the mark


def _wide(first: int) -> Callable[[bytes, bytes], Iterator[bytes]]:
    """UTF-16: every other byte, from a place where the mark begins."""
    other = "utf-16-le" if first == 0 else "utf-16-be"
    mark = MARK.encode(other)

    def decode(_content: bytes, lowered: bytes) -> Iterator[bytes]:
        at = lowered.find(mark)
        while at >= 0:
            start = max(at - 2 * _OWN, at % 2)
            yield lowered[start + first : at + len(mark) : 2]
            at = lowered.find(mark, at + 1)

    return decode


def _escaped(before: bytes) -> Callable[[bytes, bytes], Iterator[bytes]]:
    """A letter at a time, by its number in hexadecimal: runs of at least six."""
    letter = re.escape(before) + rb"([0-9a-f]{2})"
    one, runs = re.compile(letter), re.compile(rb"(?:" + letter.replace(b"(", b"(?:") + rb"){6,}")
    # The mark may be of small letters or of capitals.
    hints = (before + b"7a" + before + b"6a", before + b"5a" + before + b"4a")

    def decode(_content: bytes, lowered: bytes) -> Iterator[bytes]:
        if any(hint in lowered for hint in hints):
            for run in runs.findall(lowered):
                yield bytes(int(code, 16) for code in one.findall(run))

    return decode


def _hex(_content: bytes, lowered: bytes) -> Iterator[bytes]:
    if b"7a6a78766b" in lowered or b"5a4a58564b" in lowered:
        for run in re.findall(rb"[0-9a-f]{12,}", lowered):
            for start in (0, 1):
                even = run[start : start + (len(run) - start) // 2 * 2]
                yield binascii.unhexlify(even)


def _soft_breaks(_content: bytes, lowered: bytes) -> Iterator[bytes]:
    """Quoted-printable breaks lines within words."""
    if b"=\n" in lowered or b"=\r\n" in lowered:
        yield re.sub(rb"=\r?\n", b"", lowered)


def _reversed(_content: bytes, lowered: bytes) -> Iterator[bytes]:
    if MARK[::-1].encode() in lowered:
        yield lowered[::-1]


def _rot13(_content: bytes, lowered: bytes) -> Iterator[bytes]:
    if codecs.encode(MARK, "rot13").encode() in lowered:
        yield codecs.encode(lowered.decode("latin-1"), "rot13").encode("latin-1")


def _shifted(encode: Callable[[bytes], bytes], *, shifts: int, bits: int) -> tuple[bytes, ...]:
    """What the mark comes to behind so many bytes, without the ends, which hold neighbours too."""
    pieces = []
    for word in (MARK, MARK.upper()):
        for shift in range(shifts):
            coded = encode(b"\0" * shift + word.encode()).rstrip(b"=")
            first = -(-shift * 8 // bits)
            pieces.append(coded[first : (shift + len(word)) * 8 // bits])
    return tuple(pieces)


_BASE64 = _shifted(base64.b64encode, shifts=3, bits=6)
_BASE32 = _shifted(base64.b32encode, shifts=5, bits=5)


def _base64(content: bytes, _lowered: bytes) -> Iterator[bytes]:
    plain = content.translate(_URL_SAFE)
    if any(piece in plain for piece in _BASE64):
        for run in re.findall(rb"[A-Za-z0-9+/]{16,}", plain):
            for start in range(4):
                yield base64.b64decode(run[start : start + (len(run) - start) // 4 * 4])
    for match in _PACKED_BASE64.finditer(plain):
        yield base64.b64decode(match[0][: len(match[0]) // 4 * 4])


_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_PACKED_BASE64 = re.compile(rb"(?:H4sI|eJ|eN)[A-Za-z0-9+/]{16,}")
"""How what was compressed begins in Base64."""


def _base32(content: bytes, _lowered: bytes) -> Iterator[bytes]:
    if any(piece in content for piece in _BASE32):
        for run in re.findall(rb"[A-Z2-7]{16,}", content):
            for start in range(8):
                whole = run[start : start + (len(run) - start) // 8 * 8]
                yield base64.b32decode(whole)


_LONGEST = 100_000
_PACKED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")


def _compressed(content: bytes, _lowered: bytes) -> Iterator[bytes]:
    """Everything that can be inflated, wherever it begins, as far as it goes."""
    for match in _PACKED.finditer(content):
        inflating = zlib.decompressobj(wbits=47)
        try:
            yield inflating.decompress(
                content[match.start() : match.start() + _LONGEST], 10_000_000
            )
        except zlib.error:
            continue


def _entities(content: bytes, lowered: bytes) -> Iterator[bytes]:
    if any(hint in lowered for hint in (b"&#122;", b"&#90;", b"&#x7a;", b"&#x5a;")):
        yield html.unescape(content.decode("latin-1")).encode("utf-8")


_DECODERS: dict[str, Callable[[bytes, bytes], Iterator[bytes]]] = {
    "utf-16-le": _wide(0),
    "utf-16-be": _wide(1),
    "base64": _base64,
    "base32": _base32,
    "hex": _hex,
    "percent": _escaped(b"%"),
    "quoted-printable": lambda content, lowered: iter(
        [*_escaped(b"=")(content, lowered), *_soft_breaks(content, lowered)]
    ),
    "json escapes": _escaped(rb"\u00"),
    "html entities": _entities,
    "reversed": _reversed,
    "rot13": _rot13,
    "compressed": _compressed,
}
