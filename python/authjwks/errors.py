"""What can be wrong with a request, as exceptions: one class per kind of answer, one `code` per reason."""

from __future__ import annotations

import authjwks._core as _core

TYPE_CHECKING = False  # as `typing` has it, whose import would take longer than ours
if TYPE_CHECKING:
    from typing import TypeVar

    from authjwks.fetch_failure import FetchFailure

    ErrorT = TypeVar("ErrorT", bound="AuthError")


class AuthError(Exception):
    """The base of every error that this library raises on purpose.

    `str(error)` is a fixed sentence; no text of a token or of a remote answer is ever part of it.

    Attributes:
        code: the reason as a word that programs may compare, such as "expired" or "unknown_key". Each class has a
            default, for errors that a token extractor, a check or a view of yours raises.
        scheme: the authentication scheme (RFC 9110 §11.1) of the credentials that were refused; None when the error
            was not raised while credentials of one were judged.
        claim: the name of the claim because of which the token was refused: one that the configuration names or that
            RFC 7519 §4.1 registers, so it is never a token's own text; None when the reason is no single claim.
    """

    code: str = ""
    scheme: str | None = None
    claim: str | None = None


class TokenError(AuthError):
    """The caller is not authenticated."""

    code = "malformed"


class MissingToken(TokenError):
    """The request carries no bearer token. HTTP 401 with a bare challenge (RFC 6750 §3.1)."""

    code = "missing_token"


class InvalidRequest(TokenError):
    """The credentials cannot be read: none after the scheme, or more than one. HTTP 400 (RFC 6750 §3.1)."""


class InvalidToken(TokenError):
    """The token was checked and refused. HTTP 401."""


class ExpiredToken(InvalidToken):
    """The token was valid once: a new one of the same kind would be accepted."""

    code = "expired"


class RevokedToken(InvalidToken):
    """The issuer has revoked the token."""

    code = "revoked"


class Forbidden(AuthError):
    """The caller is authenticated and lacks a right. HTTP 403.

    Attributes:
        scopes: the scopes that the route asks for, sorted; empty when another right is missing.
    """

    code = "forbidden"
    scopes: tuple[str, ...] = ()


class KeysUnavailable(AuthError):
    """The issuer's keys are not available, so the token can neither be accepted nor refused. HTTP 503.

    Attributes:
        retry_after: seconds after which another try makes sense, at least 1.
        failure: why, where `Verifier.prefetch` or `Verifier.refresh` raised it and the issuer was asked. It is for
            those who run the service: no answer may hold it.
    """

    code = "keys_unavailable"
    retry_after: int = 1
    failure: FetchFailure | None = None


class ConfigError(AuthError, ValueError):
    """The service is configured wrongly. Raised where it is configured; never caused by a request."""

    code = "config_error"


_core.register_errors(
    {
        "missing_token": MissingToken,
        "malformed": InvalidToken,
        "too_long": InvalidToken,
        "unsupported_alg": InvalidToken,
        "unknown_key": InvalidToken,
        "unusable_key": InvalidToken,
        "bad_signature": InvalidToken,
        "expired": ExpiredToken,
        "not_yet_valid": InvalidToken,
        "wrong_issuer": InvalidToken,
        "wrong_audience": InvalidToken,
        "wrong_type": InvalidToken,
        "claim_missing": InvalidToken,
        "claim_invalid": InvalidToken,
        "bound_token": InvalidToken,
        "revoked": RevokedToken,
        "insufficient_scope": Forbidden,
        "forbidden": Forbidden,
        "keys_unavailable": KeysUnavailable,
    }
)


def error_for(kind: type[ErrorT], stage: str, slug: str) -> ErrorT:
    """An error of `kind` with the sentence of the first row of `_core.ERRORS` for this stage and slug."""
    error = kind(next(row[2] for row in _core.ERRORS if row[:2] == (stage, slug)))
    error.code = slug
    return error
