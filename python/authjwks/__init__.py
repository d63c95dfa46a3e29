"""Verifies bearer tokens: a native core finds the issuer's keys and checks signature and claims.

Frameworks have their own modules: `authjwks.flask`, `authjwks.fastapi` and `authjwks.strawberry`.
"""

from authjwks._core import __version__, versions
from authjwks.errors import (
    AuthError,
    ConfigError,
    ExpiredToken,
    Forbidden,
    InvalidRequest,
    InvalidToken,
    KeysUnavailable,
    MissingToken,
    RevokedToken,
    TokenError,
)
from authjwks.fetch_failure import FetchFailure
from authjwks.http_options import HttpOptions
from authjwks.keys.events import Event
from authjwks.keys.health import Health, IssuerHealth, SkippedKey, TokenCacheHealth
from authjwks.options import ANY, KeyOptions, TokenCacheOptions
from authjwks.principal import ClaimPaths, Principal
from authjwks.telemetry.verdicts import Verdict
from authjwks.verifier import Verifier

__all__ = [
    "ANY",
    "AuthError",
    "ClaimPaths",
    "ConfigError",
    "Event",
    "ExpiredToken",
    "FetchFailure",
    "Forbidden",
    "Health",
    "HttpOptions",
    "InvalidRequest",
    "InvalidToken",
    "IssuerHealth",
    "KeyOptions",
    "KeysUnavailable",
    "MissingToken",
    "Principal",
    "RevokedToken",
    "SkippedKey",
    "TokenCacheHealth",
    "TokenCacheOptions",
    "TokenError",
    "Verdict",
    "Verifier",
    "__version__",
    "versions",
]
