"""The picture of the hub, drawn from the topology that runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from router.topology import WRITTEN_BY, bound_steps, topics_of
from schemas.topics import TOPICS


def _to(step: str) -> list[str]:
    return [topic for topic, writers in WRITTEN_BY.items() if step in writers]


def arrows() -> Iterator[tuple[str, str]]:
    """From topic to the step that hears it, and from step to the topic that it publishes to."""
    for bound in bound_steps():
        name = bound.step.name
        yield from ((topic.name, name) for topic in topics_of(bound.step))
        yield from ((name, topic) for topic in _to(name))


def mermaid() -> str:
    """A flowchart for GitHub: steps as boxes, topics rounded, those from outside as flags."""
    drawn = {name for arrow in arrows() for name in arrow}
    lines = ["flowchart LR"]
    for topic in TOPICS:
        if topic.name in drawn:
            left, right = (">", "]") if topic.external else ("(", ")")
            lines.append(f'    {_id(topic.name)}{left}"{topic.name}"{right}')
    lines += [f"    {bound.step.name}[[{bound.step.name}]]" for bound in bound_steps()]
    lines += [f"    {_id(here)} --> {_id(there)}" for here, there in arrows()]
    return "\n".join(lines)


def text() -> str:
    """A paragraph for each step, and what every topic carries."""
    lines = ["Steps, in the order of the flow", ""]
    for bound in bound_steps():
        name = bound.step.name
        lines.append(name)
        lines += [f"    hears      {topic.name}" for topic in topics_of(bound.step)]
        lines += [f"    publishes  {topic}" for topic in _to(name)]
    lines += ["", "Topics", ""]
    for topic in TOPICS:
        origin = ", from outside" if topic.external else ""
        lines.append(f"{topic.name:<24} {topic.says}, in order per {topic.keyed_by}{origin}")
    return "\n".join(lines)


def as_json() -> dict[str, Any]:
    """Topics and steps as plain values."""
    return {
        "topics": [
            {
                "name": topic.name,
                "says": topic.says,
                "keyed_by": topic.keyed_by,
                "external": topic.external,
                "types": [fact.type for fact in topic.facts],
            }
            for topic in TOPICS
        ],
        "steps": [
            {
                "name": bound.step.name,
                "hears": [fact.type for fact in bound.step.hears],
                "from": [topic.name for topic in topics_of(bound.step)],
                "to": _to(bound.step.name),
            }
            for bound in bound_steps()
        ],
    }


def _id(name: str) -> str:
    return name.replace(".", "_")
