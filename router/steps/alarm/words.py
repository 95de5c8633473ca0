"""What an alarm says, and what whoever gets it is to do; it names agencies, and no child."""

from __future__ import annotations

from schemas.alarms import AlarmHead
from schemas.policy import Policy

_SAYS = {
    "possible_red": "It may be a Red, and nobody has opened it in time.",
    "unfetched": "It is rated Red, and {name} has not fetched what it was sent.",
    "unacknowledged": "It is rated Red, and nobody at {name} has said that they have it.",
    "refused": "It is rated Red, and {name} did not take it.",
    "no_agreement": (
        "It is rated Red, and nothing goes to {name}: no information-sharing agreement is in force."
    ),
    "not_approved": (
        "It is rated Red, and nothing goes to {name}: not every owner of what is in it lets it "
        "leave any more."
    ),
    "kept_back": "It is rated Red, and nothing of it leaves for {name}: its owners keep it back.",
    "unsafe": (
        "What is, or may be, a Red does not go to {name}: it waits for a human of {lead} to decide "
        "whether that is safe, as it may put somebody at risk."
    ),
    "not_safe": (
        "A human of {lead} has decided that it is not safe to send what is, or may be, a Red to "
        "{name}, and nobody else has said that they have it."
    ),
    "silent_owner": (
        "{name} has not decided in the time agreed whether what is its own may leave: the product "
        "waits all the same."
    ),
    "handover": (
        "It may be a Red, and nobody of the team that has the child, {name}, has said that they "
        "have it."
    ),
    "not_theirs": (
        "It may be a Red, and the team that was handed the child, {name}, says that it is not "
        "theirs."
    ),
    "refused_message": (
        "A message of {name} could not be read or acted on, and it may be about a Red."
    ),
    "way_in": "Messages of {name} do not come in, and a Red may wait among them.",
    "manifest": (
        "{name} sent messages that never came to the hub, by its own count, and a Red may be among "
        "them."
    ),
    "access-rules": (
        "The access rules have ended: people are shown nothing, not even a Red, and agencies go on "
        "by the last ones."
    ),
    "encryption-key": (
        "The last key of {name} by which its letters are sealed has ended: they wait, and a Red "
        "may be among them."
    ),
}
_TO_DO = {
    "possible_red": "Have a social worker open and rate it now.",
    "not_taken": (
        "Ring {name} ({contact}), or find somebody else who acts on it now. Where the borough has "
        "agreed on a next recipient, it is sent there as well."
    ),
    "kept_back": (
        "Ring {name} ({contact}): that there is a Red, and what its owners do not keep back. Ring "
        "these too, and settle what {name} must know to act."
    ),
    "unsafe": (
        "Do not ring {name} about it. Have a decision maker of {lead} ({lead_contact}) read the "
        "safety review that came of it and decide; until then have somebody else act on it now."
    ),
    "not_safe": "Do not ring {name} about it: have somebody else act on it now.",
    "silent_owner": (
        "Ring {name} ({contact}) and have somebody who decides there do so, or settle with them "
        "what its recipient may know."
    ),
    "handover": "Ring {name} ({contact}), or have a social worker of the hub act on it now.",
    "not_theirs": (
        "Have a social worker of the hub rate it now, and settle whose it is: {name} ({contact}) "
        "has said why."
    ),
    "refused_message": (
        "Ring {name} ({contact}) and ask what it sent; have whoever runs the hub look at what is "
        "kept as {subject}."
    ),
    "manifest": (
        "Ring {name} ({contact}), ask whether anything is urgent, and have what is missing sent "
        "again: its receipt for the day's count says what that is."
    ),
    "access-rules": (
        "Have whoever runs the hub renew them; until then ring whoever waits for a Red."
    ),
    "encryption-key": (
        "Ring {name} ({contact}) about what is urgent, and have its next key given to whoever runs "
        "the hub."
    ),
    "way_in": (
        "Ring {name} ({contact}) and ask whether anything is urgent; have whoever runs the hub "
        "find out why."
    ),
}
_CLOSER = frozenset({"not_taken", "kept_back", "handover", "not_renewed", "way_in"})
"""Causes of which it is said more closely why."""


def says(alarm: AlarmHead, policy: Policy) -> str:
    """Why there is an alarm."""
    text = _SAYS.get(alarm.why or "") if alarm.cause in _CLOSER else None
    return _filled(text or _SAYS.get(alarm.cause) or _SAYS["unacknowledged"], alarm, policy=policy)


def to_do(alarm: AlarmHead, policy: Policy) -> str:
    """What to do about it."""
    closer = _TO_DO.get(alarm.why or "") if alarm.cause in _CLOSER else None
    return _filled(closer or _TO_DO[alarm.cause], alarm, policy=policy)


def _filled(text: str, alarm: AlarmHead, *, policy: Policy) -> str:
    return text.format(
        name=_name(alarm, policy),
        contact=ring(alarm, policy),
        subject=alarm.kept_as or alarm.subject_id,
        lead=policy.name_of(policy.lead_agency),
        lead_contact=policy.partners[policy.lead_agency].signpost_contact,
    )


def ring(alarm: AlarmHead, policy: Policy) -> str:
    """Whom to ring about it: the agency that it is about, or where it is none the lead agency."""
    partner = policy.partners.get(alarm.agency or "") or policy.partners[policy.lead_agency]
    return partner.signpost_contact


def _name(alarm: AlarmHead, policy: Policy) -> str:
    if alarm.cause == "way_in" and alarm.agency is None:
        return "several agencies"
    return policy.name_of(alarm.agency or policy.lead_agency)
