"""Typed access to the caller whom a guarded field was resolved for."""

from typing import Any

from strawberry.types import Info

from authjwks.errors import ConfigError
from authjwks.principal import Principal, authenticated
from authjwks.strawberry.context import state_of

_KEY = "authjwks.principal"
_ABSENT = object()


def set_principal(info: Info[Any, Any], principal: Principal | None) -> None:
    """Make this the caller of the field, whose `info` goes to its resolver and no further, and of its request."""
    vars(info)[_KEY] = state_of(info)[_KEY] = principal


def optional_principal(info: Info[Any, Any]) -> Principal | None:
    """The caller whom this field admitted; in an unguarded field, the one whom another of this request did, the latest.

    None where `require(optional=True)` admitted nobody in particular.

    Raises:
        ConfigError: when no guarded field did, or the context holds no request.
    """
    principal = vars(info).get(_KEY, _ABSENT)
    if principal is _ABSENT:
        principal = state_of(info).get(_KEY, _ABSENT)
    if principal is not None and not isinstance(principal, Principal):
        raise ConfigError("no field that requires authentication admitted this request")
    return principal


def current_principal(info: Info[Any, Any]) -> Principal:
    """As `optional_principal`, where there is a caller.

    Raises:
        ConfigError: as `optional_principal` does, and when it is None.
    """
    return authenticated(optional_principal(info))


def current_claims(info: Info[Any, Any]) -> dict[str, Any]:
    """The claims of `current_principal`. Raises as it does."""
    return current_principal(info).claims
