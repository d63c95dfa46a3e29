"""How a refusal is said in HTTP (RFC 6750 §3); no other module knows a status or a challenge."""

from __future__ import annotations

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


class Answer(NamedTuple):
    """A refusal as an HTTP response.

    Attributes:
        status: 400, 401, 403 or 503.
        headers: `WWW-Authenticate`, or `Retry-After` with 503.
        body: for JSON: `error` (a code of RFC 6750 §3.1, or `temporarily_unavailable`), `code` (the reason's slug)
            and `detail` (its sentence).
    """

    status: int
    headers: dict[str, str]
    body: dict[str, str]


_STATUS_AND_ERROR: Final[tuple[tuple[type[AuthError], int, str], ...]] = (
    (InvalidRequest, 400, "invalid_request"),
    (TokenError, 401, "invalid_token"),
    (Forbidden, 403, "insufficient_scope"),
    (KeysUnavailable, 503, "temporarily_unavailable"),
)


def answer_to(error: AuthError, realm: str | None = None) -> Answer:
    """The response for `error`, whose challenge names `realm`, as `checked_realm` returned it.

    Raises:
        AuthError: `error` itself when it is no refusal of a request, as a ConfigError is not.
    """
    for kind, status, rfc_code in _STATUS_AND_ERROR:
        if isinstance(error, kind):
            sentence = str(error)
            headers = (
                {"Retry-After": str(error.retry_after)}
                if isinstance(error, KeysUnavailable)
                else {"WWW-Authenticate": _challenge(error, rfc_code, sentence, realm)}
            )
            return Answer(status, headers, {"error": rfc_code, "code": error.code, "detail": sentence})
    raise error


def checked_realm(realm: str | None) -> str | None:
    """`realm`, when it can stand in a header.

    Raises:
        ConfigError: when it is empty, or holds anything but printable ASCII without quotes and backslashes.
    """
    if realm is not None and not (isinstance(realm, str) and realm and all(map(_can_be_quoted, realm))):
        raise ConfigError("realm must be printable ASCII without quotes and backslashes")
    return realm


def _challenge(error: AuthError, rfc_code: str, sentence: str, realm: str | None) -> str:
    parameters = {} if realm is None else {"realm": realm}
    if not isinstance(error, MissingToken):
        parameters["error"] = rfc_code
        if sentence and all(map(_can_be_quoted, sentence)):  # our own can; a source may have raised in other words
            parameters["error_description"] = sentence
    if isinstance(error, Forbidden) and error.scopes:
        parameters["scope"] = " ".join(error.scopes)
    return " ".join(("Bearer", ", ".join(f'{name}="{value}"' for name, value in parameters.items()))).rstrip()


def _can_be_quoted(character: str) -> bool:
    return " " <= character <= "~" and character not in '"\\'
