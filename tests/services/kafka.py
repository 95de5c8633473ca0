"""A private Kafka broker in KRaft mode, straight from its jars with the machine's Java."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.services.folder import claimed, remembered, services_home
from tests.services.process import (
    PrivateService,
    ServerProcess,
    ServiceUnavailable,
    free_port,
    run_tool,
)

LIBRARIES = Path("kafka", "libs")
STAMP = Path("kafka", "pom.sha256")  # written when all jars are there
FORMAT_SECONDS = 60.0
JAVA_OPTIONS = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-Dorg.apache.logging.log4j.level=WARN")
# For a broker that lives for minutes: what the better compiler costs, it would not give back.
BRIEF_JAVA_OPTIONS = ("-XX:TieredStopAtLevel=1",)
# A short session, because a killed broker is let back in only when its old session has run out.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=8
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""


@dataclass(frozen=True)
class KafkaService(PrivateService):
    """A private broker; ``url`` is ``kafka://127.0.0.1:<port>``. Topics must be made before use."""

    @property
    def bootstrap_servers(self) -> str:
        return self.url.removeprefix("kafka://")


@contextmanager
def private_kafka(
    folder: Path, home: Path | None = None, *, brief: bool = False, more: str = ""
) -> Iterator[KafkaService]:
    """A broker with its data and log in ``folder``, ``brief`` if speed does not matter, with
    ``more`` properties; ``ServiceUnavailable`` without Java or jars (in ``home``).
    """
    libraries, java = kafka_libraries(home or services_home()), find_java()
    options = (*JAVA_OPTIONS, *(BRIEF_JAVA_OPTIONS if brief else ()))
    with claimed(folder):
        service = _service(folder.absolute(), [java, *options, "-cp", f"{libraries}/*"], more)
        try:
            service.start()
            yield service
        finally:
            service.server.stop()


def wipe(service: KafkaService, folder: Path, home: Path | None = None) -> None:
    """Kill the broker in ``folder``, lose all that it kept, and start it empty on the same port."""
    service.kill()
    shutil.rmtree(folder / "data")
    java = [find_java(), "-cp", f"{kafka_libraries(home or services_home())}/*"]
    _format(folder.absolute(), java, folder.absolute() / "server.properties")
    service.start()


def kafka_libraries(home: Path) -> Path:
    """The folder of Kafka's jars; ``ServiceUnavailable`` if ``make services`` has not put them
    there.
    """
    libraries = home / LIBRARIES
    if not (home / STAMP).exists():
        raise ServiceUnavailable(f"no Kafka jars in {libraries}; run `make services`")
    return libraries


def find_java() -> str:
    """The Java of ``JAVA_HOME`` or of the path; ``ServiceUnavailable`` when there is none."""
    java_home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{java_home}/bin") if java_home else shutil.which("java")
    if java is None:
        raise ServiceUnavailable("no Java; install Java 17 or newer, then run `make services`")
    return java


def _service(folder: Path, java: list[str], more: str) -> KafkaService:
    bootstrap_servers = f"127.0.0.1:{_port(folder / 'port')}"
    configuration = _configured(folder, bootstrap_servers.rpartition(":")[2], more)
    if not (folder / "data" / "meta.properties").exists():
        _format(folder, java, configuration)
    server = ServerProcess(
        name="Kafka",
        command=[*java, "kafka.Kafka", str(configuration)],
        folder=folder,
        log=folder / "kafka.log",
        environment=os.environ,
        ready=lambda: _serves(bootstrap_servers),
    )
    return KafkaService(url=f"kafka://{bootstrap_servers}", server=server)


def _port(path: Path) -> str:
    return remembered(path, lambda: str(free_port()))


def _configured(folder: Path, port: str, more: str) -> Path:
    path = folder / "server.properties"
    controller_port = _port(folder / "controller-port")
    path.write_text(
        PROPERTIES.format(port=port, controller_port=controller_port, data=folder / "data")
        + more.format(port=port, controller_port=controller_port)
    )
    return path


def _format(folder: Path, java: list[str], configuration: Path) -> None:
    command = [*java, "kafka.tools.StorageTool", "format"]
    arguments = ["--cluster-id", uuid4().hex[:22], "--config", str(configuration)]
    run_tool([*command, *arguments], folder=folder, environment=os.environ, seconds=FORMAT_SECONDS)


def _serves(bootstrap_servers: str) -> bool:
    host, _, port = bootstrap_servers.partition(":")
    with suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return _answers(bootstrap_servers)
    return False


def _answers(bootstrap_servers: str) -> bool:
    client = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
    try:
        return bool(client.list_topics(timeout=2).brokers)
    except KafkaException:
        return False
