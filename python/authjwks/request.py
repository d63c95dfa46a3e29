"""What a guard may read of a request, whichever framework received it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import parse_qs, urlsplit


class Request(Protocol):
    """A read-only view of an HTTP request or a WebSocket handshake. Nothing is read before it is asked for.

    Names of headers are looked up without regard to case. Every value of a name is returned, so that no caller can
    decide which of two counts.
    """

    @property
    def method(self) -> str:
        """The HTTP method in capitals; "GET" for a WebSocket handshake (RFC 6455 §4.1)."""

    @property
    def url(self) -> str:
        """The absolute URL that was requested, as the server knows it."""

    @property
    def client_certificate(self) -> str | None:
        """The certificate that the client proved on this TLS connection, in PEM, where the server passes it on.

        Never taken from a header, which any client can send.
        """

    def headers(self, name: str) -> Sequence[str]:
        """All values of a header; empty when it was not sent."""

    def cookie(self, name: str) -> Sequence[str]:
        """All values of a cookie (RFC 6265 §4.2.1)."""

    def query(self, name: str) -> Sequence[str]:
        """All values of a query parameter (application/x-www-form-urlencoded)."""


class RequestValues:
    """Reads cookies and query parameters for the adapters of each framework."""

    __slots__ = ()

    def cookie(self: Request, name: str) -> Sequence[str]:
        """All values of a cookie (RFC 6265 §4.2.1)."""
        pairs = (pair.strip().partition("=") for header in self.headers("Cookie") for pair in header.split(";"))
        return tuple(value for key, _, value in pairs if key == name)

    def query(self: Request, name: str) -> Sequence[str]:
        """All values of a query parameter (application/x-www-form-urlencoded)."""
        return parse_qs(urlsplit(self.url).query, keep_blank_values=True).get(name, ())
