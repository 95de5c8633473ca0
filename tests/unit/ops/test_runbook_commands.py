"""Each command that the runbook names is there and takes what is written; those that only look are
tried beside a hub at work.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.look import runbook
from tests.support.console import working
from tests.support.desk_days import EVAN, KIM, Days
from tests.support.filled import empty_hub, grown

RUNBOOK = Path("ops/RUNBOOK.md")
_IN_TEXT = re.compile(r"`(hub [a-z][^`]*)`")
_SHELL = re.compile(r"\s+(#|>|\|).*")


@cache
def written(text: str) -> list[str]:
    """Each command as it is written, once."""
    blocks = "\n".join(text.split("```")[1::2]).splitlines()
    found = [*_IN_TEXT.findall(text), *(line for line in blocks if line.startswith("hub "))]
    return list(dict.fromkeys(_SHELL.sub("", one.replace("\\|", "|")) for one in found))


def fault(said: str) -> str:
    """What is wrong with a command as it is written; "" if nothing is."""
    words = shlex.split(said)[1:]
    command = _meant(words)
    if command is None:
        return f"there is no {words[0]}"
    options = {name: one for one in command.params for name in (*one.opts, *one.secondary_opts)}
    values = 0
    while words:
        word = words.pop(0)
        option = options.get(word)
        if not word.startswith("--"):
            values += 1
        elif not isinstance(option, click.Option):
            return f"it takes no {word}"
        elif wrong := _wrong_value(option, words):
            return f"{word} {wrong}"
    arguments = [one.nargs for one in command.params if isinstance(one, click.Argument)]
    return "" if values <= sum(arguments) or min(arguments, default=0) < 0 else "too many words"


def _meant(words: list[str]) -> click.Command | None:
    """The command with which the words begin: these are taken from them."""
    command: click.Command | None = main
    while words and isinstance(command, click.Group):
        within, context = command, click.Context(command)
        command = within.get_command(context, words[0])
        if command is not None:
            words.pop(0)
        elif command := within.get_command(context, "make"):  # `hub backup FOLDER`
            break
        elif within.invoke_without_command:
            return within
    return command


def _wrong_value(option: click.Option, words: list[str]) -> str:
    """What is wrong with what follows an option, which is taken from the words."""
    for _ in range(0 if option.is_flag else option.nargs):
        if not words:
            return "takes something"
        told = words.pop(0)
        known = option.type.choices if isinstance(option.type, click.Choice) else ()
        if known and told.islower() and told not in known:
            return f"takes no {told}"
    return ""


def commands() -> list[str]:
    return written(RUNBOOK.read_text("utf-8"))


def test_the_runbook_names_many_commands() -> None:
    assert len(commands()) > 60
    assert sum("--" in one for one in commands()) > 20


@pytest.mark.parametrize("said", commands())
def test_each_command_of_the_runbook_is_there_and_takes_what_is_written(said: str) -> None:
    assert fault(said) == ""


@pytest.mark.parametrize(
    "said",
    [
        "hub statsu",
        "hub status --whatch",
        "hub dead-letters lists",
        "hub reds --check now",
        "hub policy why --act steal",
        "hub restore FILE --key",
    ],
)
def test_a_command_that_is_written_wrongly_is_found(said: str) -> None:
    assert fault(said) != ""


ASKED = (
    "hub status",
    "hub reds",
    "hub clocks",
    "hub dead-letters list",
    "hub dead-letters asked",
    "hub recalls",
    "hub retention due",
    "hub policy show",
    "hub config check",
    "hub audit verify",
    "hub audit checkpoint",
    "hub audit key",
    "hub replay",
    "hub upgrade --dry-run",
)
"""What looks and needs nobody's name."""


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoFolder]:
    """A hub with a child, a rating, a dead letter and an alarm, whose steps are at work."""
    folder, hub = empty_hub(tmp_path_factory.mktemp("runbook") / "hub")
    days = Days(hub)
    days.rated(days.notified("school", KIM, "Kim was in the street."), "green")
    days.notified("police", EVAN, "Evan was out late.")
    days.alarm()
    grown(hub)
    with working(hub):
        yield folder
    hub.database.close()


@pytest.mark.parametrize("said", ASKED)
def test_what_only_looks_answers_beside_a_hub_at_work(said: str, at_work: DemoFolder) -> None:
    assert any(one.startswith(said) for one in commands())
    done = CliRunner().invoke(main, [*shlex.split(said)[1:], "--config", str(at_work.config)])
    assert done.exit_code in (0, 1), done.output
    assert not isinstance(done.exception, Exception), done.exception
    assert done.output.strip()


@pytest.mark.parametrize(
    "alert", re.findall(r"- alert: (\w+)", Path("ops/watch/alerts.yml").read_text("utf-8"))
)
def test_the_line_of_each_alert_says_what_to_do(alert: str) -> None:
    """A command, an address or where in the runbook it is said; and what it refers to is there."""
    line = runbook.line_of(f"`{alert}`")
    assert re.search(r"`|\*|desk|ring|mend|make room", line.do)
    symptoms = " ".join(one.symptom for one in runbook.lines())
    for named in re.findall(r"see \*([^*]+)\* above", line.do):
        assert named.strip("`").split(":")[0] in symptoms, named
