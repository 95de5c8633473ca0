"""`hub config check` looks at the ways in and out: folders, addresses, and who can read what."""

from __future__ import annotations

import datetime as dt
import json
import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ops.access.passphrases import made_of
from ops.cli import main
from ops.run.checking import Checked, check
from stores.tree.notes import Kind, SignerKey
from tests.support.filled import empty_hub
from tests.support.stored import stored_hub

TODAY = dt.date(2026, 6, 10)
MERLIN = 'mapping = "merlin-xml"'
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """What `hub config init` writes."""
    path = tmp_path / "hub.toml"
    assert CliRunner().invoke(main, ["config", "init", str(path)]).exit_code == 0
    return path


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """A folder as it should be."""
    made = tmp_path / "drop"
    made.mkdir(mode=0o700)
    return made


def add(path: Path, **lines: str) -> Path:
    """Lines more for the tables of these agencies."""
    text = path.read_text("utf-8")
    for agency, line in lines.items():
        text = text.replace(f"[agencies.{agency}]\n", f"[agencies.{agency}]\n{line}\n", 1)
    path.write_text(text, "utf-8")
    return path


def edit(path: Path, old: str, new: str) -> Path:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


def found(path: Path, *, connect: bool = False, **environment: Any) -> Checked:
    return check(path, environment, today=TODAY, connect=connect)


def faults(path: Path, *, connect: bool = False, **environment: Any) -> str:
    return "\n".join(map(str, found(path, connect=connect, **environment).faults))


def warnings(path: Path, **environment: Any) -> str:
    return "\n".join(map(str, found(path, **environment).warnings))


# Drop folders


def folder(path: object, **more: str) -> str:
    owner = "".join(f', {name} = "{value}"' for name, value in more.items())
    return f'folder = {{ path = "{path}"{owner} }}'


def test_a_folder_as_it_should_be_is_no_fault(written: Path, drop: Path) -> None:
    assert faults(add(written, police=folder(drop))) == ""


def nothing(drop: Path) -> Path:
    return drop / "nowhere"


def a_file(drop: Path) -> Path:
    (drop / "file").touch()
    return drop / "file"


def a_link(drop: Path) -> Path:
    (drop / "link").symlink_to(drop)
    return drop / "link"


def below_a_link(drop: Path) -> Path:
    (drop / "inner").mkdir(mode=0o700)
    return a_link(drop) / "inner"


def everybodys(drop: Path) -> Path:
    drop.chmod(0o707)
    return drop


def a_groups(drop: Path) -> Path:
    drop.chmod(0o770)
    return drop


@pytest.mark.parametrize(
    ("made", "what", "instead"),
    [
        (nothing, "there is no such folder", "make it"),
        (a_file, "this is no folder", "make it"),
        (a_link, "a link in its path", "that the link leads to"),
        (below_a_link, "a link in its path", "that the link leads to"),
        (everybodys, "can be written by its group or by everybody", "chmod go-w"),
        (a_groups, "can be written by its group or by everybody", "chmod go-w"),
    ],
)
def test_an_unsafe_folder_is_a_fault_with_what_to_do(
    written: Path, drop: Path, made: Callable[[Path], Path], what: str, instead: str
) -> None:
    (fault,) = found(add(written, police=folder(made(drop)))).faults
    assert fault.where == "agencies.police.folder"
    assert what in fault.what
    assert instead in fault.instead


def test_a_folder_of_the_hubs_own_that_others_can_write_is_a_fault(written: Path) -> None:
    work = written.parent / "hub-data" / "work"
    work.mkdir(parents=True)
    work.chmod(0o777)
    assert "runtime.work: the folder can be written" in faults(written)
    work.chmod(0o700)
    assert faults(written) == ""


@as_root
def test_a_folder_of_another_account_is_a_fault(written: Path, drop: Path) -> None:
    os.chown(drop, pwd.getpwnam("nobody").pw_uid, -1)
    assert "another account than the agency's" in faults(add(written, police=folder(drop)))


def test_a_folder_of_an_account_that_does_not_exist_is_a_fault(written: Path, drop: Path) -> None:
    told = faults(add(written, police=folder(drop, owner="no-such-account")))
    assert "no account of the name" in told


