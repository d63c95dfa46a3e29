"""Trust a bearer token: its keys are found, its signature and claims checked by a native core.

Frameworks have their own modules: `authjwks.flask`, `authjwks.fastapi` and `authjwks.strawberry`.
"""

from authjwks._core import __version__
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
from authjwks.events import Event
from authjwks.health import Health, IssuerHealth, TokenCacheHealth
from authjwks.options import HttpOptions, KeyOptions, TokenCacheOptions
from authjwks.principal import ClaimPaths, Principal
from authjwks.trust import ANY
from authjwks.verifier import Verifier

__all__ = [
    "ANY",
    "AuthError",
    "ClaimPaths",
    "ConfigError",
    "Event",
    "ExpiredToken",
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
    "TokenCacheHealth",
    "TokenCacheOptions",
    "TokenError",
    "Verifier",
    "__version__",
]
