"""Whom the hub takes for its broker over TLS."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.clients.broker import connect


def certificate(folder: Path, *, of: str) -> Path:
    """A certificate and its key in one file, trusted by whoever trusts it, for one address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(of))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    whole = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "broker.pem"
    path.write_bytes(whole)
    return path


@contextmanager
def somebody(pem: Path) -> Iterator[tuple[int, list[bytes]]]:
    """Answers by TLS, and notes the first bytes that whoever trusts it says."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            try:
                with context.wrap_socket(connection, server_side=True) as line:
                    heard.append(line.recv(4))
            except OSError:
                connection.close()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard
        thread.join(5)


@pytest.mark.parametrize(
    ("of", "told"), [("127.0.0.1", [b"AMQP"]), ("127.0.0.2", [])], ids=["its own", "another's"]
)
def test_a_broker_is_spoken_to_by_tls_only_with_a_certificate_of_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of: str, told: list[bytes]
) -> None:
    pem = certificate(tmp_path, of=of)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with somebody(pem) as (port, heard), pytest.raises(Exception):  # noqa: B017, PT011
        connect(f"amqps://hub:secret@127.0.0.1:{port}//", answer_seconds=3)
    assert heard == told
