"""The days of the borough, lived once on each runtime for all who read what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.proofs.place import Place, Servers, embedded_place, production_place
from tests.support import family_days as story
from tests.support import whole_story
from tests.support.days import at_work
from tests.support.family_days import Days

PEOPLE = {
    agency: (*names, *whole_story.DECIDERS.get(agency, ()))
    for agency, names in story.PEOPLE.items()
}


@pytest.fixture(scope="package")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    """One process and SQLite."""
    path = tmp_path_factory.mktemp("embedded") / "hub"
    with embedded_place(path) as place, _lived(place) as days:
        yield days


@pytest.fixture(scope="package")
def production(
    kafka_url: str, rabbitmq_url: str, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Days]:
    """``hub run`` on Kafka, RabbitMQ and PostgreSQL, with one worker of all steps."""
    path = tmp_path_factory.mktemp("production") / "hub"
    servers = Servers(kafka_url, rabbitmq_url, postgres_url)
    with production_place(path, servers, partitions=1) as place, _lived(place) as days:
        yield days


@contextmanager
def _lived(place: Place) -> Iterator[Days]:
    whole_story.with_people(place.folder.config)
    with at_work(place, PEOPLE, profile=story.AGREED) as borough:
        yield story.live(borough)


@pytest.fixture(params=["embedded", "production"])
def days(request: pytest.FixtureRequest) -> Days:
    """What came of it on each runtime, one after the other."""
    found: Days = request.getfixturevalue(request.param)
    return found
