"""Every topic as data: what it carries, what keeps it in order, and for how long it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas import (
    alarms,
    case,
    changes,
    checks,
    consent,
    decisions,
    disagreements,
    enquiries,
    erasure,
    handoff,
    handover,
    information,
    keys,
    manifests,
    notification,
    operations,
    outcome,
    owed,
    picture,
    product,
    rating,
    registers,
    safety,
    school,
)
from schemas.base import Fact


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: ``keyed_by`` says within what its messages stay in order."""

    name: str
    says: str
    facts: tuple[type[Fact], ...]
    keyed_by: Literal["area", "case", "message"]
    external: bool = False
    """Whether connectors, the clock or operations publish it, rather than a step."""


RED = "messages.red"
"""Facts of any kind about what may be a Red: every worker hears it before all else."""
REDRIVEN = "messages.redriven"
"""Facts of any kind, sent again to the one step that failed on them; every worker hears it."""
FOR_EVERYBODY = (RED, REDRIVEN)
"""Topics that carry facts of any kind to all workers."""

TOPICS: tuple[Topic, ...] = (
    Topic(
        "notifications.received",
        "what agencies bring",
        (notification.NotificationReceived,),
        keyed_by="area",
        external=True,
    ),
    Topic(
        "notifications.accepted",
        "new, amended or had before",
        (notification.NotificationAccepted, notification.NotificationDuplicated),
        keyed_by="area",
    ),
    Topic(
        "open_cases.received",
        "which children have a worker",
        (case.OpenCaseReceived,),
        keyed_by="area",
        external=True,
    ),
    Topic(
        "registers.received",
        "which children registers know",
        (registers.RegisterEntryReceived,),
        keyed_by="area",
        external=True,
    ),
    Topic(
        "links.decided",
        "a human settles a link",
        (
            decisions.LinkDecided,
            decisions.PersonsDecided,
            decisions.SplitDecided,
            decisions.UndoDecided,
            decisions.AdultsDecided,
        ),
        keyed_by="area",
        external=True,
    ),
    Topic(
        "cases.linked",
        "whose child, family and case",
        (
            case.ChildLinked,
            case.ConcernFollowed,
            case.FamilyConcern,
            case.NotificationAmended,
            case.VersionMoved,
            case.OpenCaseLinked,
            case.RegisterEntryLinked,
            case.RegistersChanged,
            case.LinkCorrected,
            case.MergeSuggested,
            case.SplitSuggested,
            case.PersonsMerged,
            case.PersonsKeptApart,
            case.PersonSplit,
            case.DecisionUndone,
            case.AdultsSettled,
        ),
        keyed_by="case",
    ),
    Topic(
        "handovers.received",
        "teams of allocated workers fetch, confirm and refuse",
        (handover.HandoverReceived, handover.HandoverFetched),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "handovers.decided",
        "a social worker hands a referral to a team, takes it back, gives it to another",
        (handover.HandoverDecided,),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "handovers.settled",
        "who has it: whose team, who of them and of the front door; or no longer",
        (
            handover.HandoverGiven,
            handover.ReferralGiven,
            handover.HandoverConfirmed,
            handover.HandoverRefused,
            handover.HandoverTakenBack,
            handover.HandoverGivenUp,
        ),
        keyed_by="case",
    ),
    Topic(
        "checks.requested",
        "which systems are asked whether they know the child",
        (checks.ChecksRequested, checks.ChecksRevised),
        keyed_by="case",
    ),
    Topic(
        "checks.received",
        "systems answer",
        (checks.CheckReplyReceived,),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "checks.answered",
        "what systems know, and which are late",
        (checks.CheckAnswered, checks.CheckLate, checks.EarlierConcluded),
        keyed_by="case",
    ),
    Topic(
        "ratings.decided",
        "a social worker rates",
        (decisions.RatingDecided,),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "ratings.assigned",
        "how serious, by when, and what it came to",
        (
            rating.RatingSuggested,
            rating.PossibleRedAmended,
            rating.RatingAssigned,
            outcome.ReferralClosed,
            outcome.ReferralReopened,
            rating.DueTimeApproaching,
            rating.DueTimeBreached,
            rating.DueTimeEscalated,
        ),
        keyed_by="case",
    ),
    Topic(
        "outcomes.decided",
        "a social worker closes",
        (decisions.OutcomeDecided,),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "requests.decided",
        "a social worker asks further, changes, cancels",
        (decisions.RequestDecided,),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "information.requested",
        "what would be asked, and what is asked of whom",
        (
            information.RequestsPrepared,
            information.InformationRequested,
            consent.ConsentRecorded,
        ),
        keyed_by="case",
    ),
    Topic(
        "information.received",
        "agencies answer, or volunteer",
        (information.InformationReceived, information.InformationOffered),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "information.answered",
        "what became of requests: answered, late, changed, cancelled; and what was volunteered",
        (
            information.InformationAnswered,
            information.InformationMissing,
            information.RequestChanged,
            information.InformationEscalated,
            information.RequestStillPaused,
            information.RequestCancelled,
            information.InformationVolunteered,
        ),
        keyed_by="case",
    ),
    Topic(
        "products.drafted",
        "what might leave",
        (
            product.ProductDrafted,
            product.ProductVoided,
            product.ProductEnded,
            product.ApprovalsCancelled,
        ),
        keyed_by="case",
    ),
    Topic(
        "releases.decided",
        "an owner decides",
        (
            decisions.ReleaseDecided,
            decisions.ItemRuled,
            decisions.StandingReleased,
            decisions.StandingWithdrawn,
        ),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "releases.begun",
        "the first of two people signs",
        (decisions.ReleaseBegun,),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "products.approved",
        "what every owner allowed",
        (
            product.ItemDecided,
            product.ItemWithheld,
            product.ItemLifted,
            product.ItemAmended,
            product.ProductApproved,
            product.ProductRefused,
            product.ProductWithout,
            product.OwnerSilent,
            product.ApprovalWithdrawn,
            safety.ProductHeld,
        ),
        keyed_by="case",
    ),
    Topic(
        "products.released",
        "what left, and arrived",
        (
            product.ProductReleased,
            product.ProductDelivered,
            product.ProductActedOn,
            product.ProductReturned,
            product.ProductRecalled,
            product.ProductTakenBack,
            product.RecallAnswered,
            product.ProductHeldBack,
            product.ApprovalsEnded,
            product.ProductNotTaken,
        ),
        keyed_by="case",
    ),
    Topic(
        "deliveries.received",
        "recipients fetch, confirm and give back",
        (
            decisions.DeliveryReceived,
            decisions.RecallReceived,
            decisions.ProductFetched,
            decisions.ProductStopped,
            decisions.ProductUnsent,
            changes.ChangeReceived,
            changes.ChangeFetched,
        ),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "cases.handed_off",
        "what the case system was told of how referrals ended",
        (handoff.OutcomeHandedOff, handoff.OutcomeKeptBack, handoff.OutcomeRecorded),
        keyed_by="case",
    ),
    Topic(
        "handoffs.received",
        "the case system says what it has",
        (handoff.CaseReceiptReceived,),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "enquiries.received",
        "partners ask whether a child is known",
        (enquiries.EnquiryReceived,),
        keyed_by="area",
        external=True,
    ),
    Topic(
        "enquiries.decided",
        "a human permits or denies",
        (enquiries.EnquiryDecided,),
        keyed_by="area",
        external=True,
    ),
    Topic(
        "enquiries.matched",
        "what the register says of whom they ask about",
        (enquiries.EnquiryMatched,),
        keyed_by="area",
    ),
    Topic(
        "enquiries.answered",
        "what became of enquiries, and what was told",
        (
            enquiries.EnquiryAdmitted,
            enquiries.EnquiryDenied,
            enquiries.EnquiryReferred,
            enquiries.EnquiryAnswered,
        ),
        keyed_by="area",
    ),
    Topic(
        "disagreements.received",
        "partners disagree, withdraw that, and settle it",
        (
            disagreements.DisagreementReceived,
            disagreements.DisagreementTakenBack,
            disagreements.DisagreementDecided,
        ),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "changes.told",
        "who was told that what they hold has changed, and knows of it",
        (changes.ChangeTold, changes.ChangeAcknowledged),
        keyed_by="case",
    ),
    Topic(
        "consents.received",
        "whether parents were asked, and what they said",
        (consent.ConsentReceived,),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "disagreements.told",
        "who disagrees with what, and what came of it",
        (
            disagreements.DisagreementRaised,
            disagreements.DisagreementWithdrawn,
            disagreements.DisagreementSettled,
        ),
        keyed_by="case",
    ),
    Topic(
        "schools.decided",
        "the lead agency says which school a child goes to, and that it was told",
        (school.SchoolDecided,),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "schools.told",
        "a child's school is not told by a letter, and why",
        (school.SchoolNotTold,),
        keyed_by="case",
    ),
    Topic(
        "clocks.told",
        "who was warned, chased, and told that nothing came",
        (owed.ClockWarned, owed.ClockChased, owed.ClockEscalated, owed.ClockClosed),
        keyed_by="case",
    ),
    Topic(
        "alarms.raised",
        "what nobody has, who was told of it, and who took it",
        (alarms.AlarmRaised, alarms.AlarmRepeated, alarms.AlarmTaken, alarms.AlarmEnded),
        keyed_by="case",
    ),
    Topic(
        "alarms.received",
        "a person takes an alarm",
        (alarms.AlarmReceived,),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "timers.elapsed", "a time has come", (rating.TimerElapsed,), keyed_by="case", external=True
    ),
    Topic(
        "messages.refused",
        "what could not be acted on",
        (notification.MessageRefused,),
        keyed_by="message",
    ),
    Topic(
        "dead_letters.settled",
        "what people did about it",
        (
            operations.DeadLetterMended,
            operations.DeadLetterRedriven,
            operations.DeadLetterDiscarded,
            operations.DeadLetterRevealed,
            operations.DeadLettersAsked,
            operations.DeadLettersDecided,
        ),
        keyed_by="message",
        external=True,
    ),
    Topic(
        "ways_in.broken",
        "by which way nothing comes in, or what goes by what has ended",
        (operations.WayInBroken, operations.NotRenewed),
        keyed_by="message",
        external=True,
    ),
    Topic(
        "flows.paused",
        "what people let wait, until when, and what goes on",
        (operations.FlowPaused, operations.FlowResumed),
        keyed_by="message",
        external=True,
    ),
    Topic(
        "products.sent_again",
        "what recipients lost and get again, as two people decide",
        (
            operations.SendingAgainAsked,
            operations.SendingAgainDecided,
            operations.SentAgain,
        ),
        keyed_by="message",
        external=True,
    ),
    Topic(RED, "what may be a Red, ahead of all else", (), keyed_by="message", external=True),
    Topic(REDRIVEN, "what is sent again to one step", (), keyed_by="message", external=True),
    Topic(
        "pictures.shown",
        "what was shown to whoever decides",
        (picture.PictureShown,),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "letters.held",
        "what was kept back at the door",
        (safety.LetterHeld,),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "safety.decided",
        "a human decides what is safe to send",
        (safety.SafetyDecided,),
        keyed_by="case",
        external=True,
    ),
    Topic(
        "safety.settled",
        "what becomes of what was held back",
        (safety.SafetySettled,),
        keyed_by="case",
    ),
    Topic(
        "records.revealed",
        "who looked, and why",
        (
            operations.RecordRevealed,
            operations.RecordAccessed,
            operations.AccessDenied,
            operations.RevealReviewed,
            operations.AccessRulesAdopted,
        ),
        keyed_by="message",
        external=True,
    ),
    Topic(
        "keys.decided",
        "an agency's administrator registers who decides for it, and with which keys",
        (keys.KeyDecided,),
        keyed_by="message",
        external=True,
    ),
    Topic(
        "manifests.received",
        "how many notifications an agency says that it sent on a day",
        (manifests.ManifestReceived,),
        keyed_by="message",
        external=True,
    ),
    Topic(
        "people.signed_in",
        "who signed in and out, and who could not",
        (
            operations.PersonSignedIn,
            operations.PersonSignedOut,
            operations.SignInRefused,
            operations.PasskeyOffered,
            operations.PasskeyRegistered,
            operations.PasskeyRemoved,
        ),
        keyed_by="message",
        external=True,
    ),
    Topic(
        "records.kept",
        "what is to be kept, and what was erased",
        (erasure.HoldAdded, erasure.HoldLifted, erasure.CaseErased),
        keyed_by="message",
        external=True,
    ),
)

FACTS: dict[str, type[Fact]] = {fact.type: fact for topic in TOPICS for fact in topic.facts}
"""Fact types by their CloudEvents type."""
