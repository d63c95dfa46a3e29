"""Where a request carries its token."""

from __future__ import annotations

import re
from typing import Protocol

from authjwks.errors import InvalidRequest, error_for
from authjwks.request import Request

_FURTHER_BEARER = re.compile(r",\s*bearer(\s|$)", re.IGNORECASE)


class TokenExtractor(Protocol):
    """Takes the token out of a request. Any function of this form will do."""

    def __call__(self, request: Request, /) -> str | None:
        """The token; None when the request carries none.

        Raises:
            InvalidRequest: when it is not clear which token counts, or the credentials cannot be read.
        """


def bearer() -> TokenExtractor:
    """Take the token from `Authorization: Bearer TOKEN` (RFC 6750 §2.1); the scheme's case does not matter.

    There is no token when there is no such header or it is of another scheme. The extractor raises InvalidRequest when
    exactly one word does not follow the scheme, and when there are more credentials beside a bearer token, in the same
    header or another.
    """
    return _bearer_token


def _bearer_token(request: Request) -> str | None:
    # As one field (RFC 9110 §5.3), which is how a WSGI server hands two of them over.
    field = ",".join(request.headers("Authorization"))
    scheme, _, token = field.strip(" \t").partition(" ")
    if scheme.lower() != "bearer":
        if _FURTHER_BEARER.search(field):
            raise error_for(InvalidRequest, "request", "malformed")
        return None
    token = token.lstrip(" ")
    if not token or any(mark in token for mark in " \t,"):
        raise error_for(InvalidRequest, "request", "malformed")
    return token
