"""Where a request carries its token."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from authjwks.errors import InvalidRequest, MissingToken, refusal

Headers = Callable[[str], Sequence[str]]
"""All values of the header of a name, looked up without regard to case; empty when it was not sent."""

Source = Callable[[Headers], str]
"""Takes the token out of a request's headers, or raises MissingToken or InvalidRequest."""


def bearer() -> Source:
    """Take the token from `Authorization: Bearer TOKEN` (RFC 6750 §2.1); the scheme's case does not matter.

    The source raises MissingToken when there is no such header or it is of another scheme, and InvalidRequest when
    there are several, or when not exactly one word follows the scheme.
    """

    def take(headers: Headers) -> str:
        values = headers("Authorization")
        if len(values) > 1:
            raise refusal(InvalidRequest, "request", "malformed")
        scheme, _, token = (values[0] if values else "").strip(" \t").partition(" ")
        if scheme.lower() != "bearer":
            raise refusal(MissingToken, "request", "missing_token")
        token = token.lstrip(" ")
        if not token or " " in token or "\t" in token:
            raise refusal(InvalidRequest, "request", "malformed")
        return token

    return take
