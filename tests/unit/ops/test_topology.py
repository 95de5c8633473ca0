"""The picture is what runs, and the guide shows that very picture."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner
from sqlalchemy import text

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.look import topology as drawn
from ops.run.parts import STEPS, WORKERS
from ops.run.wiring import Hub
from router.topology import bound_steps
from schemas.topics import TOPICS

PICTURE = Path(__file__).parents[3] / "ops/guide/topology.md"
OPENS, CLOSES = "<!-- topology -->", "<!-- /topology -->"


def told(form: str) -> str:
    return CliRunner().invoke(main, ["topology", "--format", form]).stdout


def test_every_step_and_every_topic_is_drawn() -> None:
    drawn = json.loads(told("json"))
    assert [step["name"] for step in drawn["steps"]] == [bound.step.name for bound in bound_steps()]
    assert [topic["name"] for topic in drawn["topics"]] == [topic.name for topic in TOPICS]
    assert all(step["from"] and step["to"] for step in drawn["steps"])


def test_arrows_to_topics_are_those_that_a_run_recorded(worked: tuple[DemoFolder, Hub]) -> None:
    with worked[1].database.reading() as connection:
        rows = connection.execute(text("SELECT DISTINCT source, topic FROM journal")).all()
    steps = {f"mash-hub/{bound.step.name}": bound.step.name for bound in bound_steps()}
    ran = {(steps[row.source], row.topic) for row in rows if row.source in steps}
    assert ran
    assert ran <= set(drawn.arrows())


def test_every_topic_is_from_outside_or_published_by_a_step() -> None:
    published = {there for _, there in drawn.arrows()}
    inside = {topic.name for topic in TOPICS if not topic.external}
    assert inside - published == {"messages.refused"}, "which any step may publish to"


def test_mermaid_draws_each_arrow_once() -> None:
    lines = told("mermaid").splitlines()
    assert lines[0] == "flowchart LR"
    assert lines.count("    deduplicate --> notifications_accepted") == 1


def test_people_read_who_hears_what() -> None:
    assert "hears      notifications.accepted" in told("text")


def test_the_guide_shows_the_picture_as_drawn_today() -> None:
    block = PICTURE.read_text("utf-8").partition(OPENS)[2].partition(CLOSES)[0].strip()
    assert block == f"```mermaid\n{drawn.mermaid()}\n```", (
        "paste what `hub topology --format mermaid` prints"
    )


def test_the_workers_that_run_by_themselves_serve_every_step_once() -> None:
    served = sorted(name for worker in WORKERS for name in worker.split())
    assert served == sorted(STEPS)
