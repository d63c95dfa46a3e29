"""What can be wrong with a request, as exceptions: one class per kind of answer, one `code` per reason."""

from __future__ import annotations

from authjwks import _core
from authjwks.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeVar

    ErrorT = TypeVar("ErrorT", bound="AuthError")


class AuthError(Exception):
    """Whatever this library raises on purpose.

    `str(error)` is a fixed sentence; no text of a token or of a remote answer is ever part of it.

    Attributes:
        code: the reason as a word that programs may compare, such as "expired" or "unknown_key". Each class has one
            for errors that a source or a view of yours raises; ours name their own.
    """

    code: str = ""


class TokenError(AuthError):
    """The caller has not shown who they are."""

    code = "malformed"


class MissingToken(TokenError):
    """The request carries no bearer token. HTTP 401 with a bare challenge (RFC 6750 §3.1)."""

    code = "missing_token"


class InvalidRequest(TokenError):
    """The credentials cannot be read: none after the scheme, or more than one. HTTP 400 (RFC 6750 §3.1)."""


class InvalidToken(TokenError):
    """The token was judged and refused. HTTP 401."""


class ExpiredToken(InvalidToken):
    """The token was good once: a fresh one may help."""

    code = "expired"


class RevokedToken(InvalidToken):
    """The issuer has taken the token back."""

    code = "revoked"


class Forbidden(AuthError):
    """The caller is known and lacks a right. HTTP 403.

    Attributes:
        scopes: the scopes that the route asks for, sorted; empty when another right is missing.
    """

    code = "forbidden"
    scopes: tuple[str, ...] = ()


class KeysUnavailable(AuthError):
    """The issuer's keys cannot be had, so nothing can be said about the token. HTTP 503.

    Attributes:
        retry_after: seconds after which another try makes sense, at least 1.
    """

    code = "keys_unavailable"
    retry_after: int = 1


class ConfigError(AuthError, ValueError):
    """The service is set up wrong. Raised where it is set up; never the fault of a request."""

    code = "config_error"


_core.register_errors(
    {
        "missing_token": MissingToken,
        "malformed": InvalidToken,
        "too_long": InvalidToken,
        "unsupported_alg": InvalidToken,
        "unknown_key": InvalidToken,
        "bad_signature": InvalidToken,
        "expired": ExpiredToken,
        "not_yet_valid": InvalidToken,
        "wrong_issuer": InvalidToken,
        "wrong_audience": InvalidToken,
        "wrong_type": InvalidToken,
        "claim_missing": InvalidToken,
        "claim_invalid": InvalidToken,
        "revoked": RevokedToken,
        "insufficient_scope": Forbidden,
        "forbidden": Forbidden,
        "keys_unavailable": KeysUnavailable,
    }
)


def refusal(kind: type[ErrorT], stage: str, slug: str) -> ErrorT:
    """An error of `kind` with the sentence of the first row of `_core.ERRORS` for this stage and slug."""
    error = kind(next(row[2] for row in _core.ERRORS if row[:2] == (stage, slug)))
    error.code = slug
    return error
