"""Why a message may be refused: each reason with its cause and cure, in words for the sender."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not acted on: a code of ``REASONS``, and the field at fault.

    ``field`` is named as its sender names it, such as ``row 3, DOB``; it never holds a value.
    """

    reason: str
    field: str | None = None
    expected: str | None = dataclass_field(default=None, compare=False)
    """What would be taken, as far as that is known: for the receipt alone."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason code. ``mendable``: correcting one field and redriving can make the message good."""

    code: str
    cause: str
    cure: str
    """What its sender can do: an agency, which knows nothing of the hub's own commands."""
    mendable: bool = True
    hint: str | None = None
    """What whoever runs the hub can do besides."""
    agreed: str | None = None
    """The cure where it is known what was ``{expected}``; without it that is said behind the cure.
    """

    def cure_for(self, expected: str | None) -> str:
        """The cure, with what a right value looks like where that is known; a line at most."""
        if not expected:
            return self.cure
        return (self.agreed or f"{self.cure} Expected: {{expected}}.").format(expected=expected)[
            :500
        ]


_KEPT = "It is kept, and the hub's staff see it; telephone the hub if it is urgent."
_MEND = "Where its sender cannot: `hub dead-letters mend ID`, then `hub dead-letters redrive ID`."

_AS_AGREED = "Write it as was agreed: {expected}."

POSTCODE = "BD54 5UN"
"""What a postcode looks like."""
_A_POSTCODE = (
    f"Write a real postcode alone, such as {POSTCODE}; other words belong to the address lines. If "
    "it is right as far as you know, send it anyway: a human sees it."
)

