"""What the hub is made of (CycloneDX 1.6): every part that is locked, with its licence.

The list is the lock's, so it names what `make install` installs, also on machines other than this;
licences are what the parts say that are installed here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata, requires, version
from importlib.resources import files
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

_LOCKED: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_IDS: Final = frozenset(
    "Apache-2.0 BSD-2-Clause BSD-3-Clause MIT MIT-0 MPL-2.0 PSF-2.0 LGPL-3.0-only".split()  # noqa: SIM905
)
_WRITTEN: Final = {
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "mit license": "MIT",
    "psfl": "PSF-2.0",
    "apache software license": "Apache-2.0",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
"""What parts write where they give no id, in small letters."""
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is locked, and under which licence by its own word."""

    name: str
    version: str
    licences: tuple[dict[str, Any], ...]
    """As CycloneDX has them; none where it is not installed here."""

    @property
    def purl(self) -> str:
        """What it is called wherever parts of software are listed."""
        return f"pkg:pypi/{_plain(self.name)}@{self.version}"


def parts() -> list[Part]:
    """All that is locked for running the hub."""
    lock = files("ops").joinpath("locks/runtime.txt").read_text(encoding="utf-8")
    return [Part(name, number, _licences(name)) for name, number in _LOCKED.findall(lock)]


def bill() -> dict[str, Any]:
    """The bill of materials. The same parts give the same bytes."""
    found = parts()
    listed = [_component(part) for part in found]
    hub = f"pkg:pypi/mash-hub@{version('mash-hub')}"
    direct = {_plain(name) for name in _direct()}
    needs = [part.purl for part in found if _plain(part.name) in direct]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, hub + json.dumps(listed))}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": hub,
                "name": "mash-hub",
                "version": version("mash-hub"),
                "purl": hub,
            }
        },
        "components": listed,
        "dependencies": [{"ref": hub, "dependsOn": needs}],
    }


def _component(part: Part) -> dict[str, Any]:
    said = {"licenses": list(part.licences)} if part.licences else {}
    head = {"type": "library", "bom-ref": part.purl, "name": part.name, "version": part.version}
    return head | said | {"purl": part.purl}


def _direct() -> Iterator[str]:
    """What the hub itself asks for."""
    for line in requires("mash-hub") or ():
        if "extra ==" not in line and (found := _NAME.match(line)):
            yield found.group()


def _licences(name: str) -> tuple[dict[str, Any], ...]:
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return ()
    if expression := said.get_all("License-Expression"):
        return ({"expression": expression[0]},)
    return tuple(map(_licence, dict.fromkeys(_told(said))))


def _told(said: PackageMetadata) -> Iterator[str]:
    """In its own words, or by the names that it is listed under."""
    own = "".join(map(str, said.get_all("License") or ())).strip()
    if _known(own) or (own and len(own) < _LONGEST and "\n" not in own):
        yield own
        return
    for line in said.get_all("Classifier") or ():
        if line.startswith("License ::"):
            yield line.rpartition(" :: ")[2]


def _licence(told: str) -> dict[str, Any]:
    known = _known(told)
    return {"license": {"id": known} if known else {"name": told}}


def _known(told: str) -> str | None:
    return told if told in _IDS else _WRITTEN.get(told.casefold())


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
