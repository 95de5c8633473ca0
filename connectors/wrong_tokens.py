"""Wrong tokens: answered ever more slowly to whoever keeps sending them, and counted.

A right token is never slowed, wherever it comes from: an agency may share its address with
somebody who guesses, and a proxy is one address for all.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

_FIRST, _LONGEST = 0.25, 8.0
"""Seconds before the second wrong token from an address is answered; then doubled each time."""
_MANY = 100
"""Wrong tokens in all: behind so many each waits longest, from however many addresses they come."""
_FORGOTTEN = 600.0
"""Seconds without another one after which the count begins anew."""
_MOST_ADDRESSES = 1000
_MOST_WAITING = 50
_EVERYBODY = ""

log = structlog.get_logger()


@dataclass(slots=True)
class WrongTokens:
    """Counts them by address, for the addresses that sent the last ones."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    total: int = 0
    """Since the start."""
    waiting: int = 0
    """Senders that are made to wait now."""
    _by_address: OrderedDict[str, tuple[int, float]] = field(default_factory=OrderedDict)

    async def slow(self, host: str) -> bool:
        """Note one, and let its sender wait; False at once where too many wait already."""
        pause = self.came(host)
        if self.waiting >= _MOST_WAITING:
            return False
        self.waiting += 1
        try:
            await self.sleep(pause)
        finally:
            self.waiting -= 1
        return True

    def came(self, host: str) -> float:
        """Note one, and answer how many seconds its sender is to wait."""
        self.total += 1
        address = neighbourhood(host)
        count, everybodys = self._count(address), self._count(_EVERYBODY)
        if count & (count - 1) == 0:  # the 1st, 2nd, 4th …, so that nobody can fill the log
            log.warning("token.wrong", connector="http", address=address, count=count)
        if everybodys > _MANY:
            return _LONGEST
        return 0.0 if count == 1 else min(_FIRST * 2.0 ** min(count - 2, 20), _LONGEST)

    def _count(self, address: str) -> int:
        """How many came from there, this one included; the address longest silent is forgotten."""
        now = self.clock()
        count, last = self._by_address.pop(address, (0, now))
        count = 1 if now - last > _FORGOTTEN else count + 1
        self._by_address[address] = count, now
        while len(self._by_address) > _MOST_ADDRESSES:
            self._by_address.popitem(last=False)
        return count


def neighbourhood(host: str) -> str:
    """What one sender can take addresses from at will: an IPv4 address, 64 bits of an IPv6 one."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "elsewhere"
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else host
