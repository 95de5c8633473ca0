"""Whatever may go wrong in a command, said in words with a way out: one place for all of it."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click

from connectors.formats.targets import MappingFault
from connectors.port import SecretMissing
from connectors.witness.folder import NoWitness
from ops.access.acting import Denied, NotRecent
from ops.access.proving import CannotSignIn, NotProven
from ops.access.recording import NobodyReviews
from ops.access.reviews import NoReview
from ops.backup.keys import NoKey
from ops.backup.restoring import NotPutBack
from ops.backup.sealed_file import Damaged
from ops.linkage.arrivals import Unmapped
from ops.look.as_of import NoDecision
from ops.look.dead_letters import NoSuchLetter
from ops.look.record import NothingSeen, NothingSigned, NotOurs
from ops.look.replay_report import EarlierRules
from ops.mend.dead_letters import Refused
from ops.mend.mending import CannotMend
from ops.mend.reconciling import NoList
from ops.mend.upgrade import NotApplied
from ops.run.configuration import Misconfigured
from ops.run.serve import CannotListen
from schemas.sealed import NotOpened
from stores.database import Unstorable
from stores.migrations.alone import InUse
from stores.migrations.backup import NoBackup
from stores.ports import Unavailable
from stores.schema import OtherRevision
from stores.tree.disclosing import NoLeafYet
from stores.vault import Unreadable

_NO_TEXT = "what was given holds characters that no text has: write it, or the file, as UTF-8"
_SAID: Mapping[type[Exception], str] = {
    CannotListen: "{}",
    CannotSignIn: "{}",
    CannotMend: "{}",
    Damaged: "the backup cannot be used: {}; take an older one",
    Denied: "{}",
    EarlierRules: "{}",
    MappingFault: "{}",
    NobodyReviews: "{}",
    NoWitness: "{}",
    NoSuchLetter: "{}",
    NoReview: "{}",
    NotProven: "{}",
    NotRecent: "{}",
    NothingSeen: "{}",
    NothingSigned: "{}",
    NoDecision: "{}",
    NoLeafYet: "{}",
    NotOurs: "{}",
    OtherRevision: "{}",
    Refused: "{}",
    SecretMissing: "{}",
    Unmapped: "{}",
    InUse: "{}: stop the hub and whatever else has its store open; nothing was changed",
    NoBackup: "there is no backup: {}; nothing was changed",
    NoKey: "{}",
    NoList: "{}",
    NotOpened: "the backup was not opened: it is sealed to another key, or its head was altered",
    NotPutBack: "nothing was put back: {}",
    NotApplied: "{}; those before it last, and `hub upgrade` goes on from there",
    Misconfigured: "the configuration cannot be used\n{}",
    Unreadable: "something kept cannot be read: its key was destroyed or is another hub's, or its "
    "bytes were altered; see `hub audit verify`",
    Unstorable: _NO_TEXT,
    UnicodeError: _NO_TEXT,
    Unavailable: "the store cannot be reached ({}), and what was not said to be done is not done; "
    "check runtime.store in the configuration",
}


@contextmanager
def in_words() -> Iterator[None]:
    """Around every command: an error says what is the matter and what to do, and exits with 1.

    What nobody thought of is the caller's.
    """
    try:
        yield
    except tuple(_SAID) as error:
        said = next(words for kind, words in _SAID.items() if isinstance(error, kind))
        raise click.ClickException(said.format(error)) from None
    except OSError as error:
        if error.errno == errno.EPIPE:  # whoever read what is printed has gone
            raise
        where = error.filename or "a file or connection"
        raise click.ClickException(f"{where} cannot be used: {error.strerror or error}") from None
