"""Topics on a cluster that asks for TLS and says nothing to whoever it does not know."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme
from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from router.runtimes.faust_worker import build_app
from stores.codec import Sealed
from stores.ports import Unavailable
from stores.topics import (
    TopicProducer,
    cluster_of,
    create_topics,
    read_range,
    require_answer,
)
from tests.fixtures_services import served
from tests.services.kafka import private_kafka
from tests.services.process import free_port

USER, PASSWORD = "hub", "p@ss/word?"
PROPERTIES = """
listeners=BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port},SECURE://127.0.0.1:%d
advertised.listeners=BROKER://127.0.0.1:{port},SECURE://127.0.0.1:%d
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
ssl.keystore.type=PEM
ssl.keystore.location=%s
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
"""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def port(
    authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[int]:
    """Where the cluster speaks TLS."""
    folder, port = tmp_path_factory.mktemp("secure"), free_port()
    more = PROPERTIES % (port, port, _broker(authority, folder))
    private = partial(private_kafka, brief=True, more=more)
    for service in served(private, folder / "kafka", pytestconfig):
        _know(service.bootstrap_servers)
        yield port


def _broker(authority: trustme.CA, folder: Path) -> Path:
    """Its key and certificate in one file; Kafka reads no key in another form than PKCS #8."""
    made = authority.issue_cert("127.0.0.1")
    key = load_pem_private_key(made.private_key_pem.bytes(), None)
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem = folder / "broker.pem"
    chain = b"".join(one.bytes() for one in made.cert_chain_pems)
    pem.write_bytes(key.private_bytes(*form) + chain)
    return pem


def _know(servers: str) -> None:
    told = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    user = UserScramCredentialUpsertion(USER, told, PASSWORD.encode())
    admin = AdminClient({"bootstrap.servers": servers})
    for done in admin.alter_user_scram_credentials([user]).values():
        done.result(30)


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return tmp_path / "ca.pem"


def url(port: int, ca: Path, password: str = PASSWORD) -> str:
    return f"kafkas://{USER}:{quote(password, safe='')}@127.0.0.1:{port}/secure?ca={ca}"


def test_topics_are_made_and_read_over_tls_by_who_is_known(port: int, ca: Path) -> None:
    made = create_topics(url(port, ca), partitions=1)
    assert "secure.cases.linked" in made
    told = dict.fromkeys(("id", "type", "source", "subject", "key", "key_id"), "m1")
    message = Sealed(
        **told, topic="cases.linked", time=0, correlation_id="c", causation_id=None, payload=b"p"
    )
    producer = TopicProducer(url(port, ca))
    producer.send([message])
    producer.close()
    (record,) = read_range(url(port, ca), "cases.linked", partition=0, first=0, last=0)
    assert record.value == message.to_event()


def test_a_worker_reads_them_too(port: int, ca: Path) -> None:
    cluster = cluster_of(url(port, ca))
    app = build_app("link", cluster)
    assert app.conf.broker_credentials is not None
    given = credentials_to_aiokafka_auth(app.conf.broker_credentials)

    async def topics() -> set[str]:
        consumer = AIOKafkaConsumer(bootstrap_servers=cluster.servers, **given)
        await consumer.start()
        try:
            return set(await consumer.topics())
        finally:
            await consumer.stop()

    create_topics(url(port, ca), partitions=1)
    assert "secure.cases.linked" in asyncio.run(topics())


def test_neither_a_wrong_password_nor_another_authority_is_believed(
    port: int, ca: Path, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable):
        require_answer(url(port, ca, "wrong"), seconds=2)
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    with pytest.raises(Unavailable):
        require_answer(url(port, tmp_path / "other.pem"), seconds=2)
    require_answer(url(port, ca), seconds=20)
