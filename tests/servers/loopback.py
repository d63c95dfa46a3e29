"""What the HTTP servers of tests share: a free port of 127.0.0.1, a thread that accepts, and no output."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

ServerT = TypeVar("ServerT", bound="LoopbackServer")


class LoopbackServer(ThreadingHTTPServer):
    """Serves inside a `with` block."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._accepting = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self: ServerT) -> ServerT:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._accepting.join()
        self.server_close()


class SilentHandler(BaseHTTPRequestHandler):
    """A test suite's output belongs to its tests."""

    def log_message(self, format: str, *args: Any) -> None:
        pass
