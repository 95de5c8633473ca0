"""The policy by which a runtime decides: as configured, with the keys registered by now."""

from __future__ import annotations

from dataclasses import dataclass, field

from router.handle import Adopted
from router.registered import Registered
from stores import policies
from stores.database import Database, View


@dataclass(slots=True)
class InForce:
    """Looked at before each pass: what was registered before a message came is known when it is
    decided.
    """

    database: Database
    configured: Adopted
    _adopted: Adopted = field(init=False)
    _registered: Registered = field(init=False)

    def __post_init__(self) -> None:
        self._adopted = self.configured
        self._registered = Registered(self.configured.value)

    def seen(self, view: View) -> Adopted | None:
        """It, where what this view shows has been kept already; None: ask for it as it is now."""
        same = self._registered.policy(view) is self._adopted.value
        return self._adopted if same else None

    def now(self) -> Adopted:
        """It, kept under its number."""
        policy = self._registered.settled
        if policy is None:
            with self.database.view() as view:
                policy = self._registered.policy(view)
        if policy is not self._adopted.value:
            with self.database.transaction() as transaction:
                self._adopted = Adopted(policies.adopt(transaction, policy), policy)
        return self._adopted
