"""All steps as one value: who hears what. The picture of ``hub topology`` and the README is drawn from this."""

from __future__ import annotations

from typing import Any

from router.handle import BoundStep
from router.memory import Documents
from router.outcome import Step
from router.people import DecodedPeople, PeopleMemory
from router.steps import approve, compose, deduplicate, link, rate, release, request_information
from schemas.topics import TOPICS, Topic
from stores.database import Transaction


def bound_steps() -> tuple[BoundStep, ...]:
    """The seven hops' steps in the order of the flow, each with the memory that serves it."""
    decoded = DecodedPeople()

    def people(step: Step[Any], transaction: Transaction) -> PeopleMemory:
        return PeopleMemory(step, transaction, decoded)

    return (
        BoundStep(deduplicate.STEP, Documents),
        # Serial: a child made by one batch must be found by the next one, whatever partition it comes from.
        BoundStep(link.STEP, people, serial=True),
        BoundStep(rate.STEP, Documents),
        BoundStep(request_information.STEP, Documents),
        BoundStep(compose.STEP, Documents),
        BoundStep(approve.STEP, Documents),
        BoundStep(release.STEP, Documents),
    )


def topics_of(step: Step[Any]) -> tuple[Topic, ...]:
    """The topics that carry what the step hears."""
    return tuple(topic for topic in TOPICS if set(topic.facts) & set(step.hears))
