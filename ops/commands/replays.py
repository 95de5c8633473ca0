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

    To memory, each decides again, publishes nothing and moves no consumer; it runs in a process of
    its own that gives way to the hub. `hub replay` does the same here and now, without a plan.

    To live, the products that left for a recipient that has lost them go on its queue again, each
    as far as the gate lets it go now. That takes two people: one plans it, another agrees.

    \b
    Example:
      hub replays start --topic ratings.assigned --who "J. Auditor" --why "Inquiry 2026/3"
      hub replays show ID
      hub replays report ID > report.json
      hub replays start --to live --recipient gp --since 2026-11-27T02:00 --who "A. Operator" \\
        --why "its system was put back to 02:00"
      hub replays agree ID --who "P. Operator" --why "rung: they lost it"
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
    click.option(
        "--to",
        type=click.Choice(["memory", "live"]),
        default="memory",
        show_default=True,
        help="Decide again and compare; or put what left for --recipient on its queue again.",
    ),
    click.option("--recipient", metavar="AGENCY", help="With --to live: who has lost what it had."),
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
    to: str,
    recipient: str | None,
    **wanted: Any,
) -> None:
    """Plan a replay and start it; says how many facts are compared, and about how long it takes. To
    live it is planned alone, with how many would go and how many not: another has to agree.

    \b
    Example:
      hub replays start --case 0197… --who "J. Auditor" --why "Inquiry 2026/3" --wait
    """
    if (to == "live") != (recipient is not None):
        raise click.UsageError("--to live goes with --recipient: whose queue it goes on again")
    with writing(config) as hub:
        known = asker(hub, who, why=why, purpose=Purpose.AUDIT)
        if recipient is not None:
            known = asker(hub, who, why=why, purpose=Purpose.MENDING)
            found = jobs.plan_to_live(hub, Wanted(**wanted), recipient, asker=known)
        else:
            found = jobs.plan(hub, Wanted(**wanted), asker=known)
            if not dry_run:
                jobs.start(hub, found.plan.job_id, who=who)
    starts = recipient is None and not dry_run
    _show(config, found.plan.job_id, as_json=as_json, wait=wait and starts)
    if recipient is not None:
        say = f"two people decide it: `hub replays agree {found.plan.job_id}`"
        click.echo(say, err=True)


@replays.command()
@_job
@config_option
@json_option
@click.option("--refuse", is_flag=True, help="It is not to be done.")
@click.option("--wait", is_flag=True, help="Until it has ended; exit 1 unless all went.")
@who_does
def agree(
    job_id: str, *, config: Path, as_json: bool, who: str, why: str, refuse: bool, wait: bool
) -> None:
    """Agree to a replay to live that another person planned, which starts it; or refuse it.

    \b
    Example:
      hub replays agree 3f0c… --who "P. Operator" --why "rung: they lost it"
    """
    with writing(config) as hub:
        known = asker(hub, who, why=why, purpose=Purpose.MENDING)
        jobs.agree(hub, job_id, asker=known, agreed=not refuse)
    if refuse:
        answer({"id": job_id, "agreed": False}, ["it is not done"], as_json=as_json)
        return
    _show(config, job_id, as_json=as_json, wait=wait)


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
    """End one before it is done. To memory it has changed nothing; to live what went on the queue
    stays there, and is told of.

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
        if jobs.job(hub, config.parent, job_id).plan.recipient is None:
            replaying_apart.run(hub, config.parent, job_id)
            return
    with writing(config) as whole:
        replaying_apart.send(whole, job_id)


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
