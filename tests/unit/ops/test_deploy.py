"""What is shipped to put the hub into service: units, image and compose file say what the hub can
do, and what the image installs does it, with nothing of the checkout beside it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from ops.cli import _COMMANDS, main
from tests.services.commands import _exports

_ROOT = Path(__file__).parents[3]
DEPLOY = _ROOT / "ops" / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
CONTAINERFILE = (DEPLOY / "Containerfile").read_text("utf-8").replace("\\\n", " ")
HUBS = {name: one for name, one in COMPOSE["services"].items() if "mash-hub" in one["image"]}
UNITS = sorted((DEPLOY / "systemd").iterdir())


def parsed(command: list[str]) -> None:
    """The command line is one that the hub takes; raises where not."""
    group: click.Command = main
    context: click.Context | None = None
    while isinstance(group, click.Group):
        context = group.make_context("hub", [*command], parent=context, resilient_parsing=False)
        rest = [*context._protected_args, *context.args]
        name, found, command = group.resolve_command(context, rest)
        assert found is not None, name
        group = found
    # whether files that it names are there is the machine's matter
    known = {name for one in group.params for name in one.opts}
    assert {word for word in command if word.startswith("--")} <= known


@pytest.mark.parametrize("name", HUBS)
def test_every_hub_of_the_compose_file_runs_a_command_without_rights(name: str) -> None:
    service = HUBS[name]
    parsed(service["command"])
    assert service["read_only"] is True
    assert service["user"] == "10001:10001"
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "ports" not in service
    writable = [one for one in service["volumes"] if not one.endswith(":ro")]
    assert all(
        one.partition(":")[2].startswith(("/var/lib/mash-hub", "/backups")) for one in writable
    )


def test_the_parts_of_a_hub_are_all_there() -> None:
    run = {
        word for one in HUBS.values() if one["command"][0] == "run" for word in one["command"][1:]
    }
    assert run == {"all", "relay", "http", "connectors", "clock"}


def test_networks_volumes_and_waits_of_the_compose_file_are_declared() -> None:
    for name, service in COMPOSE["services"].items():
        assert {*service.get("networks", [])} <= {*COMPOSE["networks"]}, name
        assert {*service.get("depends_on", [])} <= {*COMPOSE["services"]}, name
        named = (one.partition(":")[0] for one in service.get("volumes", []))
        assert {one for one in named if not one.startswith(("/", "."))} <= {*COMPOSE["volumes"]}
        awaited = service.get("depends_on", {})
        for other in awaited if isinstance(awaited, dict) else ():
            assert "test" in COMPOSE["services"][other]["healthcheck"]
    published = {name for name, one in COMPOSE["services"].items() if "ports" in one}
    assert published == {"proxy"}
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_every_secret_is_asked_for_and_none_is_written() -> None:
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    secret = re.findall(r"^\s+\w*(?:PASSWORD|PASS|KEY):\s*(.+)$", text, re.MULTILINE)
    assert secret
    assert all(re.fullmatch(r"\$\{[A-Z_]+:\?\}", one.strip()) for one in secret)
    told = (DEPLOY / "README.md").read_text("utf-8")
    assert all(f"`{name}`" in told for name in re.findall(r"\$\{([A-Z_]+):", text))


def test_images_name_no_host_and_a_version() -> None:
    images = [one["image"] for name, one in COMPOSE["services"].items() if name not in HUBS]
    images += [one.split()[0] for one in re.findall(r"^FROM (.+)$", CONTAINERFILE, re.MULTILINE)]
    for image in images:
        assert "." not in image.partition("/")[0] or "/" not in image, image
        assert re.search(r":[\w.-]*\d", image), image


def test_the_image_is_nobodys_and_takes_what_is_there() -> None:
    lines = [line.split(maxsplit=1) for line in CONTAINERFILE.splitlines() if line[:1].isalpha()]
    said = [(name, value) for name, value in lines]
    assert [value for name, value in said if name == "USER"] == ["10001:10001"]
    assert dict(said)["ENTRYPOINT"] == '["hub"]'
    parsed(["run"])
    copied = [
        value.split()[:-1] for name, value in said if name == "COPY" and "--from" not in value
    ]
    for source in (source for sources in copied for source in sources):
        assert (_ROOT / source).exists(), source
    packages = {"connectors", "ops", "router", "schemas", "stores"}
    assert packages <= {source for sources in copied for source in sources}
    assert "/healthz" in dict(said)["HEALTHCHECK"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_unit_is_one_and_runs_a_command(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text("utf-8")
    for line in re.findall(r"^ExecStart(?:Pre)?=-?(.+)$", text, re.MULTILINE):
        program, *command = shlex.split(line)
        assert program == "/opt/hub/bin/hub"
        parsed(command)
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    for other in UNITS:
        there = other.read_text("utf-8").replace("/opt/hub/bin/hub", "/bin/true")
        (tmp_path / other.name).write_text(there, "utf-8")
    verify = ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    if unit.suffix == ".service":
        judge = ["systemd-analyze", "security", "--offline=true", "--threshold=20"]
        done = subprocess.run(
            [*judge, str(tmp_path / unit.name)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-200:]


_EVERY_COMMAND = """
import os, sys
from click.testing import CliRunner
from ops.cli import _COMMANDS, main
from tests.services.commands import _exports
import ops
assert ops.__file__.startswith(sys.argv[1]), ops.__file__
for line in [*(f"{name} --help" for name in _COMMANDS), *sys.stdin]:
    done = CliRunner().invoke(main, line.split())
    if done.exit_code:
        sys.exit(f"{line}: {done.output} {done.exception!r}")
print(len(_COMMANDS))
"""


def test_what_the_image_installs_does_every_command_without_the_checkout(tmp_path: Path) -> None:
    """By the wheel that its Containerfile makes; what it needs beside its code is in there."""
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run(
        [sys.executable, *build, "--wheel-dir", str(tmp_path), str(_ROOT)], check=True, timeout=120
    )
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    lines = (
        f"config init {tmp_path}/hub.toml",
        f"config check --config {tmp_path}/hub.toml",
        f"sbom --out {tmp_path}/sbom.json",
        "topology",
        "schemas",
        "config key --json",
        f"backup keygen {tmp_path}/backup.key",
    )
    script = tmp_path / "every.py"
    script.write_text(_EVERY_COMMAND, "utf-8")
    done = subprocess.run(
        [sys.executable, "-P", str(script), str(installed)],
        input="\n".join(lines),
        env=os.environ | {"PYTHONPATH": str(installed)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1500:]
    assert int(done.stdout.split()[-1]) == len(_COMMANDS)


def test_private_servers_say_what_a_hub_in_production_needs() -> None:
    """Pasted, the hub reads from it where its store, topics and queues are."""
    urls = {"kafka": "kafka://127.0.0.1:1", "rabbitmq": "amqp://a:b'c@h//", "postgres": "postgres"}
    said = "\n".join(_exports(urls))
    shown = subprocess.run(
        ["sh", "-c", f'{said}\nprintf "%s\\n" "$HUB_STORE" "$HUB_TOPICS" "$HUB_QUEUES"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.split() == [urls["postgres"], urls["kafka"], urls["rabbitmq"]]
