"""An issuer as a process of its own, which rotates its keys and goes down by a schedule, and tells of both.

Run as `python -m tests.servers.rotating_issuer`; it ends with its standard input. Each line that it prints is a JSON
object with `event` and `at`, a time by the clock of `time.monotonic()`, which all processes of a machine share:
"ready" with `issuer`; "published" with `kid` and the `private` key in PEM, once every fetch is answered with it;
"down" with `kind`; "up"; and at the end "asked", with `fetches`: how often each client asked for what.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from authjwks.testing import SigningKey
from authjwks.testing.keys import acquire_private_key

ALGORITHM = "ES256"
ROTATE_SECONDS = 5.0
PUBLISHED = 3
"""How many keys it publishes at any time: the latest ones."""

CLIENT_HEADER = "Worker"
"""The request header by which clients say who they are."""

OUTAGES = ("503", "hang", "reset")
"""How it is down, in turn. By "hang" nothing is answered until the outage ends, and then the connection is reset."""

METADATA_PATH, KEY_SET_PATH = "/.well-known/openid-configuration", "/jwks"
_DOWN_SECONDS = 5.0
_CYCLE_SECONDS = 15.0
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing the connection resets it


class Outage(NamedTuple):
    """One outage of the schedule, in seconds from the start."""

    kind: str
    begins: float
    ends: float


def schedule() -> Iterator[Outage]:
    """Down 5 of every 15 seconds; where in a cycle changes each time that all kinds have had their turn.

    So each kind of outage meets a rotation at another of its moments.
    """
    for number in count():
        begins = _CYCLE_SECONDS * number + 5.0 + 1.25 * (number // len(OUTAGES) % 4)
        yield Outage(OUTAGES[number % len(OUTAGES)], begins, begins + _DOWN_SECONDS)


class RotatingIssuer:
    """What the process does, on one event loop."""

    def __init__(self) -> None:
        self._keys: deque[SigningKey] = deque(maxlen=PUBLISHED)
        self._outage: str | None = None
        self._up = asyncio.Event()
        self._up.set()
        self._asked: Counter[tuple[str, str]] = Counter()
        self._base = ""

    async def run(self) -> None:
        """Serve until standard input ends."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512)
        self._base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for number in range(1, PUBLISHED + 1):
            self._publish(number)
        _tell("ready", issuer=self._base)
        tasks = [asyncio.create_task(work) for work in (self._rotate(), self._go_up_and_down())]
        await asyncio.to_thread(sys.stdin.read)
        for task in tasks:
            task.cancel()
        _tell("asked", fetches=[[*asked, times] for asked, times in self._asked.items()])

    async def _rotate(self) -> None:
        began = time.monotonic()
        for number in count(1):
            await _sleep_until(began + number * ROTATE_SECONDS)
            self._publish(PUBLISHED + number)

    def _publish(self, number: int) -> None:
        key = SigningKey(ALGORITHM, f"key-{number}", acquire_private_key(ALGORITHM))
        self._keys.append(key)
        pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _tell("published", kid=key.kid, private=pem.decode())

    async def _go_up_and_down(self) -> None:
        began = time.monotonic()
        for outage in schedule():
            await _sleep_until(began + outage.begins)
            self._outage = outage.kind
            self._up.clear()
            _tell("down", kind=outage.kind)
            await _sleep_until(began + outage.ends)
            self._outage = None
            self._up.set()
            _tell("up")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):  # the client gave up
            client, path = _client_and_path(await reader.readuntil(b"\r\n\r\n"))
            self._asked[client, path] += 1
            if self._outage in ("hang", "reset"):
                await self._abandon(writer)
                return
            writer.write(_response(503, {}) if self._outage else _response(200, self._document(path)))
            await writer.drain()
        writer.close()

    async def _abandon(self, writer: asyncio.StreamWriter) -> None:
        if self._outage == "hang":
            await self._up.wait()
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        writer.transport.abort()

    def _document(self, path: str) -> dict[str, Any]:
        if path == METADATA_PATH:
            return {"issuer": self._base, "jwks_uri": self._base + KEY_SET_PATH}
        return {"keys": [key.jwk() for key in self._keys]}


def _client_and_path(request: bytes) -> tuple[str, str]:
    first, *fields = request.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    return headers.get(CLIENT_HEADER.lower(), ""), first.split(" ")[1]


def _response(status: int, document: dict[str, Any]) -> bytes:
    body = json.dumps(document).encode()
    head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body


async def _sleep_until(moment: float) -> None:
    await asyncio.sleep(max(moment - time.monotonic(), 0.0))


def _tell(event: str, **details: Any) -> None:
    print(json.dumps({"event": event, "at": time.monotonic(), **details}), flush=True)


if __name__ == "__main__":
    asyncio.run(RotatingIssuer().run())
