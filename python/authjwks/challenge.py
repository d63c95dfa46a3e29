"""How an error is answered in HTTP (RFC 6750 §3, RFC 9110 §11.6); no other module knows a status or a challenge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from authjwks.errors import (
    AuthError,
    ConfigError,
    Forbidden,
    InvalidRequest,
    KeysUnavailable,
    MissingToken,
    TokenError,
)


class ErrorResponse(NamedTuple):
    """An error as an HTTP response.

    Attributes:
        status: 400, 401, 403 or 503.
        headers: pairs of name and value: one `WWW-Authenticate` for each scheme, or `Retry-After` with 503.
        body: for JSON: `error` (a code of RFC 6750 §3.1, or `temporarily_unavailable`), `code` (the reason's slug)
            and `detail` (its sentence); `claim` as well, when a claim is the reason (its name).
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: dict[str, str]

    def joined_headers(self) -> dict[str, str]:
        """The headers for what takes a mapping: values of one name as one field, joined by ", " (RFC 9110 §5.3)."""
        joined: dict[str, str] = {}
        for name, value in self.headers:
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
        return joined


_STATUS_AND_ERROR: Final[tuple[tuple[type[AuthError], int, str], ...]] = (
    (InvalidRequest, 400, "invalid_request"),
    (TokenError, 401, "invalid_token"),
    (Forbidden, 403, "insufficient_scope"),
    (KeysUnavailable, 503, "temporarily_unavailable"),
)


def error_response(error: AuthError, schemes: Sequence[str] = ("Bearer",), realm: str | None = None) -> ErrorResponse:
    """The response for `error`.

    Args:
        error: raised for a request.
        schemes: the authentication schemes that the route accepts, each challenged; the error is explained in the
            challenge of the scheme that raised it, or in the first.
        realm: named in every challenge, as `checked_realm` returned it.

    Raises:
        AuthError: `error` itself when no request causes it, as is the case for a ConfigError.
    """
    for kind, status, rfc_code in _STATUS_AND_ERROR:
        if isinstance(error, kind):
            body = {"error": rfc_code, "code": error.code, "detail": str(error)}
            if error.claim is not None:
                body["claim"] = error.claim
            if isinstance(error, KeysUnavailable):
                return ErrorResponse(status, (("Retry-After", str(error.retry_after)),), body)
            explained = error.scheme if error.scheme in schemes else schemes[0]
            challenges = (
                _challenge(scheme, realm, _explanation(error, rfc_code) if scheme == explained else {})
                for scheme in dict.fromkeys(schemes)
            )
            return ErrorResponse(status, tuple(("WWW-Authenticate", challenge) for challenge in challenges), body)
    raise error


def checked_realm(realm: str | None) -> str | None:
    """`realm`, when it can stand in a header.

    Raises:
        ConfigError: when it is empty, or holds anything but printable ASCII without quotes and backslashes.
    """
    if realm is not None and not (isinstance(realm, str) and realm and all(map(_can_be_quoted, realm))):
        raise ConfigError("realm must be printable ASCII without quotes and backslashes")
    return realm


def _challenge(scheme: str, realm: str | None, explanation: dict[str, str]) -> str:
    parameters = explanation if realm is None else {"realm": realm, **explanation}
    return " ".join((scheme, ", ".join(f'{name}="{value}"' for name, value in parameters.items()))).rstrip()


def _explanation(error: AuthError, rfc_code: str) -> dict[str, str]:
    if isinstance(error, MissingToken):
        return {}
    sentence = str(error)
    parameters = {"error": rfc_code}
    if sentence and all(map(_can_be_quoted, sentence)):  # ours can; the user's code may have raised another
        parameters["error_description"] = sentence
    if isinstance(error, Forbidden) and error.scopes:
        parameters["scope"] = " ".join(error.scopes)
    return parameters


def _can_be_quoted(character: str) -> bool:
    return " " <= character <= "~" and character not in '"\\'
