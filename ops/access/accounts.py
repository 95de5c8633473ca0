"""Which account of the operating system somebody logged in with: a proof that needs no server."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

_LOGIN = Path("/proc/self/loginuid")
"""Whom Linux saw log in: it stays when they become another account, by sudo or su."""
_SESSION = Path("/proc/self/sessionid")
"""Of that login: another account by sudo or su has the same, the next login has another."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NOBODY = 2**32 - 1


def account() -> str:
    """The account with which whoever started this process logged in; where the machine does not
    keep that, the one that the process runs as.
    """
    number = _number(_LOGIN)
    if number is None:
        number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def is_seen() -> bool:
    """Whether the machine saw whoever started this process log in."""
    return _number(_LOGIN) is not None


def login() -> str:
    """By what files of one login are told from those of another; '' where nobody saw one."""
    number = _number(_SESSION)
    if number is None:
        return ""
    try:
        since = _BOOT.read_text(encoding="ascii").strip()[:8]
    except OSError:
        since = ""
    return f"-{number}-{since}"


def _number(kept: Path) -> int | None:
    try:
        number = int(kept.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if number == _NOBODY else number
