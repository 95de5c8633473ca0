"""What the gate adds to a release, beside the least that it could: to verify the signatures."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from statistics import median
from typing import Any, Final
from unittest import mock

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from router.steps import gate
from router.steps.now import Now
from schemas.envelope import PAYLOAD_TYPE
from schemas.product import ProductApproved
from tests.proofs.owners import OWNERS, Signers, approved, item_of, leaves, policy_of, signers
from tests.support.given import NOON

ALLOWED: Final = 1.0
"""Milliseconds."""


def measure(times: int, *, owners: int) -> dict[str, Any]:
    """By turns in one run: a release, the same without the gate, the gate alone, and its floor."""
    by = signers(*OWNERS[:owners])
    policy = policy_of(*(one.partner() for one in by.values()))
    product = approved(policy, [item_of(agency) for agency in by], by)
    now, verifies = Now(NOON, policy), _verifies(product, by)
    found: dict[str, list[float]] = {name: [] for name in ("with", "without", "gate", "floor")}
    for _ in range(times):
        found["with"].append(_took(lambda: leaves(product, policy)))
        with mock.patch.object(gate, "fault", return_value=None):
            found["without"].append(_took(lambda: leaves(product, policy)))
        found["gate"].append(_took(lambda: gate.fault(product, approved_at=NOON, now=now)))
        found["floor"].append(_took(verifies))
    middle = {name: median(each) for name, each in found.items()}
    return {
        "releases": times,
        "owners": owners,
        "release_ms_p50": round(middle["with"], 3),
        "without_gate_ms_p50": round(middle["without"], 3),
        "gate_adds_ms_p50": round(middle["with"] - middle["without"], 3),
        "gate_alone_ms_p50": round(middle["gate"], 3),
        "floor_ms_p50": round(middle["floor"], 3),
        "allowed_ms": ALLOWED,
    }


def _verifies(product: ProductApproved, by: Signers) -> Callable[[], object]:
    """The signatures of its approvals, checked over bytes that are at hand already."""
    kind, told = PAYLOAD_TYPE.encode(), []
    for one in product.approvals:
        assert one.envelope is not None
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(by[one.agency].key().public))
        payload, (signature,) = one.envelope.unverified(), one.envelope.signatures
        encoded = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
        told.append((key, base64.b64decode(signature.sig), encoded))
    return lambda: [key.verify(signature, encoded) for key, signature, encoded in told]


def _took(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000
