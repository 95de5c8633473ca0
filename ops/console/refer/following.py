"""What became of a report, for whoever has its reference: in the words that they may be told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ops.console.refer.drafts import LETTERS, MOST_CHILDREN, reference_of
from ops.run.wiring import Hub
from schemas.case import ChildLinked, LinkCorrected, Worker
from schemas.notification import NotificationReceived
from schemas.outcome import ReferralClosed, ReferralReopened
from schemas.rating import RatingAssigned
from schemas.referrer import MadeBy
from stores import codec, linking
from stores.database import View
from stores.trail import Entry

_TYPES = (
    NotificationReceived,
    ChildLinked,
    LinkCorrected,
    RatingAssigned,
    ReferralClosed,
    ReferralReopened,
)


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened, when, and what may be said of it."""

    at: dt.datetime
    heading: str
    says: str


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of what was told of one child, who has a number and no name here."""

    child: int
    news: Sequence[News]


def news_of(hub: Hub, code: str, *, source: str, agency: str) -> Sequence[Followed]:
    """What became of all that was sent under a code, by child, the first first; nothing where the
    form sent nothing under it: an agency's own references are not for everybody to try.

    No more than letters to its referrer say: never a rating, nor anything of others.
    """
    found = []
    with hub.database.view() as view:
        for number in range(MOST_CHILDREN):
            subject = f"{agency}/{reference_of(code, number)}"
            entries = _by_form(view, subject, source=source)
            if news := [*_news(hub, entries)]:
                found.append(Followed(number + 1, news))
    return found


def _by_form(view: View, subject: str, *, source: str) -> Sequence[Entry]:
    """The facts of referrals that came by the form, in order."""
    ids = linking.referrals_of(view.connection, subject)
    entries = linking.about(view.connection, view.vault, ids=ids, types=_TYPES) if ids else ()
    came = {
        entry.message.correlation_id
        for entry in entries
        if isinstance(entry.message.data, NotificationReceived) and entry.message.source == source
    }
    return [entry for entry in entries if entry.message.correlation_id in came]


def _news(hub: Hub, entries: Sequence[Entry]) -> Iterator[News]:
    words, made_by, decided = hub.policy.value.profile.referrers, MadeBy.ANONYMOUS, False
    for entry in entries:
        at = codec.from_micros(entry.recorded_at)
        match entry.message.data:
            case NotificationReceived(notification=notification):
                made_by = notification.referrer
                yield News(at, "We have it", words.next)
            case ChildLinked(allocated_to=Worker()) | LinkCorrected(allocated_to=Worker()):
                said = None if decided else words.handed_over_for(made_by)
                if said is not None:
                    decided = True
                    yield News(at, "It was decided who looks at it", said)
            case RatingAssigned(may_be_told=str(said)):
                decided = True
                yield News(at, "It was decided what happens next", said)
            case ReferralClosed(told=str(), may_be_told=said):
                yield News(at, "What came of it", said)
            case ReferralReopened(told=str()):
                yield News(at, "It is open again", words.reopened_for(made_by) or words.next)


def reference_in(text: str) -> str | None:
    """The code in a reference as it was given out, of whichever child and however somebody writes
    it; None for what the form gives to nobody.
    """
    letters = [one for one in text.partition("#")[0].upper() if one.isalnum()]
    if len(letters) != 12 or not LETTERS.issuperset(letters):
        return None
    code = "".join(letters)
    return "-".join(code[at : at + 4] for at in range(0, 12, 4))
