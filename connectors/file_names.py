"""What the name of a dropped file says, and the names that the hub gives it."""

from __future__ import annotations

import os
import re

RECEIPTS = ".receipts.jsonl"
"""Ends the name of the receipts of a file."""

_UNFINISHED = (
    ".!ut",
    ".bak",
    ".crdownload",
    ".download",
    ".filepart",
    ".incomplete",
    ".inprogress",
    ".opdownload",
    ".part",
    ".partial",
    ".swp",
    ".temp",
    ".tmp",
    ".upload",
    ".uploading",
    ".writing",
    "~",
)
"""What programs put behind a name while they write."""
_HIDDEN = (".", "~")
"""Hidden files, copies and locks of office programs (``~a.csv``, ``.~lock.…``, ``~$…``)."""
_CLAIMED = re.compile(r"\d{20}-\d+-(.+)", re.DOTALL)
_COPIED = re.compile(r"\.taken-(\d+)-(\d+)-(.+)", re.DOTALL)
_LONGEST, _BEGINNING, _END = 150, 100, 50
"""Bytes of a name that are kept; a file system takes 255 with what is put around it."""


def is_unfinished(name: str) -> bool:
    """Whether some program still writes it, or keeps it for itself."""
    return name.startswith(_HIDDEN) or name.casefold().endswith(_UNFINISHED)


def claimed(name: str, info: os.stat_result) -> str:
    """A name that comes only once, in the order of time; the same as long as nobody writes it."""
    return f"{info.st_mtime_ns:020d}-{info.st_ino}-{_shortened(name)}"


def original(name: str) -> str:
    """The name under which its agency knows a claimed file."""
    found = _CLAIMED.fullmatch(name)
    return found[1] if found else name


def copied(name: str, info: os.stat_result) -> str:
    """A hidden name for what is copied and may go on growing: with its size and time as copied."""
    return f".taken-{info.st_size}-{info.st_mtime_ns}-{_shortened(name)}"


def of_copied(name: str) -> tuple[tuple[int, int], str] | None:
    """Size and time as copied, and the agency's name, of a file that is hidden so."""
    found = _COPIED.fullmatch(name)
    return ((int(found[1]), int(found[2])), found[3]) if found else None


def _shortened(name: str) -> str:
    """A file name with room for what is put around it; beginning and suffix are kept."""
    raw = os.fsencode(name)
    return name if len(raw) <= _LONGEST else os.fsdecode(raw[:_BEGINNING] + raw[-_END:])
