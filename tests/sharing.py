"""How processes of a test run share its tests, each with servers, folders and ports of its own."""

from __future__ import annotations

from xdist.scheduler.loadscope import LoadScopeScheduling

_HUBS_OF_MANY_PROCESSES = (
    "tests/acceptance/days/",
    "tests/acceptance/test_crashes",
    "tests/acceptance/test_scenario",
)


class Sharing(LoadScopeScheduling):
    """The tests of a file stay together, since they share what is costly to make.

    Those that run a hub of a dozen processes stay together too: one such hub at a time is enough
    for a machine.
    """

    def _split_scope(self, nodeid: str) -> str:
        """Tests of the same answer go to the same process, one after the other."""
        file = nodeid.partition("::")[0]
        return "hubs of many processes" if file.startswith(_HUBS_OF_MANY_PROCESSES) else file
