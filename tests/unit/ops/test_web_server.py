"""The hub's own web server: bound before anything is said of it, and quick to answer."""

from __future__ import annotations

import socket

from ops.run.serve import listening


def test_an_answer_does_not_wait_for_its_receiver_to_confirm_its_head() -> None:
    with listening("127.0.0.1", 0) as bound, socket.create_connection(bound.getsockname()):
        taken, _ = bound.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
