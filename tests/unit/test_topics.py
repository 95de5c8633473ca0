"""A fact that no topic carries could be written and never read again: the store and Kafka would not
know its type.
"""

from collections.abc import Iterator

import router.topology
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
from schemas.topics import FACTS, TOPICS

MODULES = (
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
    notification,
    operations,
    outcome,
    owed,
    picture,
    product,
    rating,
    safety,
    registers,
    school,
    keys,
    manifests,
)


def facts_of_schemas() -> Iterator[type[Fact]]:
    """Every fact that the schemas define and name: what several share has no type of its own."""
    for module in MODULES:
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, Fact)
                and value.__module__ == module.__name__
                and hasattr(value, "type")
            ):
                yield value


def test_every_fact_is_carried_by_the_topic_that_it_names() -> None:
    carried = {fact: topic.name for topic in TOPICS for fact in topic.facts}
    assert {fact.__name__: fact.topic for fact in facts_of_schemas()} == {
        fact.__name__: name for fact, name in carried.items()
    }


def test_every_step_can_read_what_it_hears() -> None:
    heard = {fact for bound in router.topology.bound_steps() for fact in bound.step.hears}
    assert heard <= set(FACTS.values())
