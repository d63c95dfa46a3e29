"""Asks a guarded app as its callers would, over HTTP, WebSocket and GraphQL, and reads the answer."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple

from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

_SECONDS = 10.0
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Seen(NamedTuple):
    """An answer, as far as the demo looks: its status, the refusal's code or the caller's name, and the challenge."""

    status: int
    says: str
    challenge: str


def ask_http(address: str, headers: Mapping[str, str]) -> Seen:
    """GET /posts."""
    return _read(*_send(urllib.request.Request(f"http://{address}/posts", headers=dict(headers))))


def ask_graphql(address: str, headers: Mapping[str, str]) -> Seen:
    """Query `{ posts }`. A refusal's status and headers are those in the error's extensions: GraphQL sends 200."""
    question = urllib.request.Request(
        f"http://{address}/", b'{"query": "{ posts }"}', {"Content-Type": "application/json", **headers}
    )
    status, _, body = _send(question)
    if "errors" not in body:
        return _read(status, {}, {"user": (body.get("data") or {}).get("posts")})
    refusal = body["errors"][0].get("extensions", {})
    http = refusal.get("http", {})
    return _read(http.get("status", status), http.get("headers", {}), refusal)


def ask_websocket(address: str, headers: Mapping[str, str]) -> Seen:
    """Open the WebSocket /posts and take one message; a refusal is the answer to the handshake."""
    host, _, port = address.partition(":")
    connection = socket.create_connection((host, int(port)), _SECONDS)
    try:
        with connect(f"ws://{address}/posts", sock=connection, additional_headers=dict(headers)) as websocket:
            return _read(101, {}, json.loads(websocket.recv(_SECONDS)))
    except InvalidStatus as refused:
        return _read(refused.response.status_code, refused.response.headers, _decoded(refused.response.body or b""))


def _send(question: urllib.request.Request) -> tuple[int, Mapping[str, str], dict[str, Any]]:
    try:
        answer = _direct.open(question, timeout=_SECONDS)
    except urllib.error.HTTPError as refused:
        answer = refused
    with answer:
        return answer.status, answer.headers, _decoded(answer.read())


def _decoded(body: bytes | bytearray) -> dict[str, Any]:
    """The JSON object in a body; empty for a crashed app's page, which then shows as an unexpected answer."""
    try:
        decoded = json.loads(body)
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _read(status: int, headers: Mapping[str, str], body: Mapping[str, Any]) -> Seen:
    challenge = headers.get("WWW-Authenticate", "").partition(", error_description=")[0]
    return Seen(status, str(body.get("user") or body.get("code")), challenge)
