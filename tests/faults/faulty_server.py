"""A server of key sets on loopback, HTTPS or plain, that answers as badly as it is told to."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import suppress
from typing import Any, NamedTuple

from tests.faults.fault import Fault
from tests.faults.http_faults import HTTP_FAULTS, Exchange, response
from tests.faults.tls_faults import Identity

from authjwks.testing import SigningKey

_GIVE_UP_SECONDS = 30.0  # on a client that neither reads nor hangs up


class Request(NamedTuple):
    """One exchange that a client began.

    Attributes:
        at: `time.monotonic()`.
        headers: by lower-case name; empty when it never came to them.
    """

    at: float
    path: str
    headers: dict[str, str]


class FaultyServer:
    """Answers each connection once, on a thread of its own, on a free port of 127.0.0.1, until `close`.

    Attributes:
        fault: what is wrong at the moment; None answers well.
        faulty_path: only this path is answered badly; None for all.
        elsewhere: where Fault.REDIRECT points.
        impostor_set: the key set that is served to a client who takes TLS at fault for good.
        lagging_set: what every other answer holds by Fault.LAGGING_REPLICA.
        delay: seconds before each good answer.
        headers: sent with each good answer.
    """

    def __init__(self, identity: Identity | None = None) -> None:
        self.fault: Fault | None = None
        self.faulty_path: str | None = None
        self.elsewhere = ""
        self.impostor_set = b""
        self.lagging_set = b""
        self.delay = 0.0
        self.headers: dict[str, str] = {}
        self._documents: dict[str, bytes] = {}
        self._identity = identity
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._failed_from = 0
        self._closing = threading.Event()
        # Holds the port while nobody listens, so that no other socket of this machine is given it meanwhile.
        self._reservation = _bound_socket(0)
        self.port: int = self._reservation.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._listen()

    @property
    def base(self) -> str:
        """Its URL without a trailing slash."""
        return f"{'https' if self._identity else 'http'}://127.0.0.1:{self.port}"

    @property
    def jwks_uri(self) -> str:
        """The key set's URL."""
        return f"{self.base}/jwks"

    @property
    def requests(self) -> list[Request]:
        """Those so far; ones refused by a closed port leave no trace."""
        with self._lock:
            return list(self._requests)

    def fetches(self, since: float = 0.0) -> int:
        """How often the key set was asked for from that `time.monotonic()` on."""
        return sum(request.at >= since and request.path in ("/jwks", "") for request in self.requests)

    def publish(self, *keys: SigningKey) -> None:
        """Serve these public keys from now on."""
        self.serve("/jwks", {"keys": [key.jwk() for key in keys]})

    def serve(self, path: str, document: dict[str, Any]) -> None:
        """Answer GET `path` with this JSON from now on."""
        self._documents[path] = json.dumps(document).encode()

    def serve_metadata(self) -> None:
        """Let `base` be found as an issuer (OpenID Connect Discovery 1.0 §4)."""
        self.serve("/.well-known/openid-configuration", {"issuer": self.base, "jwks_uri": self.jwks_uri})

    def fail(self, fault: Fault | None) -> None:
        """Answer that badly from now on; None for well."""
        before, self.fault = self.fault, fault
        self._failed_from = len(self.requests)
        if fault is Fault.REFUSED:
            self._stop_listening()
        elif before is Fault.REFUSED:
            self._listen()

    def close(self) -> None:
        """Refuse connections from now on, and end those that are open."""
        self._closing.set()
        if self.fault is not Fault.REFUSED:
            self._stop_listening()
        self._reservation.close()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> FaultyServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _listen(self) -> None:
        self._listener = _bound_socket(self.port)
        self._listener.listen(512)
        self._acceptor = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._acceptor.start()

    def _stop_listening(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection, time.monotonic()), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, at: float) -> None:
        connection.settimeout(_GIVE_UP_SECONDS)
        with suppress(OSError), connection:
            if self._identity is None:
                self._answer(connection, at)
                return
            bad_context = self._identity.at_fault.get(self.fault) if self.fault else None
            try:
                secured = (bad_context or self._identity.trusted).wrap_socket(connection, server_side=True)
            except OSError:
                self._note(Request(at, "", {}))
                raise
            with secured:
                self._answer(secured, at, is_impostor=bad_context is not None)

    def _note(self, request: Request) -> None:
        with self._lock:
            self._requests.append(request)

    def _answer(self, connection: socket.socket, at: float, *, is_impostor: bool = False) -> None:
        request = _read_request(connection, at)
        self._note(request)
        body = self._documents.get(request.path)
        misbehave = HTTP_FAULTS.get(self.fault) if self.fault and self.faulty_path in (None, request.path) else None
        if is_impostor:
            connection.sendall(response(200, self.impostor_set))
        elif misbehave is not None:
            number = len(self.requests) - 1 - self._failed_from
            misbehave(Exchange(connection, body or b"", self.lagging_set, number, self.elsewhere, self._closing))
        elif not self._closing.wait(self.delay):
            connection.sendall(response(404, b"") if body is None else response(200, body, self.headers))


def _bound_socket(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(("127.0.0.1", port))
    return bound


def _read_request(connection: socket.socket, at: float) -> Request:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(4096)
        if not chunk:
            raise ConnectionResetError
        received += chunk
    first, *fields = received.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
    pairs = (field.partition(":") for field in fields)
    return Request(at, first.split(" ")[1], {name.lower(): value.strip() for name, _, value in pairs})
