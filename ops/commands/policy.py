"""``hub policy``: who may see and do what, why, and who has looked."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import RenderableType

from ops.access import reviews as looking
from ops.access.acting import asker, today
from ops.commands.common import answer, config_option, json_option, table, text
from ops.commands.reading import reading, writing
from ops.run.configuration import read_access, read_settings
from router.access.decide import decide
from schemas.access import (
    AccessRules,
    Act,
    Answer,
    Effect,
    Existence,
    Purpose,
    Question,
    Resource,
    Role,
    Rule,
    Verdict,
)
from schemas.settings import PersonSettings
from schemas.sharing import Sensitivity

F = TypeVar("F", bound=Callable[..., Any])
_EFFECTS = {
    Effect.DENY: "never",
    Effect.MASK: "masked",
    Effect.REASON: "with a reason",
    Effect.ALLOW: "yes",
}
_VERDICTS = {
    Verdict.ALLOW: "allowed",
    Verdict.MASK: "masked: that it is there is shown, and not what it says",
    Verdict.NEED_REASON: "allowed to whoever gives a reason: it is recorded, and the owner told",
    Verdict.DENY: "denied",
}
_who = click.option(
    "--who", type=text, help="Your name, as [[people]] of the configuration has it."
)


@click.group()
def policy() -> None:
    """Who may see and do what at the hub, by which rule, and who has looked at contents.

    \b
    Examples:
      hub policy show
      hub policy why --role auditor --act reveal --record case --purpose audit
      hub policy reviews --who "D. Reviewer"
    """


@policy.command()
@config_option
@json_option
def show(config: Path, *, as_json: bool) -> None:
    """Print the access rules as a table, for whoever answers for the information.

    Their order means nothing: of the lines that fit, the strictest decides; what none allows is
    denied. An empty field fits all.

    \b
    Example:
      hub policy show
    """
    rules = _rules(config)
    told = rules.model_dump(mode="json") | {"digest": rules.digest()}
    answer(told, _shown(rules), as_json=as_json)


def _rules(config: Path) -> AccessRules:
    return read_access(read_settings(config, os.environ), folder=config.parent)


def _shown(rules: AccessRules) -> Iterator[str | RenderableType]:
    until = f" until {rules.until}" if rules.until else ""
    yield (
        f"{rules.version}, approved by {rules.approved_by}, in force from {rules.since}{until} "
        f"(digest {rules.digest()[:16]})"
    )
    order = sorted(rules.rules, key=lambda rule: list(_EFFECTS).index(rule.effect))
    yield table("Access rules", [_row(rule) for rule in order])
    yield "What no line allows is denied."
    yield _terms("contents", rules.reveal.minutes, hours=rules.reveal.review_hours)
    yield _terms(
        "the glass, once broken,", rules.break_glass.minutes, hours=rules.break_glass.review_hours
    )


def _terms(what: str, minutes: int, *, hours: int) -> str:
    stay = "stays" if what.startswith("the") else "stay"
    return f"For one reason {what} {stay} open {minutes} minutes; reviewed within {hours} hours."


def _row(rule: Rule) -> dict[str, str]:
    return {
        "rule": rule.id,
        "": _EFFECTS[rule.effect],
        "who": _words(rule.roles),
        "does": _words(rule.acts),
        "what": _words(rule.records),
        "for": _words(rule.purposes),
        "where": "; ".join(_where(rule)),
        "says": rule.says,
    }


def _where(rule: Rule) -> Iterator[str]:
    whose = {"own": "one's own", "other": "another agency's", "nobody": "the hub's own"}
    if rule.ownership:
        yield " or ".join(whose[one] for one in rule.ownership)
    if rule.sensitivity:
        yield _words(rule.sensitivity)
    if rule.existence:
        yield _words(rule.existence)
    said = (("named", rule.named), ("assigned", rule.assigned), ("glass broken", rule.break_glass))
    yield from (name if wanted else f"not {name}" for name, wanted in said if wanted is not None)


def _words(values: Iterable[object]) -> str:
    return ", ".join(str(one).replace("_", " ") for one in values)


def _choice(name: str, values: Iterable[str], **more: Any) -> Callable[[F], F]:
    return click.option(name, type=click.Choice([str(one) for one in values]), **more)


@policy.command()
@config_option
@json_option
@click.option(
    "--person", type=text, help="Somebody of [[people]]; or else say --role and --agency."
)
@_choice("--role", Role, multiple=True, help="May be repeated.")
@click.option("--agency", help="Whose they are.")
@_choice("--act", Act, required=True)
@_choice("--record", Resource, required=True)
@_choice("--purpose", Purpose)
@click.option("--owner", help="The agency whose item it is; left out, it is the hub's own record.")
@_choice("--sensitivity", Sensitivity, default="sensitive", show_default=True)
@_choice("--existence", Existence, default="open", show_default=True)
@click.option("--assigned", is_flag=True, help="They work on the case.")
@click.option("--reason", is_flag=True, help="They give a reason.")
@click.option("--emergency", is_flag=True, help="They break the glass.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day; today if left out.")
def why(config: Path, *, as_json: bool, **asked: Any) -> None:
    """Say what the access rules say of a question: each that speaks, and the one that decides.

    It opens no store and looks at no case: say what is to be supposed.

    \b
    Example:
      hub policy why --person "J. Auditor" --act reveal --record case --purpose audit \\
        --owner police --sensitivity restricted --reason
    """
    rules = _rules(config)
    found = decide(rules, _question(config, **asked))
    told = {
        "verdict": found.verdict,
        "decided": found.decided.id if found.decided else None,
        "spoke": [rule.id for rule in found.spoke],
        "rules": rules.version,
    }
    answer(told, _why(found), as_json=as_json)


def _question(
    config: Path,
    *,
    person: str | None,
    role: tuple[str, ...],
    agency: str | None,
    on: dt.datetime | None,
    emergency: bool,
    purpose: str | None,
    **asked: Any,
) -> Question:
    one = _among(read_settings(config, os.environ).people, person)
    what_for = Purpose.EMERGENCY if emergency else purpose and Purpose(purpose)
    return Question(
        act=Act(asked["act"]),
        resource=Resource(asked["record"]),
        on=on.date() if on else today(),
        person=person or ("somebody" if role else None),
        agency=one.agency if one else agency,
        roles=frozenset(one.roles if one else map(Role, role)),
        purpose=what_for or None,
        assigned=asked["assigned"],
        reason=asked["reason"],
        break_glass=emergency,
        owner=asked["owner"],
        sensitivity=Sensitivity(asked["sensitivity"]),
        existence=Existence(asked["existence"]),
    )


def _among(people: Sequence[PersonSettings], name: str | None) -> PersonSettings | None:
    by_name = {one.name: one for one in people}
    if name is not None and name not in by_name:
        known = ", ".join(sorted(by_name)) or "nobody"
        raise click.UsageError(f"{name} is not among [[people]]: {known}")
    return by_name.get(name or "")


def _why(found: Answer) -> Iterator[str]:
    yield _VERDICTS[found.verdict]
    if not found.spoke:
        yield "  no rule speaks of it, and what no rule allows is denied"
    elif found.decided is None:
        yield "  no rule that speaks of it allows it, and what no rule allows is denied"
    for rule in found.spoke:
        decides = "decides" if rule is found.decided else "speaks"
        yield f"  {decides:<8} {rule.id} ({_EFFECTS[rule.effect]}): {rule.says}"


@policy.command()
@config_option
@json_option
@_who
@click.option("--all", "everything", is_flag=True, help="Those that were reviewed, too.")
@click.option("--check", is_flag=True, help="Exit 1 where one is overdue.")
def reviews(config: Path, *, as_json: bool, who: str | None, everything: bool, check: bool) -> None:
    """List who was shown contents and why, and by when somebody else has to look at it.

    \b
    Example:
      hub policy reviews --who "D. Reviewer"
    """
    with reading(config, shows=Resource.ACCESSES, by=lambda hub: asker(hub, who)) as hub:
        found = [one for one in looking.looks(hub) if everything or one.state != "reviewed"]
    shown = [
        {
            name: value
            for name, value in asdict(one).items()
            if name not in ("record_id", "about", "at")
        }
        for one in found
    ]
    well = not (check and any(one.state == "overdue" for one in found))
    answer([asdict(one) for one in found], [table("Looks", shown)], as_json=as_json, well=well)


@policy.command()
@click.argument("id_", metavar="ID")
@config_option
@json_option
@click.option("--who", required=True, type=text, help="Your name, as [[people]] has it.")
@click.option("--why", required=True, type=text, help="What you found.")
@click.option("--in-order/--not-in-order", required=True, default=None)
def reviewed(id_: str, config: Path, *, as_json: bool, who: str, why: str, in_order: bool) -> None:
    """Say of a look at contents, by its ID, whether it was in order; nobody says so of their own.

    \b
    Example:
      hub policy reviewed 3f0c… --in-order --who "D. Reviewer" --why "complaint 2026/17 is real"
    """
    with writing(config) as hub:
        looking.review(hub, id_, asker=asker(hub, who, why=why), in_order=in_order)
        told = () if in_order else tuple(looking.risk_owners(hub))
    found = "in order" if in_order else "not in order: the hub tells nobody of that by itself"
    lines = [f"{id_} is recorded as {found}"]
    if told:
        lines.append(f"tell the risk owner: {', '.join(told)}; and the agencies whose words it was")
    answer({"id": id_, "in_order": in_order, "risk_owners": told}, lines, as_json=as_json)
