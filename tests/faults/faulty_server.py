"""A server of key sets on loopback, HTTPS or plain, that answers as badly as it is told to."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

from authjwks.testing import SigningKey

_DRIP_SECONDS = 0.05  # a byte: the smallest key set takes longer than anybody waits
_GIVE_UP_SECONDS = 30.0  # on a client that neither reads nor hangs up
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing throws away what was not sent, and says so
_BLANKS = b" " * 65_536
_BOMB_BYTES = 128 << 20


class Fault(Enum):
    """What can be wrong with an issuer; the value is its name in reports."""

    REFUSED = "refused"
    RESET = "reset"
    SLOW_HEADERS = "slow headers"
    DRIPPED_BODY = "dripped body"
    SERVER_ERROR = "5xx"
    WRONG_CONTENT = "wrong content"
    HUGE = "huge"
    GZIP_BOMB = "gzip bomb"
    REDIRECT = "redirect"
    BAD_TLS = "bad TLS"
    EMPTY_SET = "empty set"


class Identity(NamedTuple):
    """The certificates of an HTTPS server: the right one, and what it shows when TLS is at fault."""

    trusted: ssl.SSLContext
    foreign: ssl.SSLContext


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
        impostor_set: the key set that is served under a foreign certificate.
        delay: seconds before each good answer.
        headers: sent with each good answer.
    """

    def __init__(self, identity: Identity | None = None) -> None:
        self.fault: Fault | None = None
        self.faulty_path: str | None = None
        self.elsewhere = ""
        self.impostor_set = b""
        self.delay = 0.0
        self.headers: dict[str, str] = {}
        self._documents: dict[str, bytes] = {}
        self._identity = identity
        self._lock = threading.Lock()
        self._requests: list[Request] = []
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
        impostor = self.fault is Fault.BAD_TLS
        with suppress(OSError), connection:
            if self._identity is None:
                self._answer(connection, at)
                return
            context = self._identity.foreign if impostor else self._identity.trusted
            try:
                secured = context.wrap_socket(connection, server_side=True)
            except OSError:
                self._note(Request(at, "", {}))
                raise
            with secured:
                self._answer(secured, at)

    def _note(self, request: Request) -> None:
        with self._lock:
            self._requests.append(request)

    def _answer(self, connection: socket.socket, at: float) -> None:
        request = _read_request(connection, at)
        self._note(request)
        fault = self.fault if self.faulty_path in (None, request.path) else None
        body = self._documents.get(request.path)
        if fault is Fault.BAD_TLS:
            connection.sendall(_response(200, self.impostor_set))
        elif fault is not None:
            _FAULTS[fault](self, connection, body or b"")
        elif not self._closing.wait(self.delay):
            connection.sendall(_response(404, b"") if body is None else _response(200, body, self.headers))

    def _reset(self, connection: socket.socket, body: bytes) -> None:
        connection.sendall(_response(200, body)[: -len(body) // 2])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.close()

    def _never_answer(self, connection: socket.socket, _: bytes) -> None:
        self._wait_for_hang_up(connection)

    def _drip(self, connection: socket.socket, body: bytes) -> None:
        for byte in _response(200, body):
            connection.sendall(bytes([byte]))
            if self._closing.wait(_DRIP_SECONDS):
                return

    def _fail(self, connection: socket.socket, _: bytes) -> None:
        connection.sendall(_response(503, b'{"error": "busy"}'))

    def _send_page(self, connection: socket.socket, _: bytes) -> None:
        connection.sendall(_response(200, b"<html>Please log in</html>", {"Content-Type": "text/html"}))

    def _never_end(self, connection: socket.socket, _: bytes) -> None:
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"keys": [')
        while not self._closing.is_set():
            connection.sendall(_BLANKS)

    def _send_bomb(self, connection: socket.socket, _: bytes) -> None:
        connection.sendall(_response(200, gzip_bomb(), {"Content-Encoding": "gzip"}))

    def _send_away(self, connection: socket.socket, _: bytes) -> None:
        connection.sendall(_response(302, b"", {"Location": self.elsewhere}))

    def _send_no_keys(self, connection: socket.socket, _: bytes) -> None:
        connection.sendall(_response(200, b'{"keys": []}'))

    def _wait_for_hang_up(self, connection: socket.socket) -> None:
        connection.settimeout(0.1)
        while not self._closing.is_set():
            with suppress(TimeoutError):
                if not connection.recv(1):
                    return


_FAULTS: dict[Fault, Callable[[FaultyServer, socket.socket, bytes], None]] = {
    Fault.RESET: FaultyServer._reset,
    Fault.SLOW_HEADERS: FaultyServer._never_answer,
    Fault.DRIPPED_BODY: FaultyServer._drip,
    Fault.SERVER_ERROR: FaultyServer._fail,
    Fault.WRONG_CONTENT: FaultyServer._send_page,
    Fault.HUGE: FaultyServer._never_end,
    Fault.GZIP_BOMB: FaultyServer._send_bomb,
    Fault.REDIRECT: FaultyServer._send_away,
    Fault.EMPTY_SET: FaultyServer._send_no_keys,
}


@cache
def gzip_bomb() -> bytes:
    """A key set that is small on the wire and over 100 MB when unpacked."""
    packer = zlib.compressobj(9, wbits=31)
    parts: Iterable[bytes] = (packer.compress(_BLANKS) for _ in range(_BOMB_BYTES // len(_BLANKS)))
    return packer.compress(b'{"keys": [') + b"".join(parts) + packer.compress(b"]}") + packer.flush()


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


def _response(status: int, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    fields = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body
