"""Serves the key sets of all cases on loopback, as slowly as told, and counts how often it is asked."""

from __future__ import annotations

import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


class KeyServer:
    """Answers `/CASE/jwks.json` from the folder of cases. Runs until `close`.

    Attributes:
        delay: seconds before each answer.
        fetches: how often each case's key set was asked for.
    """

    def __init__(self, root: Path) -> None:
        self.delay = 0.0
        self.fetches: Counter[str] = Counter()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                name = self.path.strip("/").partition("/")[0]
                outer.fetches[name] += 1
                time.sleep(outer.delay)
                body = (root / name / "jwks.json").read_bytes()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: stdout is for the tables."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 512
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A contestant that hangs up is its own affair."""

        self._server = Server(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, case: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{case}/jwks.json"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
