"""What is wrong with the hub's ways in and out, as far as files and addresses tell."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from urllib.parse import urlsplit

from connectors.clients.broker import SCHEMES
from connectors.directory import FolderUnsafe, opened
from connectors.sealing import is_here, is_list
from ops.run.configuration import Fault
from ops.run.wiring import store_file, work_folder
from schemas.policy import BoroughProfile
from schemas.settings import FolderCredential, HubSettings
from stores.topics import cluster_of

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Server:
    """A server that the configuration leads to; ``kind``: queues, topics, http or store."""

    where: str
    kind: str
    url: str


def servers(settings: HubSettings, environment: Mapping[str, str]) -> Iterator[Server]:
    """All but the store. What stands in a variable that is not set is not among them."""
    runtime = settings.runtime
    if runtime.topics:
        yield Server("runtime.topics", "topics", runtime.topics)
    if runtime.queues:
        yield Server("runtime.queues", "queues", runtime.queues)
    if settings.identity.issuer:
        yield Server("identity.issuer", "http", settings.identity.issuer)
    for code, agency in settings.agencies.items():
        if agency.queue and (url := environment.get(agency.queue.url_variable)):
            yield Server(f"agencies.{code}.queue", "queues", url)
        if (push := agency.push) and (url := push.url or environment.get(push.url_variable or "")):
            kind = "http" if push.kind == "http" else "queues"
            yield Server(f"agencies.{code}.push", kind, url)


def wrong_schemes(found: Iterable[Server]) -> Iterator[Fault]:
    """Servers that the hub has no words for."""
    for server in found:
        scheme, spoken = urlsplit(server.url).scheme, _SPOKEN[server.kind]
        if scheme not in spoken or (server.kind == "topics" and not _is_cluster(server.url)):
            instead = f"write {_EXAMPLES[server.kind]}"
            yield Fault(server.where, f"{scheme or 'that'} is nothing that the hub speaks", instead)
        elif server.kind == "queues" and is_list(server.url):
            what = "is a list of brokers (;), of which any could be spoken to in clear"
            yield Fault(server.where, what, "name one; its cluster may stand behind one name")


_SPOKEN = {"queues": SCHEMES, "topics": ("kafka", "kafkas"), "http": ("http", "https")}
_EXAMPLES = {
    "queues": "amqps://USER:PASSWORD@HOST/, or amqp://…",
    "topics": "kafkas://USER:PASSWORD@HOST:PORT[,HOST:PORT][/PREFIX][?ca=/FILE], or kafka://…",
    "http": "https://HOST/PATH",
}


def _is_cluster(url: str) -> bool:
    try:
        return bool(cluster_of(url))
    except ValueError:
        return False


def open_to_listeners(settings: HubSettings, found: Iterable[Server]) -> Iterator[Fault]:
    """What others on the way could read, as there is no TLS."""
    if not is_here(settings.http.host) and settings.http.tls is None:
        yield Fault(
            "http.host",
            f"{settings.http.host} is reached from elsewhere, and the hub speaks no TLS",
            "write 127.0.0.1, and let a reverse proxy with TLS stand before it",
        )
    for code, agency in settings.agencies.items():
        if agency.mllp and not is_here(agency.mllp.host):
            yield Fault(
                f"agencies.{code}.mllp",
                f"{agency.mllp.host} is reached from elsewhere, and MLLP has no TLS",
                "write 127.0.0.1, and let a tunnel with mutual TLS stand before it",
            )
    for server in found:
        scheme = urlsplit(server.url).scheme
        if scheme in _WITH_TLS and not all(map(is_here, _hosts(server))):
            what = f"{scheme}:// to another machine goes without TLS"
            yield Fault(server.where, what, f"write {_WITH_TLS[scheme]}://")


_WITH_TLS = {"http": "https", "amqp": "amqps", "kafka": "kafkas"}


def _hosts(server: Server) -> list[str]:
    """Of topics those of every broker."""
    if server.kind != "topics":
        return [urlsplit(server.url).hostname or ""]
    brokers = cluster_of(server.url).servers.split(",")
    return [urlsplit(f"//{broker}").hostname or "" for broker in brokers]


def without_tls(settings: HubSettings, folder: Path) -> Iterator[Fault]:
    """Certificates that nobody can show, and files of TLS that are not there."""
    tls = settings.http.tls
    for code, agency in settings.agencies.items():
        if agency.http and agency.http.certificates and tls is None:
            what = "has certificates, and the web server has no TLS of its own to ask for them"
            yield Fault(f"agencies.{code}.http", what, "add [http.tls], or give it a token")
    for name, path in tls.model_dump().items() if tls else ():
        if not (folder / path).is_file():
            yield Fault(f"http.tls.{name}", "is not there", "put it there, or correct its path")
    topics = settings.runtime.topics
    for path in cluster_of(topics).security.files if topics and _is_cluster(topics) else ():
        if not (Path(path).is_absolute() and Path(path).is_file()):
            what = f"{Path(path).name} is not there, or not by its whole path"
            yield Fault("runtime.topics", what, "put it there, and write /…")


def shared_ports(settings: HubSettings) -> Iterator[Fault]:
    """Listeners of which the second to start would find its port taken."""
    listen = [("http", settings.http.host, settings.http.port)]
    listen += [
        (f"agencies.{code}.mllp", agency.mllp.host, agency.mllp.port)
        for code, agency in settings.agencies.items()
        if agency.mllp
    ]
    for (first, host, port), (second, other, its_port) in combinations(listen, 2):
        one_host = host == other or not {host, other}.isdisjoint(_EVERYWHERE)
        if one_host and port == its_port != 0:
            yield Fault(second, f"shares port {port} with {first}", "give each a port of its own")


_EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - looked for, never listened on


def unsafe_folders(settings: HubSettings, folder: Path) -> Iterator[Fault]:
    """Agencies' folders that are not there, or that others than their agency can reach into."""
    asked = [
        (where, folder.resolve() / credential.path, credential.owner)
        for where, credential in _agencies_folders(settings)
    ]
    work = work_folder(settings, folder).resolve()
    if os.path.exists(work):
        asked.append(("runtime.work", work, None))
    for where, path, owner in asked:
        try:
            with opened(path, owner):
                continue
        except FolderUnsafe as unsafe:
            yield Fault(where, unsafe.what, unsafe.instead)


