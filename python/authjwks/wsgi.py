"""Requests of WSGI servers (PEP 3333), under Flask and every other framework for these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from wsgiref.util import request_uri

from authjwks.request import RequestValues

_UNPREFIXED = {"CONTENT_TYPE", "CONTENT_LENGTH"}


class WsgiRequest(RequestValues):
    """A `Request` in a WSGI environment. Servers join the values of a header that was sent twice by ","."""

    __slots__ = ("_environ",)

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ

    @property
    def method(self) -> str:
        return str(self._environ["REQUEST_METHOD"])

    @property
    def url(self) -> str:
        return request_uri(self._environ)

    @property
    def client_certificate(self) -> str | None:
        """From SSL_CLIENT_CERT, as mod_ssl and others name it."""
        return self._environ.get("SSL_CLIENT_CERT") or None

    def headers(self, name: str) -> Sequence[str]:
        key = name.upper().replace("-", "_")
        value = self._environ.get(key if key in _UNPREFIXED else f"HTTP_{key}")
        return () if value is None else (value,)
