"""The options by which whoever starts a command says who they are, what for and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import click

from ops.access.acting import Asker, asker
from ops.commands.common import options, text
from ops.look.reading import Guarded
from schemas.access import Purpose

F = TypeVar("F", bound=Callable[..., Any])
_YOUR_NAME = "Your name, as [[people]] of the configuration has it."


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said of themselves; the configuration says what they are."""

    who: str | None
    why: str | None
    purpose: Purpose
    emergency: bool

    def asker(self, hub: Guarded) -> Asker:
        """Whom the hub knows by that."""
        purpose = Purpose.EMERGENCY if self.emergency else self.purpose
        return asker(hub, self.who, why=self.why, purpose=purpose, break_glass=self.emergency)

    def is_whole(self) -> bool:
        """Whether both who and why were said."""
        return bool(self.who and self.why)


who_looks = click.option("--who", type=text, help=_YOUR_NAME)
"""Who looks at what needs no reason; without it, whoever may start commands here."""


who_does = options(
    click.option("--who", required=True, type=text, help=_YOUR_NAME),
    click.option(
        "--why", required=True, type=text, help="Why you do this, as the record keeps it."
    ),
)
"""Who and why: recorded with everything that is done."""


_EMERGENCY = click.option(
    "--emergency",
    is_flag=True,
    help="Break the glass: a child is in danger, and you work for the front door. Somebody looks "
    "at it the next day.",
)


def who_reveals(default: Purpose, *, what: str, needed: bool = False) -> Callable[[F], F]:
    """``--who``, ``--why``, ``--purpose`` and ``--emergency``, as ``said`` of the command;
    ``needed``: the first two always.
    """
    chosen = options(
        click.option("--who", type=text, required=needed, help=_YOUR_NAME),
        click.option("--why", type=text, required=needed, help=f"Why you need to see {what}."),
        click.option(
            "--purpose",
            type=click.Choice([one.value for one in Purpose if one is not Purpose.EMERGENCY]),
            default=default.value,
            show_default=True,
            help="What for: the access rules go by it.",
        ),
        _EMERGENCY,
    )

    def decorate(command: F) -> F:
        @wraps(command)
        def with_said(
            *args: Any, who: str | None, why: str | None, purpose: str, emergency: bool, **kw: Any
        ) -> Any:
            said = Said(who, why, Purpose(purpose), emergency)
            return command(*args, said=said, **kw)

        return chosen(with_said)  # type: ignore[return-value]

    return decorate
