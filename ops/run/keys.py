"""Where the hub's key-encryption keys are: a variable, a file, or a service that wraps for it."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import cast

from ops.run.configuration import Fault, Misconfigured
from schemas.settings import HubSettings
from stores.wrapping import HeldKeys, Wrapping, name_of

_LENGTH = 32


def wrapping(
    settings: HubSettings, environment: Mapping[str, str], *, folder: Path = Path()
) -> Wrapping:
    """What wraps the hub's keys; the file is made on first use."""
    if settings.runtime.key_service:
        return _service(settings.runtime.key_service)(environment)
    return HeldKeys(*held(settings, environment, folder=folder))


def held(
    settings: HubSettings, environment: Mapping[str, str], *, folder: Path = Path()
) -> Sequence[bytes]:
    """The keys of the variable, or else of the file: the first wraps, all of them open."""
    if text := environment.get(settings.runtime.key_variable):
        return _keys_of(text, settings.runtime.key_variable)
    file = folder / settings.runtime.key_file
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_new(file, [os.urandom(_LENGTH)])
    return _keys_of(file.read_text(encoding="ascii"), str(file))


def write_new(file: Path, raw: Sequence[bytes]) -> None:
    """A file of these keys for its owner alone, on the disk before anybody goes on."""
    made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(made, "wb") as opened:
        opened.write(b"\n".join(map(base64.b64encode, raw)))
        opened.flush()
        os.fsync(opened.fileno())


def replace(file: Path, raw: Sequence[bytes]) -> None:
    """Put these keys in the place of those in the file: whole, whatever happens meanwhile."""
    beside = file.with_name(f"{file.name}.new")
    beside.unlink(missing_ok=True)
    write_new(beside, raw)
    beside.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def put_aside(file: Path, raw: bytes) -> Path:
    """Keep a key that wraps nothing any more beside the file, by its name."""
    aside = file.with_name(f"{file.name}.{name_of(raw)}.old")
    if not aside.exists():
        write_new(aside, [raw])
    return aside


def _keys_of(text: str, where: str) -> Sequence[bytes]:
    found = [_key_of(one, where) for one in text.split()]
    return found or [_key_of("", where)]


def _key_of(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _LENGTH:
        raise Misconfigured(
            Fault(where, "is not 32 bytes in base64", "make one with `hub config key`")
        )
    return key


def _service(named: str) -> Callable[[Mapping[str, str]], Wrapping]:
    """The function of a module, ``package.module:function``, which is given the environment."""
    module, _, function = named.partition(":")
    try:
        return cast(
            Callable[[Mapping[str, str]], Wrapping], getattr(import_module(module), function)
        )
    except (ImportError, AttributeError, ValueError):
        instead = "write package.module:function, and install the package beside the hub"
        raise Misconfigured(Fault("runtime.key_service", "is not there", instead)) from None
