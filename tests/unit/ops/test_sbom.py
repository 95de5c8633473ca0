"""What the hub is made of: all that is locked, and nothing under a licence that reaches further."""

from __future__ import annotations

import json
import re
from email.message import Message
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ops.cli import main
from ops.look import sbom
from ops.look.sbom import Part, bill, parts

_LOCK = Path(__file__).parents[3] / "ops/locks/runtime.txt"
_REACHES = re.compile(r"(?<!L)\bA?GPL|GNU (?:Affero )?General Public", re.IGNORECASE)


def reaching(found: list[Part]) -> list[str]:
    """The parts whose licence is the GPL or the AGPL (the LGPL lets what uses it be)."""
    return [one.name for one in found if _REACHES.search(json.dumps(one.licences))]


def is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def test_all_that_is_locked_is_in_it_and_nothing_else() -> None:
    lines = _LOCK.read_text().splitlines()
    locked = {line.split(" ")[0] for line in lines if re.match(r"\w", line)}
    assert {f"{one['name']}=={one['version']}" for one in bill()["components"]} == locked


def test_every_part_that_is_installed_says_its_licence() -> None:
    assert [one.name for one in parts() if is_installed(one.name) and not one.licences] == []


def test_no_part_that_runs_is_under_the_gpl_or_the_agpl() -> None:
    assert reaching(parts()) == []


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"License-Expression": "GPL-3.0-or-later"}, True),
        ({"License": "AGPLv3"}, True),
        ({"Classifier": "License :: OSI Approved :: GNU General Public License v3 (GPLv3)"}, True),
        ({"Classifier": "License :: OSI Approved :: GNU Affero General Public License v3"}, True),
        ({"License-Expression": "LGPL-3.0-only"}, False),
        ({"License": "Apache 2.0"}, False),
    ],
)
def test_a_part_under_them_would_be_found(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, str], found: bool
) -> None:
    told = Message()
    for name, value in said.items():
        told[name] = value
    monkeypatch.setattr(sbom, "metadata", lambda _: told)
    assert bool(reaching(parts())) is found


def test_it_is_a_bill_of_materials_that_says_what_uses_what() -> None:
    made = bill()
    assert (made["bomFormat"], made["specVersion"], made["version"]) == ("CycloneDX", "1.6", 1)
    refs = [one["bom-ref"] for one in made["components"]]
    assert len(refs) == len(set(refs))
    (uses,) = made["dependencies"]
    assert uses["ref"] == made["metadata"]["component"]["bom-ref"]
    assert set(uses["dependsOn"]) < set(refs)
    assert "pkg:pypi/pydantic@" in " ".join(uses["dependsOn"])
    assert made == bill()


def test_the_command_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "sbom.json"
    written = CliRunner().invoke(main, ["sbom", "--out", str(file)])
    shown = CliRunner().invoke(main, ["sbom", "--json"])
    assert (written.exit_code, shown.exit_code) == (0, 0)
    made: Any = json.loads(file.read_text())
    assert made == json.loads(shown.stdout) == bill()
    assert "pydantic" in CliRunner().invoke(main, ["sbom"]).stdout
