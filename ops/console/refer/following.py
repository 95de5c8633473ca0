"""What became of a report, for whoever has its reference: in the words that they may be told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ops.run.wiring import Hub
from schemas.notification import NotificationReceived
from schemas.outcome import ReferralClosed, ReferralReopened
from schemas.rating import RatingAssigned
from schemas.referrer import MadeBy
from stores import codec, linking
from stores.trail import Entry

_TYPES = (NotificationReceived, RatingAssigned, ReferralClosed, ReferralReopened)


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened, when, and what may be said of it."""

    at: dt.datetime
    heading: str
    says: str


def news_of(hub: Hub, reference: str, *, agency: str) -> Sequence[News]:
    """What became of it, the first first; nothing where there is no such report.

    No more than letters to its referrer say: never a rating, nor anything of others.
    """
    with hub.database.view() as view:
        found = linking.referrals_of(view.connection, f"{agency}/{reference}")
        if not found:
            return ()
        entries = linking.about(view.connection, view.vault, ids=found, types=_TYPES)
    return [*_news(hub, entries)]


def _news(hub: Hub, entries: Sequence[Entry]) -> Iterator[News]:
    words, made_by = hub.policy.value.profile.referrers, MadeBy.ANONYMOUS
    for entry in entries:
        at = codec.from_micros(entry.recorded_at)
        match entry.message.data:
            case NotificationReceived(notification=notification):
                made_by = notification.referrer
                yield News(at, "We have it", words.next)
            case RatingAssigned(may_be_told=str(said)):
                yield News(at, "It was decided what happens next", said)
            case ReferralClosed(told=str(), may_be_told=said):
                yield News(at, "What came of it", said)
            case ReferralReopened(told=str()):
                yield News(at, "It is open again", words.reopened_for(made_by) or words.next)


def reference_in(text: str) -> str:
    """A reference as it was given out, however somebody writes it."""
    letters = "".join(one for one in text.upper() if one.isascii() and one.isalnum())[:12]
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))
