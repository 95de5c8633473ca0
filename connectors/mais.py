"""The draft MAIS standard's shapes on the way out: a Request of the hub's, and its replies.

*Data Standards for Social Care* (draft) names the fields and leaves the wire open. The hub writes
the names as the standard does: those of a Request begin with a capital, those of a Person do not.
What comes in in these shapes is read by the mappings ``mais-…`` of ``connectors/agencies``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from connectors.formats.media import NAMES, STRUCTURED
from schemas.checks import CheckRequest
from schemas.enquiries import EnquiryReply
from schemas.person import Person
from schemas.registers import Involvement
from stores.ports import Leased

Json = dict[str, Any]

REQUEST_IDENTIFIER = "RequestIdentifier"
"""Under which a reply repeats the Identifier of its Request."""
_CAPITALS = {"uprn": "UPRN", "usrn": "USRN"}


def worded(letter: Leased, *, area: str) -> tuple[bytes, str]:
    """A letter as a system that speaks MAIS alone gets it, with its media type.

    Letters for which the standard has no shape stay CloudEvents.
    """
    if letter.type not in (CheckRequest.type, EnquiryReply.type):
        return letter.body, STRUCTURED
    event = json.loads(letter.body)
    if letter.type == CheckRequest.type:
        said = request(CheckRequest.model_validate(event["data"]), at=event["time"], area=area)
    else:
        said = reply(EnquiryReply.model_validate(event["data"]))
    return json.dumps(said, ensure_ascii=False).encode(), NAMES["json"]


def request(check: CheckRequest, *, at: str, area: str) -> Json:
    """A Request; ``at``: when it was made (RFC 3339). The legal basis is no field of the standard's
    and stands with the policy.
    """
    return {
        "Identifier": check.check_id,
        "DateStamp": at,
        "RequesterIdentifier": f"urn:mash-hub:{area}",
        "RequestedData": {"Query": person(check.child)},
        "AssertedPurpose": check.purpose,
        "SharingPolicy": [
            {"Identifier": check.sharing_policy, "LegalCompliance": [check.legal_basis]}
        ],
    }


def reply(answer: EnquiryReply) -> Json:
    """A reply; one that is not permitted says nothing of the person."""
    said: Json = {
        "Identifier": answer.identifier,
        "DateStamp": answer.date_stamp.isoformat(),
        REQUEST_IDENTIFIER: answer.in_reply_to,
        "Decision": answer.decision.upper(),
        "Reasons": list(answer.reasons),
    }
    if answer.sharing_policy is not None:
        said["SharingPolicy"] = [{"Identifier": answer.sharing_policy}]
    if answer.known is not None:
        said["Known"] = answer.known
        said["Involvement"] = [_episode(one) for one in answer.involvement]
    if answer.contact is not None:
        said["Contact"] = {"name": answer.contact}
    return said


def person(one: Person) -> Json:
    """A Person, with what is known of it."""
    told = one.model_dump(mode="json", exclude={"identifier_absent_reason"}, exclude_none=True)
    made: Json = _spelled({name: part for name, part in told.items() if part})
    return made


def _episode(one: Involvement) -> Json:
    """Basic involvement, with the names of the standard's ServiceEpisode."""
    when = {"startDateTime": one.since, "endDateTime": one.until}
    contact = {"telephone": [one.contact]} if one.contact else None
    professional = {"name": one.worker, "contact": contact}
    parts: Mapping[str, Json] = {
        "identifier": {"value": one.reference},
        "timeInformation": {name: day.isoformat() for name, day in when.items() if day},
        "relatedProfessional": {name: part for name, part in professional.items() if part},
    }
    said = {name: [part] for name, part in parts.items() if any(part.values())}
    return {"type": [one.involvement] if one.involvement else [], **said}


def _spelled(value: Any) -> Any:
    """The hub's names as the standard writes them: ``date_of_birth`` is ``dateOfBirth``."""
    if isinstance(value, dict):
        return {_camel(name): _spelled(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_spelled(part) for part in value]
    return value


def _camel(name: str) -> str:
    return _CAPITALS.get(name) or re.sub("_([a-z])", lambda found: found[1].upper(), name)
