"""What has ended by its date is said until somebody renews it."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from webauthn.helpers import bytes_to_base64url

from ops.access.doors import Doors
from ops.cli import main
from ops.look.status import collect
from ops.run import ended as looked
from ops.run.ended import ended, say_daily
from ops.run.wiring import Hub, open_hub
from router.queues import StoredQueues
from schemas.alarms import AlarmRaised
from schemas.sealed import EncryptionKey
from stores import linking
from tests.proofs.f24 import shipped
from tests.support.filled import empty_hub

RULES = shipped().model_copy(
    update={"since": dt.date(2020, 1, 1), "until": dt.date(2020, 12, 31), "version": "of 2020"}
)
LEAD = "childrens_social_care"
NOW = dt.datetime(2026, 6, 10, tzinfo=dt.UTC)


@pytest.fixture
def over(tmp_path: Path) -> tuple[Path, Hub]:
    """A hub whose access rules have ended."""
    folder, hub = empty_hub(tmp_path / "hub")
    hub.database.close()
    text = (Path("ops/access") / "standard.toml").read_text("utf-8")
    assert "since = 2026-04-01" in text
    rules = text.replace("since = 2026-04-01", "since = 2020-01-01\nuntil = 2020-12-31", 1)
    (folder.path / "access.toml").write_text(rules, "utf-8")
    config = folder.config.read_text("utf-8")
    folder.config.write_text(f'access = "access.toml"\n{config}', "utf-8")
    return folder.config, open_hub(folder.config, {})


def test_rules_that_ended_are_told_wherever_somebody_looks(over: tuple[Path, Hub]) -> None:
    config, hub = over
    (said,) = collect(hub).trouble
    assert "ended on 2020-12-31" in said
    refused = CliRunner().invoke(main, ["status", "--config", str(config)])
    assert refused.exit_code == 1
    assert "the access rules ended on 2020-12-31" in refused.output
    checked = CliRunner().invoke(main, ["config", "check", "--config", str(config)])
    assert "people are shown nothing, and agencies go on by it" in checked.output
    assert Doors(hub).may_fetch("police"), "an agency's own letters still go"
    hub.database.close()


def test_an_agency_without_a_key_any_more_is_told_of_the_lead_first(over: tuple[Path, Hub]) -> None:
    _, hub = over
    hub.database.close()
    x = bytes_to_base64url(X25519PrivateKey.generate().public_key().public_bytes_raw())
    key = EncryptionKey(crv="X25519", x=x, until=NOW - dt.timedelta(days=1))
    gone = {"encryption": (key,)}
    agencies = {
        code: one.model_copy(update=gone) if code in (LEAD, "gp") else one
        for code, one in hub.settings.agencies.items()
    }
    settings = hub.settings.model_copy(update={"agencies": agencies})
    told = [*ended(settings, shipped(), at=NOW)]
    assert [one.agency for one in told] == [LEAD, "gp"]
    assert ["alarms" in one.says for one in told] == [True, False]


def test_it_is_logged_once_a_day_and_alarms_the_duty_manager_once(
    over: tuple[Path, Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, hub = over
    monkeypatch.setattr(looked, "_LOOKS", 0.0)
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):  # a day later, or after a restart, it is the same end
            say_daily(hub.database, hub.settings, RULES, _After(3))
    assert [(one["event"], one["reason"]) for one in logs] == [
        ("configuration.ended", "access-rules")
    ] * 2
    hub.embedded().drain()
    with hub.database.view() as view:
        found = linking.every(view.connection, view.vault, type_=AlarmRaised)
        (alarm,) = (entry.message.data for entry in found)
    assert isinstance(alarm, AlarmRaised)
    assert (alarm.cause, alarm.why, alarm.agency) == ("not_renewed", "access-rules", None)
    letters = StoredQueues(hub.database, hub.policy.value).lease(LEAD, limit=9, seconds=60)
    assert ["The access rules have ended" in letter.body.decode() for letter in letters] == [True]
    hub.database.close()


class _After(threading.Event):
    """Set once it was asked so often."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._left = times

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0
