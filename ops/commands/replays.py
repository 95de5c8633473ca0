"""``hub replays``: replays that run on the server beside the hub, planned, watched and told of."""

from __future__ import annotations

import time as clock
from pathlib import Path
from typing import Any

import click

from ops.access.acting import asker
from ops.commands.acting import who_does
from ops.commands.common import answer, config_option, json_option, options, say_json, table, time
from ops.commands.reading import reading, writing
from ops.look.replay_report import Wanted
from ops.mend import replaying_apart
from ops.mend import replays as jobs
from ops.mend.dead_letters import Refused
from ops.mend.replays import DONE, RUNNING, Job
from schemas.access import Act, Purpose
from schemas.topics import TOPICS

_PAUSE = 0.2


@click.group()
def replays() -> None:
    """Plan, start, watch, cancel and read replays that run on the server beside the hub.

    Each decides in memory, publishes nothing and moves no consumer; it runs in a process of its own
    that gives way to the hub. `hub replay` does the same here and now, without a plan.

    \b
    Example:
      hub replays start --topic ratings.assigned --who "J. Auditor" --why "Inquiry 2026/3"
      hub replays show ID
      hub replays report ID > report.json
    """


_job = click.argument("job_id", metavar="ID")
_wanted = options(
    click.option(
        "--topic",
        type=click.Choice([topic.name for topic in TOPICS]),
        metavar="TOPIC",
        help="Only this topic.",
    ),
    click.option("--case", "about", metavar="ID", help="Only this case or referral."),
    click.option("--since", type=time, help="Only what was recorded from this time on."),
    click.option("--until", type=time, help="Only what was recorded up to this time."),
)


@replays.command()
@_wanted
@config_option
@json_option
@who_does
@click.option("--dry-run", is_flag=True, help="Only plan it: `again` starts it.")
@click.option("--wait", is_flag=True, help="Until it has ended; exit 1 unless all is equal.")
def start(
    config: Path,
    *,
    as_json: bool,
    who: str,
    why: str,
    dry_run: bool,
    wait: bool,
    **wanted: Any,
) -> None:
    """Plan a replay and start it; says how many facts are compared, and about how long it takes.

    \b
    Example:
      hub replays start --case 0197… --who "J. Auditor" --why "Inquiry 2026/3" --wait
    """
    with writing(config) as hub:
        known = asker(hub, who, why=why, purpose=Purpose.AUDIT)
        found = jobs.plan(hub, Wanted(**wanted), asker=known)
        if not dry_run:
            jobs.start(hub, found.plan.job_id, who=who)
    _show(config, found.plan.job_id, as_json=as_json, wait=wait and not dry_run)


@replays.command()
@_job
@config_option
@json_option
@who_does
def again(job_id: str, *, config: Path, as_json: bool, who: str, why: str) -> None:
    """Start one that was planned, cancelled or interrupted.

    \b
    Example:
      hub replays again 3f0c… --who "J. Auditor" --why "the server was restarted"
    """
    with writing(config) as hub:
        jobs.permitted(hub, job_id, asker=asker(hub, who, why=why, purpose=Purpose.AUDIT))
        jobs.start(hub, job_id, who=who)
    _show(config, job_id, as_json=as_json)


@replays.command("list")
@config_option
@json_option
def list_(*, config: Path, as_json: bool) -> None:
    """List them, the newest first.

    \b
    Example:
      hub replays list
    """
    with reading(config, act=Act.REPLAY) as hub:
        found = jobs.jobs(hub, config.parent)
    shown = ("id", "state", "percent", "facts", "by", "asked_at")
    rows = [jobs.told(job) for job in found]
    columns = [{name: row[name] for name in shown} for row in rows]
    answer(rows, [table("Replays", columns)], as_json=as_json)


@replays.command()
@_job
@config_option
@json_option
@click.option("--wait", is_flag=True, help="Until it has ended; exit 1 unless all is equal.")
def show(job_id: str, *, config: Path, as_json: bool, wait: bool) -> None:
    """Show what was planned, and how far it is.

    \b
    Example:
      hub replays show 3f0c…
    """
    _show(config, job_id, as_json=as_json, wait=wait)


@replays.command()
@_job
@config_option
def report(job_id: str, *, config: Path) -> None:
    """Print the report of one that is done, as JSON.

    \b
    Example:
      hub replays report 3f0c… > report.json
    """
    with reading(config, act=Act.REPLAY) as hub:
        found = jobs.job(hub, config.parent, job_id)
    if found.report is None:
        raise Refused(f"it has no report: it is {found.state}")
    say_json(jobs.told(found))


@replays.command()
@_job
@config_option
@json_option
@who_does
def cancel(job_id: str, *, config: Path, as_json: bool, who: str, why: str) -> None:
    """End one before it is done; it has changed nothing.

    \b
    Example:
      hub replays cancel 3f0c… --who "J. Auditor" --why "wrong topic"
    """
    with writing(config) as hub:
        jobs.permitted(hub, job_id, asker=asker(hub, who, why=why, purpose=Purpose.AUDIT))
        jobs.cancel(hub, job_id)
    answer({"id": job_id, "cancelled": True}, ["it ends within a second"], as_json=as_json)


@replays.command(hidden=True)
@_job
@config_option
def run(job_id: str, *, config: Path) -> None:
    """What the process of one does: for `start` alone."""
    with reading(config, act=Act.REPLAY) as hub:
        replaying_apart.run(hub, config.parent, job_id)


def _show(config: Path, job_id: str, *, as_json: bool, wait: bool = False) -> None:
    with reading(config, act=Act.REPLAY) as hub:
        found = jobs.job(hub, config.parent, job_id)
        while wait and found.state == RUNNING:
            clock.sleep(_PAUSE)
            found = jobs.job(hub, config.parent, job_id)
    value = jobs.told(found)
    lines = [f"{key:<9} {part}" for key, part in value.items() if part not in (None, {})]
    answer(value, lines, as_json=as_json, well=not wait or _is_well(found))


def _is_well(found: Job) -> bool:
    return found.state == DONE and bool(found.report and found.report["well"])
