"""How topics are reached: by TLS, and as whom."""

from __future__ import annotations

import pytest

from router.runtimes.faust_worker import build_app
from stores.topics import Cluster, Security, cluster_of


def test_a_url_says_where_as_whom_and_whom_to_believe() -> None:
    cluster = cluster_of("kafkas://hub:p%40ss@one:1,two:2/borough?ca=/ca.pem&mechanism=PLAIN")
    assert (cluster.servers, cluster.prefix) == ("one:1,two:2", "borough")
    assert cluster.security.settings() == {
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": "/ca.pem",
        "sasl.mechanisms": "PLAIN",
        "sasl.username": "hub",
        "sasl.password": "p@ss",
    }
    assert "p@ss" not in repr(cluster)


def test_as_it_was_it_is_without_tls() -> None:
    cluster = cluster_of("kafka://one:1/borough")
    assert cluster == Cluster("one:1", "borough")
    assert cluster.security.settings() == {"security.protocol": "PLAINTEXT"}
    assert build_app("link", cluster).conf.broker_credentials is None


def test_a_certificate_of_the_hubs_own_goes_along() -> None:
    told = cluster_of("kafkas://one:1?certificate=/hub.pem&key=/hub.key").security
    assert told == Security(tls=True, certificate="/hub.pem", key="/hub.key")
    assert told.settings()["ssl.key.location"] == "/hub.key"
    assert told.files == ("/hub.pem", "/hub.key")


@pytest.mark.parametrize("url", ["kafkas://", "http://h", "kafka://h?ca=/x", "kafkas://h?x=y"])
def test_what_is_no_such_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"kafkas|behind"):
        cluster_of(url)


def test_a_worker_believes_whom_the_system_trusts_and_looks_at_the_name() -> None:
    context = cluster_of("kafkas://one:1").security.context()
    assert context is not None
    assert context.check_hostname
    assert build_app("link", cluster_of("kafkas://one:1")).conf.broker_credentials is not None
