"""How a server answers a request badly, once the connection stands."""

from __future__ import annotations

import json
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache, partial
from typing import NamedTuple

from tests.faults.fault import Fault
from tests.faults.tokens import new_key

_DRIP_SECONDS = 0.05  # a byte: the smallest key set takes longer than anybody waits
_RETRY_AFTER_SECONDS = 3
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing throws away what was not sent, and says so
_BLANKS = b" " * 65_536
_BOMB_BYTES = 128 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Exchange(NamedTuple):
    """A request that waits for its answer.

    Attributes:
        body: what a good answer would hold.
        lagging: what a replica holds that has not heard of the latest keys.
        number: of such requests since the fault began, from 0.
        elsewhere: where a redirect points.
        closing: set when the server ends.
    """

    connection: socket.socket
    body: bytes
    lagging: bytes
    number: int
    elsewhere: str
    closing: threading.Event


def response(status: int, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """A whole HTTP/1.1 response with one JSON document."""
    fields = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body


@cache
def gzip_bomb() -> bytes:
    """A key set that is small on the wire and over 100 MB when unpacked."""
    packer = zlib.compressobj(9, wbits=31)
    parts: Iterable[bytes] = (packer.compress(_BLANKS) for _ in range(_BOMB_BYTES // len(_BLANKS)))
    return packer.compress(b'{"keys": [') + b"".join(parts) + packer.compress(b"]}") + packer.flush()


@cache
def encryption_keys() -> bytes:
    """A key set whose only key is not for signatures (RFC 7517 §4.2)."""
    return json.dumps({"keys": [new_key("encryption").jwk() | {"use": "enc", "alg": "ECDH-ES"}]}).encode()


def _reset_at_once(exchange: Exchange) -> None:
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    exchange.connection.close()


def _reset(exchange: Exchange) -> None:
    exchange.connection.sendall(response(200, exchange.body)[: -len(exchange.body) // 2])
    _reset_at_once(exchange)


def _never_answer(exchange: Exchange) -> None:
    exchange.connection.settimeout(0.1)
    while not exchange.closing.is_set():
        with suppress(TimeoutError):
            if not exchange.connection.recv(1):
                return


def _drip(exchange: Exchange) -> None:
    for byte in response(200, exchange.body):
        exchange.connection.sendall(bytes([byte]))
        if exchange.closing.wait(_DRIP_SECONDS):
            return


def _never_end(exchange: Exchange) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    exchange.connection.sendall(head + b'{"keys": [')
    while not exchange.closing.is_set():
        exchange.connection.sendall(_BLANKS)


def _send_status(exchange: Exchange, status: int, **headers: str) -> None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    exchange.connection.sendall(response(status, b'{"error": "no"}', named))


def _send_away(exchange: Exchange) -> None:
    _send_status(exchange, 302, Location=exchange.elsewhere)


def _send_page(exchange: Exchange) -> None:
    exchange.connection.sendall(response(200, b"<html>Please log in</html>", {"Content-Type": "text/html"}))


def _send_bomb(exchange: Exchange) -> None:
    exchange.connection.sendall(response(200, gzip_bomb(), {"Content-Encoding": "gzip"}))


def _send_no_keys(exchange: Exchange) -> None:
    exchange.connection.sendall(response(200, b'{"keys": []}'))


def _send_encryption_keys(exchange: Exchange) -> None:
    exchange.connection.sendall(response(200, encryption_keys()))


def _send_byte_order_mark(exchange: Exchange) -> None:
    exchange.connection.sendall(response(200, _BYTE_ORDER_MARK + exchange.body))


def _lag_every_other_time(exchange: Exchange) -> None:
    exchange.connection.sendall(response(200, exchange.body if exchange.number % 2 else exchange.lagging))


HTTP_FAULTS: dict[Fault, Callable[[Exchange], None]] = {
    Fault.RESET_AT_ONCE: _reset_at_once,
    Fault.RESET: _reset,
    Fault.SLOW_HEADERS: _never_answer,
    Fault.DRIPPED_BODY: _drip,
    Fault.SERVER_ERROR: partial(_send_status, status=503),
    Fault.BUSY: partial(_send_status, status=503, Retry_After=str(_RETRY_AFTER_SECONDS)),
    Fault.TOO_MANY_REQUESTS: partial(_send_status, status=429, Retry_After=str(_RETRY_AFTER_SECONDS)),
    Fault.FORBIDDEN: partial(_send_status, status=403),
    Fault.NOT_FOUND: partial(_send_status, status=404),
    Fault.WRONG_METHOD: partial(_send_status, status=405),
    Fault.REDIRECT: _send_away,
    Fault.WRONG_CONTENT: _send_page,
    Fault.HUGE: _never_end,
    Fault.GZIP_BOMB: _send_bomb,
    Fault.EMPTY_SET: _send_no_keys,
    Fault.ENCRYPTION_KEYS: _send_encryption_keys,
    Fault.BYTE_ORDER_MARK: _send_byte_order_mark,
    Fault.LAGGING_REPLICA: _lag_every_other_time,
}
"""Those that a server shows by its answers."""
