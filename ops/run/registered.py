"""The keys of who decides for agencies, as configuration and record have them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ops.look.reading import open_reader
from ops.run.configuration import Misconfigured, read_policy, read_settings
from router.registered import decided, with_keys
from schemas.policy import ApprovalKey


def keys_of(config: Path, environment: Mapping[str, str]) -> dict[str, tuple[ApprovalKey, ...]]:
    """By agency; of a hub that has never run those of the configuration alone."""
    settings = read_settings(config, environment)
    policy = read_policy(settings, folder=config.parent)
    if any(one.agreement and one.agreement.administrators for one in settings.agencies.values()):
        try:
            hub = open_reader(config, environment)
        except Misconfigured:
            pass
        else:
            with hub.database.view() as view:
                policy = with_keys(policy, decided(view))
            hub.database.close()
    found = ((code, one.agreement) for code, one in policy.partners.items())
    return {code: told.keys for code, told in found if told and told.keys}
