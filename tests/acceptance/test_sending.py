"""The examples for senders run as they stand, against a real hub, and answer as is written."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from connectors.edge import opening
from schemas.sealed import seal
from tests.services.process import free_port
from tests.support.words import OPERATORS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "connectors/README.md").read_text("utf-8")
BLOCKS = re.compile(r"```(bash|python)\n(.*?)```\s*```json\n(.*?)```", re.DOTALL)
SECONDS = 60
SECTIONS = (
    "By web",
    "By folder",
    "By queue",
    "Sealed letters",
    "By MLLP",
    "Checks and enquiries",
    "The day's count",
    "Where you disagree",
    "Receipts",
)
SERVED_APART = ("By queue", "Sealed letters", "By MLLP")
TOKEN = "school-token"


@dataclass(frozen=True)
class Example:
    language: str
    text: str
    answers: str

    def run(self, environment: dict[str, str], *, folder: Path) -> list[object]:
        """What it prints, as JSON values; from a folder that looks like a checkout."""
        shell = ["bash", "-euo", "pipefail", "-c"]
        command = shell if self.language == "bash" else [sys.executable, "-c"]
        done = subprocess.run(
            [*command, self.text],
            cwd=folder,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return values(done.stdout)


def values(text: str) -> list[object]:
    """JSON values one after the other."""
    decoder, found, text = json.JSONDecoder(), list[object](), text.strip()
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].strip()
    return found


def examples(heading: str) -> list[Example]:
    """Those of a section of the guide."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", GUIDE, re.DOTALL | re.MULTILINE)
    return [Example(*found) for found in BLOCKS.findall(section)]


def as_written(found: object, written: object) -> object:
    """What was found, with … wherever the guide has that."""
    if written == "…":
        return "…"
    if isinstance(found, dict) and isinstance(written, dict):
        return {key: as_written(value, written.get(key)) for key, value in found.items()}
    if isinstance(found, list) and isinstance(written, list):
        pairs = zip(found, [*written, *[None] * len(found)], strict=False)
        return [as_written(one, other) for one, other in pairs]
    return found


@contextmanager
def running(folder: Path, /, *, mapping: str = "case-system-csv", **settings: str) -> Iterator[str]:
    """A hub in which a school comes in by web, folder, queue or MLLP; its address."""
    text = (ROOT / "ops/sample/hub.toml").read_text("utf-8")
    school = "\n".join(f"{name} = {value}" for name, value in settings.items())
    before, heading, after = text.partition("[agencies.school]\n")
    after = after.replace('mapping = "sample-json"', f'mapping = "{mapping}"\n{school}', 1)
    (folder / "hub.toml").write_text(f"{before}{heading}{after}\n[http]\nport = 0\n", "utf-8")
    command = [sys.executable, "-m", "ops.cli", "run", "--config", str(folder / "hub.toml")]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    try:
        address = next(
            found[0] for line in process.stdout if (found := re.search(r"http://[\d.]+:\d+", line))
        )
        rest = threading.Thread(target=process.stdout.read, daemon=True)
        rest.start()
        yield address
    finally:
        process.terminate()
        process.wait(SECONDS)
        process.stdout.close()


def credentials(tmp_path: Path) -> dict[str, str]:
    drop = tmp_path / "drop"
    drop.mkdir(mode=0o700)
    digest = sha256(TOKEN.encode()).hexdigest()
    return {
        "http": f'{{ token_sha256 = "{digest}" }}',
        "folder": f'{{ path = "{drop}" }}',
    }


def run_all(sections: list[str], environment: dict[str, str], *, folder: Path) -> None:
    (folder / "connectors").symlink_to(ROOT / "connectors")
    for section in sections:
        found = examples(section)
        assert found
        for one in found:
            written = values(one.answers)
            answered = one.run(environment, folder=folder)
            told = [as_written(one, other) for one, other in zip(answered, written, strict=True)]
            assert told == written, one.text


def test_the_examples_by_web_and_folder_run_and_answer_as_is_written(
    tmp_path: Path,
) -> None:
    mais = {"mappings": '["mais-request-json"]'}
    with running(tmp_path, **credentials(tmp_path), **mais) as address:
        environment = {"HUB": address, "TOKEN": TOKEN, "DROP": str(tmp_path / "drop")}
        run_all(
            [name for name in SECTIONS if name not in SERVED_APART], environment, folder=tmp_path
        )


def test_the_examples_by_queue_run_and_answer_as_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rabbitmq_url: str
) -> None:
    monkeypatch.setenv("SCHOOL_BROKER", rabbitmq_url)
    name = f"school-{tmp_path.name}"
    queue = f'{{ url_variable = "SCHOOL_BROKER", queue = "{name}" }}'
    with running(tmp_path, queue=queue):
        broker = rabbitmq_url.removesuffix("//") + "/%2F"
        run_all(["By queue"], {"BROKER": broker, "QUEUE": name}, folder=tmp_path)


def test_the_example_for_sealed_letters_opens_one(tmp_path: Path) -> None:
    public = opening.make(tmp_path)
    opening.make(tmp_path, curve="P-256")
    event = {
        "id": "l1",
        "subject": "school",
        "type": "mash.recall.v1",
        "data": {"text": "é" * 99_999},
    }
    (tmp_path / "letter").write_text(seal(json.dumps(event).encode(), public), "utf-8")
    where = {"KEYS": str(tmp_path / opening.FILE), "LETTER": str(tmp_path / "letter")}
    run_all(["Sealed letters"], where, folder=tmp_path)


def test_the_example_by_mllp_runs_and_answers_as_is_written(tmp_path: Path) -> None:
    port = free_port()
    settings = f'{{ port = {port}, host = "127.0.0.1" }}'
    with running(tmp_path, mapping="health-hl7", mllp=settings):
        until_listening(port)
        run_all(["By MLLP"], {"MLLP": f"127.0.0.1:{port}"}, folder=tmp_path)


def until_listening(port: int) -> None:
    """The hub says where the web server is before every other part of it is up."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        threading.Event().wait(0.05)
    pytest.fail("nothing listens")


def test_every_example_of_the_guide_is_run_and_has_its_answer() -> None:
    ran = [one for name in SECTIONS for one in examples(name)]
    assert len(ran) == len(re.findall(r"^```(?:bash|python)$", GUIDE, re.MULTILINE))
    assert {"curl", "kombu", "pika", "mv"} <= set(re.findall(r"\w+", " ".join(o.text for o in ran)))


def test_the_guide_speaks_to_agencies() -> None:
    prose = re.sub(r"`[^`]*`|```.*?```", "", GUIDE, flags=re.DOTALL)
    assert OPERATORS.search(prose) is None
