"""Finds the request in a GraphQL execution context, of the servers that Strawberry runs on."""

from collections.abc import MutableMapping
from typing import Any

from strawberry.types import Info

from authjwks.asgi import AsgiRequest
from authjwks.errors import ConfigError
from authjwks.request import Request
from authjwks.wsgi import WsgiRequest


def request_of(info: Info[Any, Any]) -> Request:
    """The request or WebSocket handshake that an operation came with.

    Raises:
        ConfigError: when the context holds neither.
    """
    request = _framework_request(info)
    return AsgiRequest(request.scope) if hasattr(request, "scope") else WsgiRequest(request.environ)


def state_of(info: Info[Any, Any]) -> MutableMapping[str, Any]:
    """What lives as long as the request: the ASGI scope, or the WSGI environment. Raises as `request_of` does."""
    request = _framework_request(info)
    state: MutableMapping[str, Any] = request.scope if hasattr(request, "scope") else request.environ
    return state


def _framework_request(info: Info[Any, Any]) -> Any:
    context = info.context
    for name in ("request", "ws"):
        request = context.get(name) if isinstance(context, dict) else getattr(context, name, None)
        if hasattr(request, "scope") or hasattr(request, "environ"):
            return request
    raise ConfigError("the GraphQL context holds no request")
