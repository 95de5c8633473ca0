"""An owner decides about one request: first in a form, then on a page that says all of it again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from connectors.edge.approving import Decision
from ops.access.passkeys import party_of
from ops.console import sending
from ops.console.approvals import passkey, second
from ops.console.approvals.requests import (
    DECISION,
    may_choose,
    page,
    people,
    shown,
    unread,
    wanted,
    with_out,
)
from ops.console.screen import Form, Go, NotThere, Page, Visit
from ops.look import asked
from ops.look.asked import Asked
from schemas.identity import IdentityField
from schemas.product import Choice, release_digest
from schemas.statement import text_digest

_CHOICES = {
    "sanitised": Choice.RELEASE_SANITISED,
    "original": Choice.RELEASE_ORIGINAL,
    "reworded": Choice.RELEASE_REWORDED,
    "withhold": Choice.WITHHOLD,
}
_CHANGED = "What you are asked has changed since you opened it: read it again before you decide"
_MOST_WORDS, _MOST_REASON = 20_000, 500


@dataclass(frozen=True, slots=True, repr=False)
class Written:
    """What somebody wrote and ticked in a form about a request."""

    choice: str
    text: str = ""
    stays: str = ""
    """Of which words somebody has said that what the sanitiser finds in them may stay."""
    reason: str = ""
    signpost: str = ""
    """``any``: to whoever gets it; ``some``: to those alone; ``none``."""
    signpost_to: tuple[str, ...] = ()
    ask_again: bool = False
    leaves_out: tuple[str, ...] = ()
    takes_out: tuple[int, ...] = ()
    """Of what would be taken out, by number, what is."""

    @classmethod
    def of(cls, form: Form, choice: str) -> Written:
        """As a form brought it."""
        return cls(
            choice,
            takes_out=tuple(
                int(one) for one in form.all("takes_out") if one.isdecimal() and len(one) < 5
            ),
            text=form.one("text"),
            stays=form.one("stays"),
            reason=" ".join(form.one("reason").split()),
            signpost=form.one("signpost"),
            signpost_to=form.all("signpost_to") if form.one("signpost") == "some" else (),
            ask_again=bool(form.one("ask_again")),
            leaves_out=form.all("leaves_out"),
        )

    def faults(self) -> dict[str, str]:
        """What is missing of why something is withheld, and who may know of it."""
        errors = {}
        if not self.reason:
            errors["reason"] = "Say why sharing it would be worse for the child than not sharing it"
        elif len(self.reason) > _MOST_REASON:
            errors["reason"] = f"The reason must be {_MOST_REASON} characters or fewer"
        if self.signpost not in ("any", "some", "none"):
            errors["signpost"] = "Select who may be told that you hold something"
        elif self.signpost == "some" and not self.signpost_to:
            errors["signpost_to"] = "Select at least one recipient"
        return errors

    def word_faults(self) -> dict[str, str]:
        """What is amiss with words of somebody's own."""
        if not self.text.strip():
            return {"text": "Write the words that may leave"}
        if len(self.text) > _MOST_WORDS:
            return {"text": f"The words must be {_MOST_WORDS:,} characters or fewer"}
        return {}


def asked_for(visit: Visit) -> tuple[Asked, str]:
    """The request, and how somebody decides about it."""
    found, choice = wanted(visit), visit.place["choice"]
    if choice not in may_choose(found):
        raise NotThere
    return found, choice


def asks(visit: Visit) -> Page:
    """What is still to be said of a choice; where that is nothing, all of it at once."""
    found, choice = asked_for(visit)
    item = found.request.item
    begun = Written(
        choice, text=item.sanitised, takes_out=tuple(range(1, len(item.redactions) + 1))
    )
    if choice in ("sanitised", "original") and not found.request.asks:
        return _checked(visit, found, begun)
    return _form(visit, found, begun)


def taken(visit: Visit) -> Page | Go:
    """Check the words, show all of it again, go back to change it, or send it."""
    if visit.form.one("stage") == "writing":
        return _while_writing(visit)
    found, choice = asked_for(visit)
    written, stage = Written.of(visit.form, choice), visit.form.one("stage")
    if choice == "chosen":
        words = "".join(one.text for one in with_out(found.request.item, written.takes_out))
        written = replace(written, text=words)
    if visit.form.one("seen") != seen(found):
        return page(visit, found, errors={"choice": _CHANGED})
    if stage == "change":
        return _form(visit, found, written)
    errors = _errors(visit, found, written)
    if stage == "words" and errors.keys() <= {"stays"}:
        return _form(visit, found, written, checked=True)
    if errors:
        return _form(visit, found, written, errors=errors, checked="stays" in errors)
    if stage != "send":
        return _checked(visit, found, written)
    if _signs(found, written):
        return _signed(visit, found, written)
    return _sent(visit, found, _data(visit, found, written))


def _while_writing(visit: Visit) -> Page:
    """What is found in the words that somebody has just written, and nothing else of the request:
    that they read it is recorded already, since what they saw of it is in no other place.
    """
    found, written = unread(visit), Written.of(visit.form, visit.place["choice"])
    if written.choice != "reworded" or visit.form.one("seen") != seen(found):
        raise NotThere
    is_checked = not written.word_faults()
    values = {
        "written": written,
        "checked": is_checked,
        "found": left(visit, found, written) if is_checked else [],
        "digest": text_digest(written.text),
    }
    return Page("approvals/found.html", values)


def _signs(found: Asked, written: Written) -> bool:
    """Whether it has to be signed, which a form alone cannot."""
    return bool(found.request.statements) and written.choice != "withhold"


def seen(found: Asked) -> str:
    """What somebody had before them, so that nobody decides about other words than they read."""
    one = found.request
    return text_digest("/".join((one.item.original_digest, one.item.sanitised_digest)))


