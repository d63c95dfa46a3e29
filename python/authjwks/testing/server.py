"""A real HTTP/1.1 server on loopback that gets every response from one function."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from typing import Any

from authjwks.testing.responses import Response


class LoopbackServer(ThreadingHTTPServer):
    """Serves GET and HEAD on 127.0.0.1, on a free port, from the moment it is made until `close`.

    `respond` is called with each request's path (without its query) on that connection's own thread.
    """

    request_queue_size = 128

    def __init__(self, respond: Callable[[str], Response]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.respond = respond
        self.closing = threading.Event()
        self._connections: dict[threading.Thread, socket] = {}
        self._accepting = threading.Thread(target=self.serve_forever, args=(0.02,), name="authjwks-issuer", daemon=True)
        self._accepting.start()

    def close(self) -> None:
        """Stop at once: later connections are refused, idle and waiting ones are cut, no thread is left."""
        self.closing.set()
        self.shutdown()
        self._accepting.join()
        self.server_close()
        for thread, connection in tuple(self._connections.items()):
            with suppress(OSError):  # the thread may have closed it first
                connection.shutdown(SHUT_RDWR)
            thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give each connection a thread that `close` can end."""
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self._connections[thread] = request
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection to its end."""
        super().process_request_thread(request, client_address)
        del self._connections[threading.current_thread()]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report errors of this server, but not that a client gave up waiting."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave in one segment, so no response waits for a delayed acknowledgement
    server: LoopbackServer

    def do_GET(self) -> None:
        response = self.server.respond(self.path.partition("?")[0])
        if self.server.closing.wait(response.delay):
            self.close_connection = True
            return
        etag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
        unchanged = response.status == 200 and self.headers.get("If-None-Match") == etag
        body = b"" if unchanged else response.body
        self.send_response(304 if unchanged else response.status)
        for name, value in {"ETag": etag, **response.headers}.items():
            self.send_header(name, value)
        if not unchanged:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: a test suite's output belongs to its tests."""