@pytest.mark.parametrize("other", ["drop", "drop/inner", "way", "way/inner", "."])
def test_two_agencies_that_share_a_folder_are_a_fault_whatever_links_lead_there(
    written: Path, drop: Path, other: str
) -> None:
    (drop / "inner").mkdir(mode=0o700)
    (drop.parent / "way").symlink_to(drop)
    told = faults(add(written, police=folder(drop), school=folder(other)))
    assert "agencies.police.folder: shares its folder with agencies.school.folder" in told


@pytest.mark.parametrize("path", ["hub-data", "hub-data/work", "hub-data/work/police"])
def test_a_drop_folder_where_the_hub_works_or_keeps_its_key_is_a_fault(
    written: Path, path: str
) -> None:
    made = written.parent / path
    made.mkdir(mode=0o700, parents=True)
    assert "shares its folder with runtime.work" in faults(add(written, police=folder(path)))


# Servers


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense://nowhere", "nonsense is nothing that the hub speaks"),
        ("nowhere", "that is nothing that the hub speaks"),
        ("kafka://host:9092", "kafka is nothing that the hub speaks"),
        ("redis://host/0", "redis is nothing that the hub speaks"),
    ],
)
def test_a_broker_of_a_kind_that_the_hub_does_not_speak_is_a_fault(
    written: Path, url: str, told: str
) -> None:
    add(written, police='queue = { url_variable = "BROKER", queue = "out" }')
    add(written, school='push = { kind = "queue", url_variable = "BROKER" }')
    for where in ("agencies.police.queue", "agencies.school.push"):
        assert f"{where}: {told} - write amqps://" in faults(written, BROKER=url)
    assert faults(written, BROKER="amqp://localhost/") == ""


def test_topics_elsewhere_than_on_kafka_are_a_fault(written: Path) -> None:
    store: dict[str, Any] = {
        "HUB_STORE": "postgresql+psycopg://localhost/hub",
        "HUB_QUEUES": "amqp://localhost/",
    }
    for url in ("amqp://localhost/", "kafka://"):
        assert "runtime.topics" in faults(written, **store, HUB_TOPICS=url)
    assert faults(written, **store, HUB_TOPICS="kafka://localhost:9092") == ""


PRODUCTION: dict[str, Any] = {
    "HUB_STORE": "postgresql+psycopg://localhost/hub",
    "HUB_QUEUES": "amqp://localhost/",
}


def test_topics_on_another_machine_without_tls_are_a_warning(written: Path) -> None:
    said = "runtime.topics: kafka:// to another machine goes without TLS - write kafkas://"
    two = "127.0.0.1:9092,kafka.example:9092"
    assert said in warnings(written, **PRODUCTION, HUB_TOPICS=f"kafka://{two}/hub")
    assert said not in warnings(written, **PRODUCTION, HUB_TOPICS=f"kafkas://{two}/hub")
    assert said not in warnings(written, **PRODUCTION, HUB_TOPICS="kafka://localhost:9092")


@pytest.mark.parametrize(
    "url",
    [
        "kafka://h:1?ca=/x",
        "kafkas://h:1?password=x",
        "kafkas://user@h:1",
        "kafkas://h:1?certificate=/x",
        "kafkas://u:p@h:1?mechanism=GSSAPI",
    ],
)
def test_settings_of_kafka_that_it_does_not_have_are_a_fault(written: Path, url: str) -> None:
    assert "runtime.topics" in faults(written, **PRODUCTION, HUB_TOPICS=url)


def test_certificates_of_kafka_that_are_not_there_are_a_fault(written: Path) -> None:
    url = f"kafkas://user:secret@h:1/hub?ca={written.parent}/ca.pem"
    told = faults(written, **PRODUCTION, HUB_TOPICS=url)
    assert "runtime.topics: ca.pem is not there" in told
    assert "secret" not in told
    (written.parent / "ca.pem").write_text("", "utf-8")
    assert faults(written, **PRODUCTION, HUB_TOPICS=url) == ""


def test_what_is_pushed_to_no_address_is_a_fault(written: Path) -> None:
    assert "says no address" in faults(add(written, police='push = { kind = "http" }'))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "hub.example"])  # noqa: S104 - not bound
