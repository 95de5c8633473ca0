"""What processes have used so far, as the kernel counts it: CPU time, bytes written, memory."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds (user and system) and bytes handed to the disk."""

    cpu_seconds: float = 0.0
    written_bytes: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.cpu_seconds + other.cpu_seconds, self.written_bytes + other.written_bytes)

    def __sub__(self, other: Usage) -> Usage:
        return Usage(self.cpu_seconds - other.cpu_seconds, self.written_bytes - other.written_bytes)

    def each(self, number: int) -> dict[str, float]:
        """Shared out among so many notifications."""
        return {
            "cpu_ms_per_notification": round(self.cpu_seconds * 1000 / number, 3),
            "written_kb_per_notification": round(self.written_bytes / 1024 / number, 1),
        }


def used(*roots: int) -> Usage:
    """What these processes and all below them have used, those that have ended included.

    Take it twice and subtract: a process that ends in between counts with the parent that waited
    for it.
    """
    return sum((_of(pid) for pid in tree(roots)), Usage())


def memory_mb(*roots: int) -> float:
    """Megabytes resident now, of these processes and all below them."""
    pages = sum(_resident_pages(pid) for pid in tree(roots))
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1024**2, 1)


def peak_mb() -> float:
    """Megabytes that this process has had resident at most."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def tree(roots: Iterable[int]) -> list[int]:
    """These processes and all that descend from them."""
    children: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found = list(roots)
    for pid in found:  # grows while it is walked
        found += children.get(pid, [])
    return found


def _of(pid: int) -> Usage:
    fields = _stat(pid)
    if not fields:
        return Usage()
    # Fields 14 to 17 of proc(5): user and system time of its own, and of the children it waited
    # for.
    ticks = sum(map(int, fields[11:15]))
    return Usage(ticks / _TICKS, _written(pid))


def _stat(pid: int) -> list[str]:
    """The fields behind the name, which may hold blanks; none where the process has ended."""
    try:
        return (_PROC / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _written(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "io").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


def _resident_pages(pid: int) -> int:
    try:
        return int((_PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
