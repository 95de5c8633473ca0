"""Whatever may go wrong in a command, said in words with a way out: one place for all of it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import click

from connectors.formats.mapping import MappingFault
from connectors.port import SecretMissing
from ops.linkage.arrivals import Unmapped
from ops.mend.dead_letters import Refused
from ops.mend.mending import CannotMend
from ops.run.configuration import Misconfigured
from ops.run.serve import CannotListen
from stores.database import Unstorable
from stores.ports import Unavailable
from stores.schema import OtherRevision
from stores.vault import Unreadable

_SPEAK_FOR_THEMSELVES = (
    CannotListen,
    CannotMend,
    MappingFault,
    OtherRevision,
    Refused,
    SecretMissing,
    Unmapped,
)


@contextmanager
def in_words() -> Iterator[None]:
    """Around every command: an error says what is the matter and what to do, and exits with 1.

    What nobody thought of is the caller's.
    """
    try:
        yield
    except _SPEAK_FOR_THEMSELVES as error:
        said = str(error)
    except Misconfigured as error:
        said = f"the configuration cannot be used\n{error}"
    except Unreadable:
        said = (
            "something kept cannot be read: its key was destroyed or is another hub's, or its "
            "bytes were altered; see `hub audit verify`"
        )
    except (Unstorable, UnicodeError):
        said = "what was given holds characters that no text has: write it, or the file, as UTF-8"
    except Unavailable as error:
        said = (
            f"the store cannot be reached ({error}), and what was not said to be done is not done; "
            "check runtime.store in the configuration"
        )
    except OSError as error:
        if error.errno == errno.EPIPE:  # whoever read what is printed has gone
            raise
        where = error.filename or "a file or connection"
        said = f"{where} cannot be used: {error.strerror or error}"
    else:
        return
    raise click.ClickException(said)
