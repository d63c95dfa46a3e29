"""Typed access to the caller whom a guarded view was run for."""

from __future__ import annotations

from typing import Any

from flask import g

from authjwks.errors import ConfigError
from authjwks.principal import Principal, authenticated


def set_principal(principal: Principal | None) -> None:
    """Make this the caller of the current request."""
    g.principal = principal
    g.jwt = None if principal is None else principal.claims


def clear_principal() -> None:
    """The current request has no caller who was admitted."""
    g.pop("principal", None)
    g.pop("jwt", None)


def optional_principal() -> Principal | None:
    """The caller of the current request; None where a view with `require(optional=True)` admitted nobody in particular.

    Raises:
        ConfigError: when the request has passed no guard.
    """
    if "principal" not in g:
        raise ConfigError("no view that requires authentication admitted this request")
    principal: Principal | None = g.principal
    return principal


def current_principal() -> Principal:
    """The caller of the current request.

    Raises:
        ConfigError: when there is none: the request has passed no guard, or came without credentials to a view with
            `require(optional=True)`.
    """
    return authenticated(optional_principal())


def current_claims() -> dict[str, Any]:
    """The claims of `current_principal`. Raises as it does."""
    return current_principal().claims
