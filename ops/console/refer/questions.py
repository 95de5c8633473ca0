"""What is asked, one thing a page, and whether what was answered can be used."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from ops.console.refer.drafts import FAMILY, Draft
from ops.console.screen import Form
from schemas.referrer import MadeBy

Kind = Literal["text", "long", "choice", "date", "age", "telephone", "email"]

_LONGEST: Final = {"text": 200, "telephone": 40, "email": 200, "long": 20_000}


@dataclass(frozen=True, slots=True)
class Field:
    """One box, or one choice. ``needed``: what is said where it is empty; None: it may be."""

    name: str
    label: str
    kind: Kind = "text"
    hint: str = ""
    choices: Mapping[str, str] | None = None
    needed: str | None = None
    future: bool = False
    """Whether a date may lie ahead, as when a child is expected."""
    autocomplete: str | None = None
    longest: int | None = None
    """Of what is written there; None: what its kind may."""

    @property
    def boxes(self) -> tuple[str, ...]:
        """Under which names its answer is kept: a date has three."""
        if self.kind == "date":
            return tuple(f"{self.name}_{part}" for part in _PARTS)
        return (self.name,)


@dataclass(frozen=True, slots=True)
class Question:
    """A page of the form. ``each``: asked about each child; ``asked``: whether it is, so far."""

    code: str
    title: str
    fields: Sequence[Field]
    says: Sequence[str] = ()
    each: bool = False
    asked: Callable[[Draft], bool] = lambda _: True


def _named(draft: Draft) -> bool:
    return draft.answers.get("who") != MadeBy.ANONYMOUS


def _several(draft: Draft) -> bool:
    return len(draft.children) > 1


def _professional(draft: Draft) -> bool:
    return draft.answers.get("who") == MadeBy.PROFESSIONAL


_YES_NO: Final = {"yes": "Yes", "no": "No"}

QUESTIONS: Final = (
    Question(
        "danger",
        "Is a child in danger now?",
        [
            Field(
                "danger",
                "Is a child in danger now?",
                "choice",
                hint="For example hurt, left alone, or with somebody who may hurt them",
                choices=_YES_NO,
                needed="Say whether a child is in danger now",
            )
        ],
    ),
    Question(
        "who",
        "How do you know about this?",
        [
            Field(
                "who",
                "How do you know about this?",
                "choice",
                choices={
                    MadeBy.PROFESSIONAL: "I work with children, families or the public",
                    MadeBy.PUBLIC: "I am a relative, friend, neighbour or somebody else",
                    MadeBy.ANONYMOUS: "I do not want to say who I am",
                },
                needed="Say how you know about this, or that you do not want to say who you are",
            )
        ],
    ),
    Question(
        "you",
        "How can we reach you?",
        [
            Field("your_name", "Your name", autocomplete="name"),
            Field("your_work", "Where you work and what you do there, if this is about your work"),
            Field("your_telephone", "Telephone", "telephone", autocomplete="tel"),
            Field("your_email", "Email address", "email", autocomplete="email"),
        ],
        says=(
            "A social worker may need to ask you something. Your name is kept apart from what you "
            "tell us, and is not passed on.",
        ),
        asked=_named,
    ),
    Question(
        "child",
        "Who is the child?",
        [
            Field("given", "First names", hint="Leave empty what you do not know"),
            Field("family", "Last name"),
            Field("also", "Other names the child goes by"),
            Field(
                "sex",
                "Sex",
                "choice",
                choices={"female": "Girl", "male": "Boy", "unknown": "I do not know"},
            ),
        ],
        each=True,
    ),
    Question(
        "born",
        "How old is the child?",
        [
            Field(
                "born",
                "Date of birth",
                "date",
                hint="For example 27 3 2016. For a baby not yet born, when it is due. If you only "
                "know the year, write the year alone",
                future=True,
            ),
            Field(
                "age",
                "Or about how old, if you do not know",
                "age",
                hint="In years, as a number, for example 7. Of a baby write 0",
            ),
        ],
        each=True,
    ),
    Question(
        "where",
        "Where does the child live?",
        [
            Field("line1", "House and street", autocomplete="off"),
            Field("city", "Town or city"),
            Field("postcode", "Postcode"),
            Field("school", "School, nursery or college"),
            Field(
                "hidden",
                "Could somebody be in danger if it became known that they live there?",
                "choice",
                choices={"yes": "Yes, for example a refuge or a foster home", "no": "No"},
            ),
        ],
        each=True,
    ),
    Question(
        FAMILY,
        "Are these children brothers and sisters?",
        [
            Field(
                FAMILY,
                "Are these children brothers and sisters?",
                "choice",
                hint="Half-brothers, half-sisters and children who grow up as such, too",
                choices={
                    "yes": "Yes, all of them",
                    "no": "No, or not all of them",
                    "unknown": "I do not know",
                },
                needed="Say whether all these children are brothers and sisters",
            )
        ],
        asked=_several,
    ),
    Question(
        "happened",
        "What are you worried about?",
        [
            Field(
                "happened",
                "What has happened, or what have you seen or heard?",
                "long",
                hint="In your own words. Say who did or said what, and whether the child is hurt",
                needed="Write what you are worried about",
            ),
            Field(
                "others",
                "Who else lives with the child, or is part of this?",
                "long",
                hint="Names, and who they are to the child, as far as you know",
            ),
        ],
        says=(
            "You cannot attach files here. If you have photographs or documents, say so: a social "
            "worker will tell you how to send them.",
        ),
    ),
    Question(
        "when",
        "When was that?",
        [
            Field(
                "when",
                "When did it happen, or when did you notice it?",
                "date",
                hint="For example 27 3 2026. Leave it empty if it was today",
            )
        ],
    ),
    Question(
        "family",
        "Does the family know that you are telling us?",
        [
            Field(
                "informed",
                "Have you told the parents or carers?",
                "choice",
                choices=_YES_NO,
                needed="Say whether you have told the parents or carers",
            ),
            Field(
                "consent",
                "Do they agree?",
                "choice",
                choices={
                    "given": "Yes",
                    "refused": "No",
                    "not_sought": "They were not asked",
                },
                needed="Say whether they agree",
            ),
            Field(
                "consent_reason",
                "If they were not told or do not agree, why you tell us",
                "long",
                longest=500,
            ),
        ],
        says=("Tell us all the same where asking them could put a child at risk.",),
        asked=_professional,
    ),
)
BY_CODE: Final = {one.code: one for one in QUESTIONS}


@dataclass(frozen=True, slots=True)
class Step:
    """A question, and about which child it is asked."""

    question: Question
    child: int | None = None

    @property
    def path(self) -> str:
        """Under ``/refer/``."""
        if self.child is None:
            return self.question.code
        return f"child/{self.child + 1}/{self.question.code}"


def steps(draft: Draft) -> Iterator[Step]:
    """All that is asked, in order, as far as is known by now; of who was taken, nothing."""
    done = False
    for question in QUESTIONS:
        if question.each and not done:
            done = True
            of_each = [one for one in QUESTIONS if one.each]
            left = (one for one in range(len(draft.children)) if one not in draft.taken)
            for child in left:
                yield from (Step(one, child) for one in of_each)
        elif not question.each and question.asked(draft):
            yield Step(question)


def after(draft: Draft, step: Step) -> str:
    """Where somebody goes on after a question: to the next, or to what they have written."""
    every = list(steps(draft))
    if step.question.code == "danger" and draft.answers.get("danger") == "yes":
        return "ring"
    last_of_child = step.child is not None and step.question is _LAST_OF_CHILD
    if last_of_child and step.child == len(draft.children) - 1:
        return "children"
    at = every.index(step)
    return every[at + 1].path if at + 1 < len(every) else "check"


def after_children(draft: Draft) -> str:
    """Where somebody goes on once all children are named."""
    following = QUESTIONS[QUESTIONS.index(_LAST_OF_CHILD) + 1 :]
    return next(one.code for one in following if one.asked(draft))


def asked_alone(draft: Draft) -> Draft:
    """Without answers to what is asked no longer, as somebody answered otherwise before it."""
    asked = {
        box
        for step in steps(draft)
        if step.child is None
        for field in step.question.fields
        for box in field.boxes
    }
    left = {name: said for name, said in draft.answers.items() if name in asked}
    return draft.model_copy(update={"answers": left})


_LAST_OF_CHILD: Final = [one for one in QUESTIONS if one.each][-1]


def read(
    question: Question, form: Form, *, today: dt.date
) -> tuple[dict[str, str], dict[str, str]]:
    """What was answered, and what is said of what cannot be used, by field."""
    answers, errors = dict[str, str](), dict[str, str]()
    for field in question.fields:
        if field.kind == "date":
            answers |= {box: form.one(box) for box in field.boxes}
            if said := _wrong_date(field, answers, today=today):
                errors[f"{field.name}_day"] = said
            continue
        value = form.one(field.name)
        answers[field.name] = value
        if said := _wrong(field, value):
            errors[field.name] = said
    return answers, errors


def usable(
    question: Question, answers: Mapping[str, str], errors: Mapping[str, str]
) -> dict[str, str]:
    """Of what was answered, all of which nothing is said."""
    kept = (one for one in question.fields if not errors.keys() & {one.name, *one.boxes})
    return {box: answers[box] for one in kept for box in one.boxes}


_PARTS: Final = ("day", "month", "year")


def _wrong(field: Field, value: str) -> str | None:
    if not value:
        return field.needed
    if field.kind == "choice":
        return None if value in (field.choices or {}) else "Choose one of these"
    if field.kind == "age":
        return None if age_of(value) is not None else "Write the age as a number, such as 7"
    longest = field.longest or _LONGEST[field.kind]
    return f"Write at most {longest:,} characters" if len(value) > longest else None


def _wrong_date(field: Field, answers: Mapping[str, str], *, today: dt.date) -> str | None:
    if not any(answers[box] for box in field.boxes):
        return field.needed
    found = date_of(answers, field.name)
    if found is None:
        return f"{field.label}: write a real date, such as 27 3 2016, or leave it empty"
    date, _ = found
    if date > today and not field.future:
        return f"{field.label}: this lies in the future"
    return None


def date_of(answers: Mapping[str, str], name: str) -> tuple[dt.date, str] | None:
    """A date that was written in three boxes, and how sure its day, month and year are.

    None where nothing was, or what is no date.
    """
    day, month, year = (answers.get(f"{name}_{part}", "") for part in _PARTS)
    try:
        date = dt.date(_number(year), _number(month or "1"), _number(day or "1"))
    except ValueError:
        return None
    if date.year < 1900 or (day and not month):
        return None
    return date, f"{'A' if day else 'U'}{'A' if month else 'U'}A"


def age_of(text: str) -> int | None:
    """An age in years that was written as a number; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 2 else None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise ValueError(text)
    return int(text)


def shown(question: Question, answers: Mapping[str, str]) -> list[tuple[str, str]]:
    """What was answered, in words, for whoever checks it."""
    return [(field.label, _in_words(field, answers)) for field in question.fields]


def _in_words(field: Field, answers: Mapping[str, Any]) -> str:
    if field.kind == "date":
        return " ".join(filter(None, (answers.get(box, "") for box in field.boxes)))
    value = str(answers.get(field.name, ""))
    return (field.choices or {}).get(value, value)
