"""`hub profile try` shows what a profile makes of a text, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ops.cli import main
from ops.run.configuration import Misconfigured, read_profile
from tests.support.filled import empty_hub

TEXT = "Nobody was hit. Dad bit his arm."


def run(text: str, *arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(main, ["profile", "try", "-", *arguments], input=text)
    return answer.exit_code, answer.output


def told(text: str, *arguments: str) -> Any:
    return json.loads(run(text, "--json", *arguments)[1])


def test_it_shows_the_colour_the_reasons_and_each_sign_with_what_denies_it() -> None:
    said = told(TEXT, "--profile", "sample-borough")
    assert (said["colour"], said["known"]) == ("red", True)
    assert "The child is said to have been hit or hurt." in said["reasons"]
    by_words = {sign["words"]: sign for sign in said["signs"]}
    assert by_words["bit his arm"]["counted"]
    denied = by_words["was hit"]
    assert (denied["counted"], denied["denied_as"]) == (False, ["negated"])
    assert any("nobody" in phrase for phrase in denied["denied_by"])


def test_in_words_it_is_a_table_and_the_reasons(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Nobody was hit.", "utf-8")
    answer = CliRunner().invoke(main, ["profile", "try", str(file), "--profile", "sample-borough"])
    assert answer.exit_code == 0
    assert "suggests green" in answer.output
    assert "Not counted, as the words deny it: The child is said" in answer.output
    assert "no: negated" in answer.output


def test_it_is_the_configurations_own_profile_unless_another_is_named(tmp_path: Path) -> None:
    folder, _ = empty_hub(tmp_path / "hub")
    assert told(TEXT, "--config", str(folder.config))["profile"] == "Sample Borough 2026.2"


@pytest.mark.parametrize("text", ["", "  \n "])
def test_no_words_are_told_so(text: str) -> None:
    code, said = run(text, "--profile", "sample-borough")
    assert (code, "no words" in said) == (1, True)


SHIPPED = Path(__file__).parents[3] / "ops" / "profiles" / "sample-borough.toml"


def own(folder: Path, **changed: str) -> Path:
    text = SHIPPED.read_text("utf-8")
    for old, new in changed.items():
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "own.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_profiles_own_words_take_the_place_of_the_languages(tmp_path: Path) -> None:
    path = own(tmp_path)
    path.write_text(path.read_text("utf-8") + '\n[words]\nwhom = ["the moon"]\n', "utf-8")
    profile = read_profile(path.name, folder=tmp_path)
    assert profile.words["whom"] == ("the moon",)
    assert profile.words["blow"] == read_profile("sample-borough").words["blow"]
    assert profile.context == read_profile("sample-borough").context


def test_a_phrase_that_cannot_be_read_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    path = own(tmp_path, **{'"cruelty"': '"cruelty .."'})
    with pytest.raises(Misconfigured, match=r"cruelty \.\."):
        read_profile(path.name, folder=tmp_path)
