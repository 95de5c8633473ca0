"""What ops/SECURITY.md names is there: files, commands, proofs, and requirements of OWASP ASVS."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from ops.cli import main
from tests.proofs import catalogue
from tests.proofs.command import proof

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "ops" / "SECURITY.md"
_OF_ASVS = {
    1: (2, 10, 12, 3, 3),
    2: (3, 3, 5, 2),
    4: (5, 5, 2, 4),
    5: (1, 6, 3, 3),
    6: (3, 12, 8, 6, 8, 4, 2, 4),
    7: (3, 4, 2, 5, 3, 2),
    8: (4, 4, 3, 2),
    9: (3, 4),
    11: (4, 5, 5, 4, 2, 2, 2),
    12: (5, 2, 5),
    13: (4, 6, 4, 7),
    14: (2, 8, 3),
    15: (5, 5, 7, 4),
    16: (1, 5, 4, 3, 4),
}
REQUIREMENTS = {
    f"{chapter}.{section}": count
    for chapter, counts in _OF_ASVS.items()
    for section, count in enumerate(counts, start=1)
}
"""How many each section of ASVS 5.0.0 has, of the chapters that apply."""
VERDICTS = {"met", "partly", "not", "does not apply"}


def text() -> str:
    return PAGE.read_text("utf-8")


def rows() -> list[tuple[str, str, str]]:
    """Of the mapping to ASVS: the section, the verdict, and all that is said of it."""
    return re.findall(r"^\| V(\d+\.\d+) [^|]*\| ([^|]*?) \|(.*)\|$", text(), flags=re.MULTILINE)


def commands(word: str) -> set[str]:
    return set(re.findall(rf"`({word} [^`]+)`", text()))


def test_every_file_that_it_links_to_is_there() -> None:
    links = set(re.findall(r"\]\(([^)#]+)\)", text()))
    assert len(links) > 50
    assert [link for link in links if not (PAGE.parent / link).exists()] == []


@pytest.mark.parametrize("written", sorted(commands("hub")))
def test_every_command_that_it_names_is_there(written: str) -> None:
    command: click.Command = main
    for word in shlex.split(written)[1:]:
        if word.startswith("--"):
            assert word in {name for one in command.params for name in one.opts}, written
        elif word.islower():
            assert isinstance(command, click.Group), written
            found = command.get_command(click.Context(command), word)
            assert found is not None, written
            command = found


def test_every_proof_and_target_that_it_names_is_there() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = commands("make")
    assert {one.split()[1] for one in named} <= set(targets)
    proofs = {word.removeprefix("PROOF=") for one in named for word in one.split()[2:]}
    assert proofs
    assert proofs <= set(catalogue.proofs(proof))


def test_every_figure_that_it_names_is_in_the_report() -> None:
    named = set(re.findall(r"\bF\d+[a-d]?\b", text()))
    assert named <= {figure.id for figure in catalogue.read()}


def test_every_section_of_the_standard_that_applies_has_one_row() -> None:
    assert [section for section, _, _ in rows()] == list(REQUIREMENTS)
    assert {verdict for _, verdict, _ in rows()} <= VERDICTS


def test_requirements_that_it_names_are_in_the_standard_and_in_their_row() -> None:
    for section, verdict, told in rows():
        named = re.findall(r"v5\.0\.0-(\d+\.\d+)\.(\d+)", told)
        assert {one for one, _ in named} <= {section}, section
        assert all(1 <= int(number) <= REQUIREMENTS[section] for _, number in named), section
        assert verdict != "partly" or named or "not yet" in told, f"{section} says not what is not"


def test_it_says_what_was_met_where_that_can_be_seen() -> None:
    for section, verdict, told in rows():
        assert verdict != "met" or "](" in told or "`os.urandom`" in told, section
