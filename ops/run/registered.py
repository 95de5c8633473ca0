"""The keys of who decides for agencies, as configuration and record have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ops.look.reading import open_reader
from ops.run.configuration import Fault, Misconfigured, read_policy, read_settings
from router.registered import decided, signer_is_gone, with_keys
from schemas.keys import KeyChoice, KeyDecided
from schemas.message import Message
from schemas.policy import ApprovalKey
from stores.ports import Unavailable
from stores.schema import OtherRevision


def keys_of(config: Path, environment: Mapping[str, str]) -> dict[str, tuple[ApprovalKey, ...]]:
    """By agency; of a hub that has never run those of the configuration alone."""
    policy = read_policy(read_settings(config, environment), folder=config.parent)
    policy = with_keys(policy, _recorded(config, environment))
    found = ((code, one.agreement) for code, one in policy.partners.items())
    return {code: told.keys for code, told in found if told and told.keys}


def by_nobody(config: Path, environment: Mapping[str, str]) -> Iterator[Fault]:
    """What was recorded of keys by administrators whom no agreement names any more."""
    try:
        policy = read_policy(read_settings(config, environment), folder=config.parent)
        told = [one.data for one in _recorded(config, environment)]
    except (Misconfigured, OtherRevision, Unavailable):  # told elsewhere, or asked with --connect
        return
    facts = [one for one in told if isinstance(one, KeyDecided) and signer_is_gone(policy, one)]
    for code in dict.fromkeys(one.agency for one in facts):
        choices = [one.decision.choice for one in facts if one.agency == code]
        keys = choices.count(KeyChoice.REGISTER)
        yield Fault(
            f"agencies.{code}.agreement.administrators",
            f"no longer has who registered {keys} keys, which do not count any more, and ended or "
            f"revoked {len(choices) - keys}, which stay ended",
            "put their key back with an `until`; or have another register anew whom it lacks",
        )


def _recorded(config: Path, environment: Mapping[str, str]) -> list[Message]:
    """Nothing where the hub has never run."""
    try:
        hub = open_reader(config, environment)
    except Misconfigured:
        return []
    try:
        with hub.database.view() as view:
            return [*decided(view)]
    finally:
        hub.database.close()
