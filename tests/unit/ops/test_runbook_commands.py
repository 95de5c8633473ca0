"""Each command that the runbook and the README name is there and takes what is written; those that
only look are tried beside a hub at work.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
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

RUNBOOK, README = Path("ops/RUNBOOK.md"), Path("README.md")
_IN_TEXT = re.compile(r"`(hub [a-z][^`]*)`")
_SHELL = re.compile(r"\s+(#|>|\|).*")


@cache
def written(text: str) -> list[str]:
    """Each command as it is written, once."""
    found = [*_IN_TEXT.findall(text), *_lines(text)]
    return list(dict.fromkeys(_SHELL.sub("", one.replace("\\|", "|")) for one in found))


def to_copy(text: str) -> list[str]:
    """Those that stand on lines of their own, for whoever copies them."""
    return [_SHELL.sub("", one) for one in _lines(text)]


def _lines(text: str) -> list[str]:
    blocks = "\n".join(text.split("```")[1::2]).splitlines()
    return [line for line in blocks if line.startswith("hub ")]


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


def missing(said: str) -> str:
    """What a command as it is written does not run without; "" if it runs."""
    words = shlex.split(said)[1:]
    command = _meant(words)
    if isinstance(command, click.Group) and not command.invoke_without_command:
        return "one of its commands"
    assert command is not None
    left = [one for one in command.params if one.required]
    given = [one for one in command.params if set(one.opts).intersection(words)]
    options = {word for one in given for word in _taken(one, words)}
    values = len([word for word in words if word not in options])
    for argument in [one for one in left if isinstance(one, click.Argument)]:
        values -= abs(argument.nargs)
        if values < 0:
            return argument.human_readable_name
    lacking = [one for one in left if isinstance(one, click.Option) and one not in given]
    return lacking[0].opts[0] if lacking else ""


def _taken(option: click.Parameter, words: list[str]) -> list[str]:
    """The words that are an option's."""
    (at,) = [at for at, word in enumerate(words) if word in option.opts]
    flag = isinstance(option, click.Option) and option.is_flag
    return words[at : at + 1 + (0 if flag else option.nargs)]


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


def everywhere(of: Callable[[str], list[str]]) -> list[str]:
    return list(
        dict.fromkeys(said for one in (RUNBOOK, README) for said in of(one.read_text("utf-8")))
    )


def test_the_runbook_names_many_commands() -> None:
    assert len(commands()) > 60
    assert sum("--" in one for one in commands()) > 20


@pytest.mark.parametrize("said", everywhere(written))
def test_each_command_that_is_named_is_there_and_takes_what_is_written(said: str) -> None:
    assert fault(said) == ""


@pytest.mark.parametrize("said", everywhere(to_copy))
def test_each_command_on_a_line_of_its_own_runs_as_it_is_written(said: str) -> None:
    assert missing(said) == ""


@pytest.mark.parametrize(
    ("said", "without"),
    [
        ("hub case", "id"),
        ("hub case --json", "id"),
        ("hub audit", "one of its commands"),
        ("hub audit who CASE --who W", "--why"),
        ("hub pause step --who W --why Y --minutes 5", "name"),
    ],
)
def test_what_a_command_does_not_run_without_is_missed(said: str, without: str) -> None:
    assert missing(said).lower() == without


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
