"""What an edge is configured with, and what its folder holds: one small file, and its keys."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, model_validator

from schemas.base import Code, Line, Shape

FILE = "edge.toml"
OWNERS = "owners.json"
TOKEN, DECISION_KEY, WITNESS = "token", "decision.key", "witness"
_HERE = ("localhost", "127.0.0.1", "::1")


class NoEdge(Exception):
    """A folder is no edge's, or something in it cannot be used; the message says what to do."""


class Settings(Shape):
    """``edge.toml``. Paths start at its folder."""

    agency: Code
    hub: Line
    """Where the hub is, ``https://…``."""
    authority: Line | None = None
    """Who signed the hub's certificate (PEM), if nobody whom this machine trusts."""
    certificate: Line | None = None
    """The agency's own certificate (PEM) in place of a token, and its private key."""
    certificate_key: Line | None = None
    letters: Line = "letters"
    """The folder in which the agency's own system finds what the hub sent."""
    to_send: Line = "to-send"
    """The folder into which that system puts what goes to the hub."""
    account: Line | None = None
    """Whose these two folders are; None: the account's that runs this."""
    unsigned: tuple[Code, ...] = ()
    """Owners without any key whose word the agency takes from the hub alone, by agreement."""
    witness_host: Line = "127.0.0.1"
    witness_port: int = Field(default=8090, ge=0, le=65535)

    @model_validator(mode="after")
    def _private(self) -> Settings:
        parts = urlsplit(self.hub)
        if parts.scheme != "https" and parts.hostname not in _HERE:
            raise ValueError("hub is https://…: in clear others could read what is fetched")
        if bool(self.certificate) != bool(self.certificate_key):
            raise ValueError("certificate and certificate_key go together")
        return self


@dataclass(frozen=True, slots=True)
class Edge:
    """An agency's edge: its folder, and what stands in its file."""

    folder: Path
    settings: Settings

    def path(self, name: str) -> Path:
        """A file or folder of its own, wherever the configuration puts it."""
        return self.folder.resolve() / name

    def token(self) -> str | None:
        """By which the hub knows it; None: it shows its certificate. Raises :class:`NoEdge`."""
        if self.settings.certificate is not None:
            return None
        file = self.path(TOKEN)
        if not file.is_file():
            raise NoEdge(f"{file} is not there: it holds the token of `hub edge init`")
        return file.read_text("utf-8").strip()


def read(folder: Path) -> Edge:
    """The edge of a folder; raises :class:`NoEdge`."""
    file = folder / FILE
    try:
        told = tomllib.loads(file.read_text("utf-8"))
        return Edge(folder, Settings.model_validate(told))
    except FileNotFoundError:
        raise NoEdge(f"{file} is not there: make an edge with `hub edge init {folder}`") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise NoEdge(f"{file} is not TOML, as UTF-8") from None
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise NoEdge(f"{file} cannot be used: {'; '.join(wrong)}") from None
