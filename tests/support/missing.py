"""What a test does where the machine lacks a service that it needs."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

from tests.services.process import ServiceUnavailable


def missing(reason: ServiceUnavailable) -> NoReturn:
    """Skip the test; in CI, where everything has to be there, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(reason))
    pytest.skip(str(reason))
