"""An HTTP or HTTPS server on loopback that caches what it was asked, and answers as one function says."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.message import Message
from typing import Any, NamedTuple

from tests.servers.loopback import LoopbackServer, SilentHandler


class Asked(NamedTuple):
    """One request: its headers as they came, and the certificate that the client showed, if any."""

    path: str
    headers: Message
    client: Mapping[str, Any] | None


class Answer(NamedTuple):
    """Status, headers and body."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""


class RecordingServer(LoopbackServer):
    """Serves GET inside a `with` block, by TLS when there is a `tls` context.

    Attributes:
        asked: the requests so far.
    """

    def __init__(self, answer: Callable[[Asked], Answer], tls: ssl.SSLContext | None = None) -> None:
        super().__init__(_Handler)
        self.answer = answer
        self.asked: list[Asked] = []
        self._tls = tls

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands on the connection's own thread, so that a client who is slow in it holds up nobody else."""
        with (
            suppress(OSError),  # the client thinks nothing of our certificate, or has gone
            request if self._tls is None else self._tls.wrap_socket(request, server_side=True) as connection,
        ):
            super().finish_request(connection, client_address)


class _Handler(SilentHandler):
    server: RecordingServer

    def do_GET(self) -> None:
        client = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        asked = Asked(self.path, self.headers, client)
        self.server.asked.append(asked)
        answer = self.server.answer(asked)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
