"""Which account of the operating system somebody logged in with: a proof that needs no server."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

_LOGIN = Path("/proc/self/loginuid")
"""Whom Linux saw log in: it stays when they become another account, by sudo or su."""
_NOBODY = 2**32 - 1


def account() -> str:
    """The account with which whoever started this process logged in; where the machine does not
    keep that, the one that the process runs as.
    """
    number = _logged_in()
    if number is None:
        number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _logged_in() -> int | None:
    try:
        number = int(_LOGIN.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if number == _NOBODY else number