_REASONS = (
    Reason(
        "unreadable.encoding",
        "The bytes are not text in the encoding that was agreed, UTF-8 where none was.",
        "Send the file or body encoded as UTF-8.",
        False,
        hint="Where the agency cannot, write its `encoding` in the mapping's [reader…] table: "
        "windows-1252, utf-16 or guess.",
    ),
    Reason(
        "unreadable.json",
        "The text is not well-formed JSON.",
        "Check brackets, quotes and commas; send it anew.",
        agreed="Check brackets, quotes and commas at {expected}; send it anew.",
    ),
    Reason(
        "unreadable.xml",
        "The text is not well-formed XML.",
        "Check the tags against the agreed schema; send anew.",
    ),
    Reason(
        "unreadable.hl7",
        "The text is not an HL7 v2 message that begins with MSH and its separators.",
        "Begin each message with MSH|^~\\&| and send it anew.",
        False,
    ),
    Reason(
        "unreadable.number",
        "The JSON holds NaN or an infinity.",
        "Leave the field out or give a number.",
    ),
    Reason(
        "unreadable.repeated-key",
        "A JSON object names one field twice.",
        "Name each field once; send it anew.",
    ),
    Reason(
        "unreadable.xml-entities",
        "The XML declares entities or a document type.",
        "Send plain XML without a DTD.",
    ),
    Reason(
        "unreadable.csv",
        "The row does not have the columns of its header.",
        "Check quotes and commas in the row.",
        agreed="Check quotes and {expected} in the row.",
    ),
    Reason(
        "unreadable.empty",
        "There is nothing in the message.",
        "Send the notification's content.",
        False,
    ),
    Reason(
        "unreadable.too-large",
        "The message is larger than the hub takes, or holds more than 2,000 notifications.",
        "Split it, or leave attachments out.",
        False,
    ),
    Reason(
        "unreadable.too-deep",
        "The message nests deeper than the hub takes.",
        "Send the agreed flat shape.",
        False,
    ),
    Reason(
        "unreadable.event",
        "The CloudEvents envelope lacks or misstates an attribute.",
        "Give id, source, type and specversion 1.0.",
        agreed="Give {expected}: an event has id, source, type and specversion 1.0.",
    ),
    Reason(
        "unknown.type",
        "The hub takes no message of this type.",
        "Use a type that the hub's page /docs lists.",
        hint="`hub schemas` lists them.",
    ),
    Reason(
        "unknown.format",
        "Nothing was agreed with this agency for such a file or content type.",
        "Send it in the form that was agreed; the name or content type must say which it is.",
        False,
        hint="Rename the file so that its name says which format it is, or add a mapping for it to "
        "the agency; `hub connectors try` tells which mapping reads a file.",
        agreed="Send it in the form that was agreed; the name or content type must say which it "
        "is. This agency sends {expected}.",
    ),
    Reason(
        "missing.field",
        "A field that was agreed is missing.",
        "Fill in the field and send it again.",
        hint=_MEND,
    ),
    Reason(
        "missing.content",
        "It has neither a reference nor words nor a child, so there is nothing to act on.",
        "Fill in at least one of them and send it again.",
        hint=_MEND,
    ),
    Reason(
        "missing.column",
        "The header lacks a column that was agreed.",
        "Add the column to the header and send the file again.",
        False,
        hint="`hub connectors try` shows it; the mapping says which columns it needs.",
        agreed="Add the column to the header and send the file again. It has {expected}, which was "
        "not agreed: if that is the column, give it the agreed name.",
    ),
    Reason(
        "invalid.value",
        "The field holds something of the wrong kind.",
        "Correct the field and send it again.",
        hint=_MEND,
    ),
    Reason(
        "invalid.date",
        "The field is not a date of the agreed form.",
        "Write dates as was agreed, 2026-03-31 where nothing else was.",
        hint=_MEND,
        agreed=_AS_AGREED,
    ),
    Reason(
        "invalid.time",
        "The field is not a moment of the agreed form.",
        "Write moments as was agreed, 2026-03-31T09:30:00Z where nothing else was.",
        hint=_MEND,
        agreed=_AS_AGREED,
    ),
    Reason(
        "invalid.too-long",
        "The field is longer than the hub takes.",
        "Shorten the text and send it again.",
        hint=_MEND,
    ),
    Reason(
        "invalid.characters",
        "The text holds a NUL character or half of a surrogate pair.",
        "Send the text without it; check how the sending system writes \\u escapes.",
    ),
    Reason(
        "invalid.code",
        "The field is not one of the agreed codes.",
        "Use one of the codes that were agreed.",
        hint="The mapping lists them. " + _MEND,
    ),
    Reason(
        "invalid.unknown-field",
        "The message has a field that its shape does not know.",
        "Leave the field out or name it rightly.",
    ),
    Reason("invalid.future", "The moment lies in the future.", "Correct the clock or the field."),
    Reason(
        "invalid.future-birthday",
        "The birthday lies in the future.",
        "Correct the birthday; of a child who is not born yet, send when it is expected as such.",
    ),
    Reason("invalid.past", "The date lies too far back to be right.", "Correct the field."),
    Reason(
        "invalid.check-digit",
        "The number fails its own check, so a digit is wrong.",
        "Compare it with the record that it was copied from.",
    ),
    Reason(
        "invalid.postcode",
        "The field is not a postcode.",
        _A_POSTCODE,
        agreed=f"The last two letters of a postcode are {{expected}}. {_A_POSTCODE}",
    ),
    Reason(
        "invalid.incomplete",
        "It says nothing without a field that is missing or could not be used.",
        "Send the fields that belong together.",
    ),
    Reason(
        "invalid.several",
        "Several different values stand where there can be one.",
        "Send the one that is right.",
    ),
    Reason(
        "invalid.quotes",
        "A quote mark stands where none may, so the row was read as if it were a letter.",
        "Write a quote mark inside a field twice, and the field in quotes (RFC 4180).",
        agreed="Write a quote mark inside a field twice, and the field in quotes, between "
        "{expected} (RFC 4180).",
    ),
    Reason(
        "invalid.columns",
        "The row has more or fewer columns than its header, so some may stand in the wrong one.",
        "Write a text with commas in quotes (RFC 4180), and every column in every row.",
        agreed="Write a text with {expected} in quotes (RFC 4180), and every column in every row.",
    ),
    Reason(
        "missing.header",
        "No column of the agreed table is named in the first row.",
        "Send the file with its header, as the agreed format has it.",
        False,
    ),
    Reason(
        "invalid.many",
        "So much cannot be used that not all of it is named.",
        "Compare the message with the agreed format; the whole of it is kept.",
    ),
    Reason(
        "missing.detriment",
        "Something is not revealed, or may not leave, and nothing says why.",
        "Say with it why sharing it would be more detrimental to the child (Children Act 2004, "
        "s16LA).",
    ),
    Reason(
        "missing.name",
        "The child's given name or family name is missing.",
        "Send both where they are known; without them the child is hard to find.",
    ),
    Reason(
        "placeholder.name",
        "The name says that nobody knows it.",
        "Send the name when you have it; telephone the hub if it is urgent.",
    ),
    Reason(
        "placeholder.number",
        "No number stands there, or one that is nobody's.",
        "Send the number when you have it, and leave the field empty until then.",
    ),
    Reason(
        "placeholder.telephone",
        "No telephone number stands there, or one that is nobody's.",
        "Send the number when you have it, and leave the field empty until then.",
    ),
    Reason(
        "missing.child",
        "No child is named under the names that were agreed.",
        "Compare the names of fields with the agreed format; nobody is known from this message.",
    ),
    Reason(
        "refused.not-yours",
        "The item belongs to another agency, and only its owner decides about it.",
        "Ask the owner.",
        False,
    ),
    Reason(
        "refused.not-told",
        "Whoever takes an alarm is of the lead agency, or of an agency that was told of it.",
        "Let one of those who were told take it.",
        False,
    ),
    Reason(
        "refused.role",
        "This agency may not send this kind of message.",
        "Only the lead agency rates and links.",
        False,
    ),
    Reason(
        "refused.agreement",
        "No information-sharing agreement is in force for this agency.",
        "Agree with the lead agency from when to when information is shared; then send it again.",
        False,
        hint="Renew the agreement's dates in the configuration, then "
        "`hub dead-letters redrive ID`.",
    ),
    Reason(
        "refused.unknown-subject",
        "The hub does not know what this is about.",
        "Check the id; it must come from the hub.",
    ),
    Reason(
        "refused.closed",
        "This was decided already and cannot be changed by this message.",
        "Nothing is left to do, unless the lead agency says otherwise.",
        False,
        hint="`hub case` shows what was decided.",
    ),
    Reason(
        "refused.overtaken",
        "Later decisions about the same referrals or persons stand upon this one.",
        "Undo the later ones first, the latest of all to begin with.",
        False,
        hint="`hub linkage explain` shows them.",
    ),
    Reason(
        "refused.not-shown",
        "The decision names no picture of this referral that the hub gave to your agency.",
        "Fetch the request again, decide on the picture in it, and name its id and digest in saw.",
        False,
    ),
    Reason(
        "refused.not-rated",
        "No social worker has rated the referral yet.",
        "Send a rating decision first: it says too what is asked of whom.",
    ),
    Reason(
        "refused.red-without-product",
        "A Red is to be closed before its products are out.",
        "Say in without_product why it is closed without them, or close it once they are out.",
    ),
    Reason(
        "refused.no-such-hub",
        "A referral is to be transferred to what is not the hub of another area.",
        "Name in to the hub of one of the profile's places, or close it with another outcome.",
    ),
    Reason(
        "refused.no-team",
        "A referral is to be handed to what is no team for it, or has it already.",
        "Name in to a team of the profile or of the child's own worker; its agreement is in force.",
    ),
    Reason(
        "refused.not-to-be-asked",
        "This agency is not to be asked about this child: the request plan says why.",
        "Where the plan says that it may be overruled, send the decision again with an overrule "
        "and its rationale; where the link is in doubt, settle it first.",
    ),
    Reason(
        "refused.digest",
        "The decision is about other bytes than those proposed.",
        "Decide again on what is shown now.",
        False,
    ),
    Reason(
        "refused.unsigned",
        "What this agency lets leave has to be signed, and this is not.",
        "Sign the statement of the approval request with a registered key, and send it again.",
        False,
        hint="`keys` of the agency's agreement; of one that has none yet, `unsigned_until`.",
    ),
    Reason(
        "refused.signature",
        "No registered key that counts now has signed this, or not for who is said to decide.",
        "Sign it with the registered key of who decides, and send it again.",
        False,
        hint="`keys` of the agency's agreement: since when, until when, revoked or not.",
    ),
    Reason(
        "refused.no-administrator",
        "The agency has no administrator who registers its decision makers.",
        "Have the agreement name one, with a key of theirs.",
        False,
        hint="`administrators` of the agency's agreement.",
    ),
    Reason(
        "refused.other-key",
        "This key is somebody else's already: an administrator's, or another person's.",
        "Have each person make a key of their own, and register that.",
        False,
    ),
    Reason(
        "refused.unproven",
        "Nobody has shown that they have this key: it has not signed its own registration.",
        "Have its decision maker sign what the administrator signed, and send both signatures.",
        False,
        hint="`hub approvals register prove`; from when: `keys_prove_from` of the profile.",
    ),
    Reason(
        "refused.author",
        "Who wrote the words approves them too.",
        "Have another decision maker sign them.",
        False,
    ),
    Reason(
        "refused.statement",
        "What was signed is not what is asked about now.",
        "Sign the statement of the newest approval request as it stands, with who decides and why.",
        False,
    ),
    Reason(
        "refused.run-out",
        "The approval does not count yet, has run out, or is to last longer than approvals may.",
        "Sign the statement of the newest approval request with its own times.",
        False,
    ),
    Reason(
        "refused.recipient",
        "The decision names another recipient than the product.",
        "Decide for the product's recipient.",
        False,
    ),
    Reason(
        "refused.purpose",
        "The decision names another purpose than the product.",
        "Decide for the product's purpose.",
        False,
    ),
    Reason(
        "refused.reason-missing",
        "Withholding needs a reason: why sharing would be more detrimental to the child.",
        "Give the reason.",
        False,
    ),
    Reason(
        "refused.decision-maker",
        "Nobody of this name is registered to decide this for the agency.",
        "Let one who is registered decide, or have the lead agency register the one who did; then "
        "send it again.",
        False,
        hint="`decision_makers` of the agency in the configuration, or `social_workers` of the "
        "lead agency, who rate and settle links.",
    ),
    Reason(
        "refused.other-words",
        "The other agency that decides about this item has approved other words.",
        "Approve the same words, or withhold the item.",
        False,
    ),
    Reason(
        "refused.withheld",
        "Its owner withholds this item, whatever product it is in.",
        "The owner lifts that first, by an item decision; then decide again.",
        False,
    ),
    Reason(
        "refused.others-words",
        "It says in the words of another agency what that has not let leave.",
        "Say it in words of your own, or wait until that agency has decided.",
        False,
    ),
    Reason(
        "refused.unsafe",
        "Without these fields somebody would still be at risk.",
        "Leave out all that the review names, or decide to send it or not to.",
        False,
    ),
    Reason(
        "refused.same-id",
        "The same message id came before with other content.",
        "Use a new id for new content.",
    ),
    Reason(
        "undecidable",
        "The hub has a fault that this message brought to light.",
        _KEPT,
        hint="Report it; once the hub is mended, `hub dead-letters redrive ID`.",
    ),
    Reason(
        "unreadable.sealed",
        "The hub cannot open what it has sealed.",
        _KEPT,
        mendable=False,
        hint="Check the hub's key, then `hub dead-letters redrive ID`.",
    ),
)

REASONS = {reason.code: reason for reason in _REASONS}
"""Reason codes by name; a dead letter, receipt or metric holds no other."""

INSTEAD = {
    "left-out": "Kept as it came for people to read; not used to find the child or to rate.",
    "shortened": "Its beginning is used; the whole is kept.",
    "cleaned": "Used without the characters that no text may hold; kept as it came.",
    "arrival-time": "The time at which it arrived is used instead.",
    "without": "Taken without it.",
    "kept-close": "It is kept back all the same, as was said.",
    "along": "Kept with the part that it describes.",
    "across": "Read from left to right as far as it goes, so values may stand in the wrong column; "
    "a human sees the row as it came.",
    "quotes": "The text is used with its quote marks as they stand; a human sees the row as it "
    "came.",
    "otherwise": "What was agreed for any other code is used; kept as it came for people to read.",
    "given-reference": "The hub gave it a reference of its own, which is in this receipt.",
}
"""What was done with a part of a message that could not be used, in words for the sender."""
