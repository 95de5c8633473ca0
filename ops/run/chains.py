"""Along whom clocks go up once their time has passed, as a configuration is checked."""

from __future__ import annotations

from collections.abc import Iterator

from ops.run.configuration import Fault
from schemas.policy import BoroughProfile, Policy
from schemas.rating import ClockKind


def goes_up_to_nobody(policy: Policy) -> Iterator[Fault]:
    """Clocks that run and that no chain is for: whoever is late is told, and then nobody is."""
    profile = policy.profile
    for clock in sorted(_running(profile, checks=bool(policy.checks))):
        if not profile.chains.get(clock):
            what = "is nobody: once its time has passed nobody else hears of it"
            instead = "name whom to tell one after another, the last of them a person"
            yield Fault(f"{profile.title}: chains.{clock}", what, instead)


def _running(profile: BoroughProfile, *, checks: bool) -> set[ClockKind]:
    """The clocks that ever run; ``checks``: whether systems are asked."""
    times = (profile.allowed, *(rule.allowed for rule in profile.colours.values()))
    running = {clock for allowed in times for clock in allowed}
    running |= {"decision", "product", "answer"}
    if profile.possible_red_allowed is not None:
        running.add("possible_red")
    return running | {"check"} if checks else running