def _errors(visit: Visit, found: Asked, written: Written) -> dict[str, str]:
    errors = written.faults() if written.choice == "withhold" else {}
    if written.choice in ("reworded", "chosen"):
        errors |= written.word_faults()
        looked_at = written.stays == text_digest(written.text)
        if not errors and not looked_at and left(visit, found, written):
            errors["stays"] = "Say that what is still found in these words may stay, or change them"
    if set(written.leaves_out) - set(found.request.asks):
        errors["leaves_out"] = "Select from what is asked"
    return errors


def left(visit: Visit, found: Asked, written: Written) -> list[dict[str, str]]:
    """What the sanitiser finds in somebody's words, and why it would take that out."""
    told = asked.left_in(visit.hub, written.text, referral_id=found.referral_id)
    return [
        {"words": written.text[one.start : one.end], "why": one.reason} for one in told.redactions
    ]


def _form(
    visit: Visit,
    found: Asked,
    written: Written,
    *,
    errors: dict[str, str] | None = None,
    checked: bool = False,
) -> Page:
    values = shown(visit, found) | {
        "written": written,
        "errors": errors,
        "checked": checked,
        "made": with_out(found.request.item, written.takes_out),
        "found": left(visit, found, written) if checked else [],
        "digest": text_digest(written.text),
        "seen": seen(found),
        "recipients": sorted(visit.names.items(), key=lambda one: one[1]),
    }
    own = written.choice in ("reworded", "chosen", "withhold")
    name = written.choice if own else "identity"
    return Page(f"approvals/{name}.html", values, 422 if errors else 200)


def _checked(
    visit: Visit, found: Asked, written: Written, *, errors: dict[str, str] | None = None
) -> Page:
    """All that is decided, before it goes."""
    item, signs = found.request.item, _signs(found, written)
    words = {"sanitised": item.sanitised, "original": item.original}
    asking = passkey.ask(visit, found.request, _decision(found, written)) if signs else None
    values = shown(visit, found) | {
        "written": written,
        "errors": errors,
        "words": words.get(written.choice, written.text),
        "how": _made(found, written),
        "found": left(visit, found, written) if written.choice in ("reworded", "chosen") else [],
        "fields": [IdentityField(one) for one in written.leaves_out],
        "signs": signs,
        "asking": asking,
        "to_register": [] if asking or not signs else list(passkey.to_register(visit)),
        "has_passkeys": party_of(visit.hub.settings) is not None,
        "people": people(found),
        "seen": seen(found),
        "who": visit.who,
    }
    script = "sign.js" if asking else None
    return Page("approvals/check.html", values, 422 if errors else 200, script=script)


def _signed(visit: Visit, found: Asked, written: Written) -> Page | Go:
    """What a passkey signed goes as what the agency's own end signs; without one, all of it is
    shown again, with what else there is.
    """
    if not (passkey.is_answered(visit.form) and found.may_decide):
        return _checked(visit, found, written)
    told, wrong = passkey.signed(visit, found.request, _decision(found, written))
    if told is None:
        return _checked(visit, found, written, errors={"sign-here": wrong})
    if written.leaves_out:
        told["leaves_out"] = list(written.leaves_out)
    if people(found) > 1:
        second.keep(visit, told)
        return Go("approvals", "begun")
    return _sent(visit, found, told)


def _sent(visit: Visit, found: Asked, told: dict[str, Any]) -> Page | Go:
    sent = sending.send(visit, DECISION, told, about=found.referral_id)
    if sent.refused is not None:
        return page(visit, found, errors={"choice": f"The hub did not take this. {sent.refused}"})
    return Go("approvals", "sent" if sent.settled else "taken")


def _data(visit: Visit, found: Asked, written: Written) -> dict[str, Any]:
    """The decision as the agency's own system would send it."""
    request, choice = found.request, _made(found, written)
    told: dict[str, Any] = {
        "referral_id": found.referral_id,
        "product_id": request.product_id,
        "case_id": request.case_id,
        "item_id": request.item.item_id,
        "choice": choice.value,
        "recipient": request.recipient,
        "purpose": request.purpose,
        "decided_by": visit.who,
    }
    if written.leaves_out:
        told["leaves_out"] = list(written.leaves_out)
    if choice is Choice.WITHHOLD:
        return told | withholding(written)
    if choice is not Choice.RELEASE_REWORDED:
        item = request.item
        original = choice is Choice.RELEASE_ORIGINAL
        return told | {"digest": item.original_digest if original else item.sanitised_digest}
    digest = release_digest(
        item_id=request.item.item_id,
        recipient=request.recipient,
        purpose=request.purpose,
        text=written.text,
        about=request.about_digest or "",
    )
    own = {"digest": digest, "text": written.text}
    return told | own | {"instead_of": request.item.original_digest}


def _made(found: Asked, written: Written) -> Choice:
    """The choice that this amounts to: what is chosen one by one may be all of it, or none."""
    if written.choice != "chosen":
        return _CHOICES[written.choice]
    item = found.request.item
    same = {
        item.original: Choice.RELEASE_ORIGINAL,
        item.sanitised: Choice.RELEASE_SANITISED,
    }
    return same.get(written.text, Choice.RELEASE_REWORDED)


def _decision(found: Asked, written: Written) -> Decision:
    """What is signed."""
    choice = _made(found, written)
    return Decision(choice, text=written.text if choice is Choice.RELEASE_REWORDED else None)


def withholding(written: Written) -> dict[str, Any]:
    """Why something is withheld, and who may be told that there is something."""
    told: dict[str, Any] = {"reason": written.reason, "signpost": written.signpost != "none"}
    if written.signpost_to:
        told["signpost_to"] = list(written.signpost_to)
    return told | {"ask_again": written.ask_again}
