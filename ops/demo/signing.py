"""Keys of the simulated agencies: made when a demonstration starts, and gone with its folder.

All but the lead agency sign what they let leave, and so do those who signed the agreements what
these release beforehand.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors.edge import keys
from connectors.edge.keys import SigningKey
from ops.demo.simulation.answers import DECISION_MAKER
from schemas.envelope import Envelope
from schemas.policy import StandingRelease
from schemas.statement import StandingStatement

_UNSIGNED = "unsigned_until = 2036-12-31"
_SINCE = "2020-01-01T00:00:00Z"


def with_keys(config: str, folder: Path) -> str:
    """The configuration in which agencies sign, with new keys; the private ones in the folder."""
    raw = tomllib.loads(config)
    folder.mkdir(mode=0o700)
    for code in (one for one in raw["agencies"] if one != raw["lead_agency"]):
        agency = raw["agencies"][code]
        if "agreement" in agency and DECISION_MAKER in agency.get("decision_makers", ()):
            config = _signing(config, code, agreement=agency["agreement"], folder=folder)
    return config


def _signing(config: str, code: str, *, agreement: Mapping[str, Any], folder: Path) -> str:
    own = keys.make(folder / f"{code}.key", agency=code, decided_by=DECISION_MAKER)
    signatory = keys.make(
        folder / f"{code}.signatory", agency=code, decided_by=agreement["signatory"]
    )
    before, table, after = config.partition(f"[agencies.{code}]\n")
    registered = ", ".join(_registered(key) for key in (own, signatory))
    after = after.replace(_UNSIGNED, f"keys = [{registered}]", 1)
    head = f"[[agencies.{code}.agreement.standing_release]]\n"
    parts = after.split(head)
    envelopes = _released(agreement, signatory)
    told = [
        f"{head}envelope = {one}\n{part}" for one, part in zip(envelopes, parts[1:], strict=True)
    ]
    return before + table + parts[0] + "".join(told)


def _registered(key: SigningKey) -> str:
    return f'{{ decided_by = "{key.decided_by}", public = "{key.public}", since = {_SINCE} }}'


def _released(agreement: Mapping[str, Any], key: SigningKey) -> Iterator[str]:
    for raw in agreement.get("standing_release", ()):
        release = StandingRelease.model_validate(raw)
        yield _written(key.sign(StandingStatement(agency=key.agency, release=release).payload()))


def _written(envelope: Envelope) -> str:
    signatures = ", ".join(
        f'{{ keyid = "{one.keyid}", sig = "{one.sig}" }}' for one in envelope.signatures
    )
    head = f'payloadType = "{envelope.payloadType}", payload = "{envelope.payload}"'
    return f"{{ {head}, signatures = [{signatures}] }}"
