"""Which shapes of the hub's may be taken without a part of them that cannot be used, and which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from schemas.case import OpenCase
from schemas.checks import CheckReply
from schemas.enquiries import Enquiry
from schemas.notification import Notification
from schemas.registers import RegisterEntry

Degradable: TypeAlias = Notification | OpenCase | RegisterEntry | CheckReply | Enquiry
"""What has ``set_aside`` for them."""

DEGRADABLE: tuple[type[Degradable], ...] = (
    Notification,
    OpenCase,
    RegisterEntry,
    CheckReply,
    Enquiry,
)

MAY_GO: Mapping[type[Degradable], frozenset[str]] = {
    OpenCase: frozenset({"child"}),
    RegisterEntry: frozenset({"child", "involvement", "since", "worker", "contact"}),
    CheckReply: frozenset({"involvement", "since", "until", "worker", "contact", "reference"}),
    Enquiry: frozenset({"query"}),
}
"""Of each the fields that it can be taken without, wholly or in part; of a notification all are.

To lose its worker would close an open case, and to lose its end would open an entry again.
"""

CHILD: Mapping[type[Degradable], str] = {
    Notification: "subject",
    OpenCase: "child",
    RegisterEntry: "child",
    Enquiry: "query",
}
"""Where each says who the child is."""
