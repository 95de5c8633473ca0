"""A private RabbitMQ node from Debian's package, apart from the system's own in all it listens on
and writes.
"""

import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services.folder import claimed, remembered
from tests.services.process import (
    PrivateService,
    ServerProcess,
    ServiceUnavailable,
    await_condition,
    free_port,
)

# Debian's command on the path changes account and logs to the system's folders; the script behind
# it does not.
DEBIAN_SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = b"\x01"
USER = "hub"
NODE = "hub@localhost"
RECORD_SECONDS = 30.0
CONFIGURATION = """\
listeners.tcp.private = 127.0.0.1:{port}
default_user = hub
default_pass = {password}
disk_free_limit.absolute = 100MB
raft.wal_max_size_bytes = 64000000
"""
# Loopback only for the node's own protocol too; no busy waiting, since tests share their cores with
# the node.
ERLANG_ARGUMENTS = (
    "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1} "
    "+sbwt none +sbwtdcpu none +sbwtdio none"
)


@dataclass(frozen=True)
class RabbitService(PrivateService):
    """A private node; ``url`` is ``amqp://user:password@127.0.0.1:<port>//``. Quorum queues are
    declared by clients.
    """

    def await_recorded(self, queue: str) -> None:
        """Wait until a new quorum queue would survive a kill, about a second after its declaration.

        RabbitMQ 3.10 writes the list of its quorum queues behind. A queue that is not on it yet
        comes back from a kill without a leader: its confirmed messages cannot be read, requests to
        it time out, and it was not seen to heal.
        """
        listed = self.server.folder / "data" / NODE / "quorum" / NODE / "names.dets"
        await_condition(
            lambda: listed.exists() and queue.encode() in listed.read_bytes(),
            seconds=RECORD_SECONDS,
            otherwise=f"RabbitMQ has not recorded queue {queue} after {RECORD_SECONDS:.0f} s",
        )


@contextmanager
def private_rabbitmq(folder: Path, home: Path | None = None) -> Iterator[RabbitService]:
    """A node with its data and log in ``folder``; ``ServiceUnavailable`` where RabbitMQ is not
    installed.
    """
    del home  # the package is the machine's; the parameter keeps the three alike
    script = find_rabbitmq()
    with claimed(folder):
        environment = _environment(folder.absolute())
        names = _name_server(folder.absolute(), environment)
        service = _service(folder.absolute(), script, environment)
        try:
            names.start()
            service.start()
            yield service
        finally:
            service.server.stop()
            names.stop()


def find_rabbitmq() -> Path:
    """The script that starts a node; ``ServiceUnavailable`` when there is none."""
    script = str(DEBIAN_SCRIPT) if DEBIAN_SCRIPT.exists() else shutil.which("rabbitmq-server")
    if script is None or shutil.which("epmd") is None:
        raise ServiceUnavailable("RabbitMQ is not installed; run `make services`")
    return Path(script)


def _environment(folder: Path) -> dict[str, str]:
    """All that a node would otherwise take from, or write to, the folders and ports of the system's
    own.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RABBITMQ_", "ERL_"))
    }
    return inherited | {
        "HOME": str(folder),  # the cookie lives here
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": _port(folder / "epmd-port"),
        "RABBITMQ_NODENAME": NODE,
        "RABBITMQ_NODE_PORT": _port(folder / "port"),
        "RABBITMQ_DIST_PORT": _port(folder / "node-port"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "none.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "none"),
        "RABBITMQ_ENABLED_PLUGINS": "",
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG_ARGUMENTS,
        # The script becomes the node, instead of a shell that waits for it.
        "RUNNING_UNDER_SYSTEMD": "true",
    }


def _port(path: Path) -> str:
    return remembered(path, lambda: str(free_port()))


def _name_server(folder: Path, environment: dict[str, str]) -> ServerProcess:
    """Erlang's port mapper in the foreground; a node would start one that outlives it."""
    return ServerProcess(
        name="epmd",
        command=["epmd"],
        folder=folder,
        log=folder / "epmd.log",
        environment=environment,
        ready=lambda: _reply(int(environment["ERL_EPMD_PORT"]), b"\x00\x01n") != b"",
    )


def _service(folder: Path, script: Path, environment: dict[str, str]) -> RabbitService:
    port, password = (
        environment["RABBITMQ_NODE_PORT"],
        remembered(folder / "password", secrets.token_urlsafe),
    )
    configuration = folder / "rabbitmq.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(CONFIGURATION.format(port=port, password=password))
    server = ServerProcess(
        name="RabbitMQ",
        command=[str(script)],
        folder=folder,
        log=folder / "rabbitmq.log",
        environment=environment,
        ready=lambda: _reply(int(port), PROTOCOL_HEADER) == METHOD_FRAME,
    )
    return RabbitService(url=f"amqp://{USER}:{password}@127.0.0.1:{port}//", server=server)


def _reply(port: int, greeting: bytes) -> bytes:
    """The first byte of the answer to ``greeting``; nothing when nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(greeting)
            return connection.recv(1)
    except OSError:
        return b""