def shared_folders(settings: HubSettings, folder: Path) -> Iterator[Fault]:
    """Folders that are each other's or the hub's own, or lie within, whatever links lead."""
    drops = [
        (where, (folder / credential.path).resolve())
        for where, credential in _agencies_folders(settings)
    ]
    own = [("runtime.work", work_folder(settings, folder).resolve())]
    own += [(where, path.resolve()) for where, path in _secret_files(settings, folder)]
    pairs = [*combinations(drops, 2), *((drop, ours) for drop in drops for ours in own)]
    for (where, one), (with_whom, other) in pairs:
        if _within(one, other) or _within(other, one):
            instead = "give each a folder of its own, not one inside another"
            yield Fault(where, f"shares its folder with {with_whom}", instead)


def _agencies_folders(settings: HubSettings) -> Iterator[tuple[str, FolderCredential]]:
    """Those that agencies drop files into, and those that their letters are put into."""
    for code, agency in settings.agencies.items():
        if agency.folder is not None:
            yield f"agencies.{code}.folder", agency.folder
        if agency.letters is not None:
            yield f"agencies.{code}.letters", agency.letters


def _within(inner: Path, outer: Path) -> bool:
    """By path, or as one folder that is reached by two (bind mounts)."""
    whole = _identity(outer)
    return inner.is_relative_to(outer) or (
        whole is not None and whole in map(_identity, (inner, *inner.parents))
    )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        info = path.stat()
    except OSError:  # not there, or not for this account to see
        return None
    return info.st_dev, info.st_ino


def readable_files(settings: HubSettings, folder: Path) -> Iterator[Fault]:
    """Key, store and backups that others than the hub's account can read."""
    for where, file in _secret_files(settings, folder):
        for path in (file, *sorted(file.parent.glob(f"{file.name}[-.]*"))):
            if os.path.isfile(path) and path.stat().st_mode & _OTHERS:
                instead = f"chmod 600 {path}"
                yield Fault(where, f"{path.name} can be read or written by others", instead)


def readable_passwords(settings: HubSettings, config: Path) -> Iterator[Fault]:
    """A configuration that holds a password and that others can read."""
    runtime, pushed = settings.runtime, [one.push for one in settings.agencies.values() if one.push]
    urls = [runtime.store, runtime.topics, runtime.queues, *(push.url for push in pushed)]
    written = config.read_text(encoding="utf-8")
    secret = any(url and urlsplit(url).password and url in written for url in urls)
    secret = secret or any(one.passphrase for one in settings.people)
    if secret and config.stat().st_mode & _OTHERS:
        instead = f"chmod 600 {config}, or let a variable hold the URL"
        yield Fault(str(config), "holds a password and can be read by others", instead)


def _secret_files(settings: HubSettings, folder: Path) -> Iterator[tuple[str, Path]]:
    yield "runtime.key_file", folder / settings.runtime.key_file
    if tls := settings.http.tls:
        yield "http.tls.key", folder / tls.key
    if file := store_file(settings, folder):
        yield "runtime.store", file


def told_to_nobody(settings: HubSettings, profile: BoroughProfile) -> Iterator[Fault]:
    """What of a child's identity is told to recipients that nobody is: by a slip it would be told
    to others, or to nobody.
    """
    known = {*settings.agencies, *(agency.kind for agency in settings.agencies.values())}
    said = [(f"{profile.title}: identity", one) for one in profile.identity]
    for code, agency in settings.agencies.items():
        told = agency.agreement.identity if agency.agreement else None
        said += ((f"agencies.{code}.agreement.identity", one) for one in told or ())
    for where, one in said:
        for name in one.to:
            if name not in known:
                what = f"{name} is neither an agency nor the kind of one"
                yield Fault(where, what, 'name an agency, or write kind = "…" in its table')


def pushed_nowhere(settings: HubSettings) -> Iterator[Fault]:
    """Agencies whose letters are pushed to no address."""
    for code, agency in settings.agencies.items():
        if agency.push and not agency.push.url and not agency.push.url_variable:
            instead = "add url (http) or url_variable"
            yield Fault(f"agencies.{code}.push", "says no address", instead)
