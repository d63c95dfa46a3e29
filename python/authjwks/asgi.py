"""Requests of ASGI servers, HTTP and WebSocket, under FastAPI, Starlette and every other framework for these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from authjwks.request import RequestValues


class AsgiRequest(RequestValues):
    """A `Request` in an ASGI connection scope."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self._scope = scope

    @property
    def method(self) -> str:
        return str(self._scope.get("method", "GET"))

    @property
    def url(self) -> str:
        scope = self._scope
        host = next(iter(self.headers("Host")), None)
        if host is None:
            name, port = scope.get("server") or ("localhost", None)
            host = name if port is None else f"{name}:{port}"
        path = scope.get("raw_path") or quote(scope["path"], safe="/:@!$&'()*+,;=~").encode()
        query = scope.get("query_string", b"")
        target = path.partition(b"?")[0] + (b"?" + query if query else b"")
        return f"{scope.get('scheme', 'http')}://{host}{target.decode('latin-1')}"

    @property
    def client_certificate(self) -> str | None:
        """From the TLS extension of ASGI."""
        tls = (self._scope.get("extensions") or {}).get("tls") or {}
        return next(iter(tls.get("client_cert_chain") or ()), None)

    def headers(self, name: str) -> Sequence[str]:
        wanted = name.lower().encode("latin-1")
        return [value.decode("latin-1") for key, value in self._scope["headers"] if key == wanted]
