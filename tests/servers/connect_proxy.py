"""An HTTP proxy on loopback that tunnels by CONNECT (RFC 9110 §9.3.6), and caches what it was asked."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from email.message import Message

from tests.servers.loopback import LoopbackServer, SilentHandler


class ConnectProxy(LoopbackServer):
    """Serves inside a `with` block.

    Attributes:
        tunnels: host and port of each CONNECT so far, with the headers that came with it.
        refuses: a status to answer instead of tunnelling, if not 0.
    """

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.tunnels: list[tuple[str, Message]] = []
        self.refuses = 0
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(SilentHandler):
    protocol_version = "HTTP/1.1"
    server: ConnectProxy

    def do_CONNECT(self) -> None:
        self.server.tunnels.append((self.path, self.headers))
        self.close_connection = True
        if self.server.refuses:
            self.send_error(self.server.refuses)
            return
        host, _, port = self.path.partition(":")
        with socket.create_connection((host, int(port)), timeout=30) as target:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_pass_on, args=(target, self.connection), daemon=True)
            back.start()
            _pass_on(self.connection, target)
            back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