def test_listening_for_other_machines_without_tls_is_a_warning(written: Path, host: str) -> None:
    edit(written, 'host = "127.0.0.1"', f'host = "{host}"')
    assert f"http.host: {host} is reached from elsewhere" in warnings(written)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_listening_for_this_machine_is_none(written: Path, host: str) -> None:
    edit(written, 'host = "127.0.0.1"', f'host = "{host}"')
    assert "http.host" not in warnings(written)


def test_letters_that_go_out_without_tls_are_a_warning(written: Path) -> None:
    add(written, police='push = { kind = "http", url = "http://police.example/in" }')
    add(written, school='push = { kind = "queue", url_variable = "BROKER" }')
    told = warnings(written, BROKER="amqp://school.example/")
    assert "agencies.police.push: http:// to another machine goes without TLS" in told
    assert "agencies.school.push: amqp:// to another machine goes without TLS" in told
    edit(written, "http://police", "https://police")
    assert "without TLS" not in warnings(written, BROKER="amqps://school.example/")


def test_servers_that_do_not_answer_are_faults_when_they_are_asked(
    written: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    add(written, police='queue = { url_variable = "BROKER", queue = "out" }')
    add(written, school=f'push = {{ kind = "http", url = "http://127.0.0.1:{port}/" }}')
    environment: dict[str, Any] = {
        "BROKER": f"amqp://127.0.0.1:{port}/",
        "HUB_TOPICS": f"kafka://127.0.0.1:{port}",
        "HUB_QUEUES": "memory://",
        "HUB_STORE": f"postgresql+psycopg://127.0.0.1:{port}/hub?connect_timeout=2",
    }
    assert faults(written, **environment) == ""
    silent = found(written, connect=True, **environment).faults
    assert {fault.where for fault in silent} == {
        "agencies.police.queue",
        "agencies.school.push",
        "runtime.topics",
        "runtime.store",
    }
    assert all("does not answer" in fault.what for fault in silent)


def test_a_witness_that_does_not_answer_is_no_fault_as_nothing_waits_for_it(
    written: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    key = SignerKey("witness.example/mash", Kind.COSIGNATURE, bytes(32)).verifier
    table = f'[[witnesses]]\nurl = "http://127.0.0.1:{port}"\nkey = "{key}"\n\n[runtime]'
    edit(written, "[runtime]", table)
    asked = found(written, connect=True)
    assert asked.faults == ()
    assert [one.where for one in asked.warnings if "answer" in one.what] == ["witnesses[0]"]


def test_a_store_of_an_older_hub_is_a_fault_that_says_upgrade(tmp_path: Path) -> None:
    folder = stored_hub(tmp_path / "hub")
    (older,) = [one for one in found(folder.config, connect=True).faults if "store" in one.where]
    assert "hub upgrade" in older.what


def test_a_store_that_is_not_made_yet_is_not_asked_and_not_made(written: Path) -> None:
    assert faults(written, connect=True) == ""
    assert not (written.parent / "hub-data").exists()


# Mappings


def test_a_mapping_in_the_place_of_the_other_kind_says_where_it_belongs(written: Path) -> None:
    edit(written, MERLIN, 'mapping = "open-cases-csv"\nopen_cases = "merlin-xml"')
    told = faults(written)
    assert "agencies.police.mapping: open-cases-csv makes open-case" in told
    assert "name it under open_cases" in told
    assert "agencies.police.open_cases: merlin-xml makes notification" in told
    assert "name it under mapping" in told


# Who can read what


def test_key_store_and_backups_that_others_can_read_are_faults(tmp_path: Path) -> None:
    place, hub = empty_hub(tmp_path / "hub")
    hub.database.close()
    backup = place.path / "hub.db.0001-20260610T000000.000000Z.backup"
    backup.touch(mode=0o600)
    assert faults(place.config) == ""
    for name in ("hub.key", "hub.db", backup.name):
        (place.path / name).chmod(0o640)
        assert f"{name} can be read or written by others - chmod 600" in faults(place.config)
        (place.path / name).chmod(0o600)


def test_store_and_key_are_their_owners_alone_from_the_start(tmp_path: Path) -> None:
    """In a process of its own, as everybody's mask is the process's; killed, so that SQLite's
    files beside the store are left.
    """
    code = (
        "import os, sys; from pathlib import Path; os.umask(0);"
        "from tests.support.filled import empty_hub;"
        "empty_hub(Path(sys.argv[1])); os._exit(0)"
    )
    hub = tmp_path / "hub"
    subprocess.run([sys.executable, "-c", code, str(hub)], check=True)
    modes = {name: (hub / name).stat().st_mode & 0o777 for name in _MADE}
    assert modes == dict.fromkeys(_MADE, 0o600)


_MADE = ("hub.key", "hub.db", "hub.db-wal", "hub.db-shm")


def test_a_password_in_a_configuration_that_others_can_read_is_a_warning(written: Path) -> None:
    edit(written, '# queues = "amqps://user:password@host/"', 'queues = "amqps://u:secret@host/"')
    written.chmod(0o644)
    assert "holds a password and can be read by others" in warnings(written)
    assert "secret" not in warnings(written)
    written.chmod(0o600)
    assert "password" not in warnings(written)


def test_nor_is_a_passphrase_for_others_to_read(written: Path) -> None:
    who = 'name = "A", agency = "police", roles = ["auditor"]'
    person = f'people = [{{ {who}, passphrase = "{made_of("a heron waits")}" }}]'
    written.write_text(f"{person}\n{written.read_text('utf-8')}", "utf-8")
    written.chmod(0o644)
    assert "holds a password and can be read by others" in warnings(written)
    written.chmod(0o600)
    assert "can be read by others" not in warnings(written)


def test_it_is_all_told_as_json_too(written: Path) -> None:
    add(written, police=folder("nowhere"))
    answer = CliRunner().invoke(main, ["config", "check", "--config", str(written), "--json"])
    (fault,) = json.loads(answer.stdout)["faults"]
    assert (answer.exit_code, fault["where"]) == (1, "agencies.police.folder")
    assert fault["instead"].startswith("make it")


def test_two_listeners_on_one_port_are_a_fault(written: Path) -> None:
    add(
        written,
        police='mllp = { port = 2575, host = "0.0.0.0" }',
        childrens_social_care="mllp = { port = 2575 }",
    )
    (fault,) = [one for one in found(written).faults if "shares" in one.what]
    assert (fault.where, fault.what) == (
        "agencies.police.mllp",
        "shares port 2575 with agencies.childrens_social_care.mllp",
    )


def test_a_listener_on_the_web_servers_port_is_a_fault(written: Path) -> None:
    faults = found(add(written, police="mllp = { port = 8080 }")).faults
    assert "shares port 8080 with http" in [fault.what for fault in faults]


def test_listeners_with_ports_of_their_own_are_well(written: Path) -> None:
    edit(written, MERLIN, 'mapping = "health-hl7"')
    assert not found(add(written, police="mllp = { port = 2575 }")).faults


def test_a_listener_of_an_agency_without_a_mapping_for_hl7_is_a_fault(written: Path) -> None:
    (fault,) = found(add(written, police="mllp = { port = 2575 }")).faults
    assert (fault.where, fault.what) == (
        "agencies.police.mllp",
        "no mapping of the agency reads HL7",
    )


def test_a_listener_that_is_reached_from_elsewhere_is_warned_of(written: Path) -> None:
    warnings = found(add(written, police='mllp = { port = 2575, host = "0.0.0.0" }')).warnings
    (warned,) = [one for one in warnings if one.where == "agencies.police.mllp"]
    assert warned.what == "0.0.0.0 is reached from elsewhere, and MLLP has no TLS"


@pytest.mark.parametrize("kind", ["frontline", "csc_duty_team", "front_line"])
def test_an_identity_told_to_nobody_is_a_fault(written: Path, kind: str) -> None:
    text = written.read_text("utf-8")
    signed = 'agreement = { reference = "ISA-2026", '
    agreed = f'identity = [{{ to = ["{kind}"], tells = ["names"] }}], '
    assert f"\n{signed}" in text
    written.write_text(text.replace(f"\n{signed}", f"\n{signed}{agreed}", 1), "utf-8")
    told = f"agreement.identity: {kind} is neither an agency nor the kind of one"
    assert (told in faults(written)) is (kind == "frontline")
