"""Typed access to the caller whom a guarded route was run for."""

from typing import Any

from fastapi.requests import HTTPConnection

from authjwks.errors import ConfigError
from authjwks.principal import Principal, authenticated


def optional_principal(connection: HTTPConnection) -> Principal | None:
    """The caller of a request or WebSocket; None where `require(optional=True)` admitted nobody in particular.

    May be a dependency itself, below one of `require`.

    Raises:
        ConfigError: when the request has passed no guard.
    """
    if not hasattr(connection.state, "principal"):
        raise ConfigError("no route that requires authentication admitted this request")
    principal: Principal | None = connection.state.principal
    return principal


def current_principal(connection: HTTPConnection) -> Principal:
    """The caller of a request or WebSocket. May be a dependency itself, below one of `require`.

    Raises:
        ConfigError: when there is none: the request has passed no guard, or came without credentials to a route with
            `require(optional=True)`.
    """
    return authenticated(optional_principal(connection))


def current_claims(connection: HTTPConnection) -> dict[str, Any]:
    """The claims of `current_principal`. Raises as it does."""
    return current_principal(connection).claims
