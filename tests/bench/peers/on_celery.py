"""Celery on RabbitMQ: a task for each step that calls the next, a PostgreSQL transaction for each.

Settings as its guide has them for work that may not be lost: quorum queues, publisher confirms,
late acknowledgement also where a worker is lost; a process for each core, each with some tasks in
advance.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import psycopg
from celery import Celery

from tests.bench.peers.doing import connected, do, is_first
from tests.bench.peers.work import LINK, RATE, REQUEST, Place, Record


def prepare(place: Place) -> None:
    """Nothing: the worker declares its queue."""


def feed(place: Place, records: Iterable[Record]) -> None:
    """Hand notifications over, some side by side, since each waits for its confirmation."""
    app = application(place)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(app.tasks["deduplicate"].delay, records))
    app.close()


def work(place: Place) -> None:
    """Serve until the process ends."""
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=ERROR"]
    application(place).worker_main(["worker", f"--concurrency={os.cpu_count()}", *quiet])


def application(place: Place) -> Celery:
    """The tasks, and how they are to be treated."""
    app = Celery(place.name, broker=place.queues, set_as_current=False)
    app.conf.update(
        task_default_queue=place.name,
        task_default_queue_type="quorum",
        broker_transport_options={"confirm_publish": True},
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=8,
        worker_hijack_root_logger=False,
    )
    _add_tasks(app, place)
    return app


def _add_tasks(app: Celery, place: Place) -> None:
    @cache
    def connection(_process: int) -> psycopg.Connection[Any]:
        return connected(place)

    @app.task(name="deduplicate", shared=False)
    def deduplicate(record: dict[str, Any]) -> None:
        if is_first(connection(os.getpid()), record):
            link.delay(record)

    @app.task(name="link", shared=False)
    def link(record: dict[str, Any]) -> None:
        do(connection(os.getpid()), LINK, record=record)
        rate.delay(record)
        request.delay(record)

    @app.task(name="rate", shared=False)
    def rate(record: dict[str, Any]) -> None:
        do(connection(os.getpid()), RATE, record=record)

    @app.task(name="request", shared=False)
    def request(record: dict[str, Any]) -> None:
        do(connection(os.getpid()), REQUEST, record=record)
