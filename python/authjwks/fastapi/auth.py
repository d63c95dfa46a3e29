"""The dependencies that guard FastAPI routes."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Response, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.requests import HTTPConnection
from fastapi.security import OAuth2, SecurityScopes

from authjwks.asgi import AsgiRequest
from authjwks.authenticators import TokenVerifier
from authjwks.errors import AuthError
from authjwks.fastapi.errors import answer, refused
from authjwks.guard import Guard
from authjwks.requirement import Requirement, RequireMixin
from authjwks.rules import scopes

Dependency = Callable[..., Awaitable[dict[str, Any] | None]]


class Auth(RequireMixin[Dependency]):
    """Makes dependencies that admit the callers whom its guard admits.

    `require` returns a dependency for `Depends` or `Security` that gives the claims, or None for a caller without
    credentials where these are optional; the caller is `current_principal(request)`. Scopes named by
    `Security(..., scopes=[...])`, here or further out, are required as well, all of them. Per request it raises
    `Refused`, per WebSocket `WebSocketRefused`, answered with 400, 401, 403 or 503; and ConfigError when a scope of
    `Security` is illegal.

    Args:
        guard: a verifier, or an `authjwks.guard.Guard` for other options than its defaults.
        scheme_name: the security scheme's name in the OpenAPI document.

    Raises:
        ConfigError: as `authjwks.guard.Guard` does.
    """

    def __init__(self, guard: Guard | TokenVerifier, *, scheme_name: str = "bearerAuth") -> None:
        self._guard = Guard.of(guard)
        self._scheme_name = scheme_name

    async def handle_error(self, connection: HTTPConnection, error: AuthError) -> Response | None:
        """Answer an `AuthError` that a route or a dependency of yours raises, in the form of all refusals:
        `app.add_exception_handler(AuthError, auth.handle_error)`.

        Raises:
            AuthError: `error` itself when no request causes it, as is the case for a ConfigError.
        """
        return await answer(connection, self._guard.error_response(error))

    def _guarded(self, requirement: Requirement) -> Dependency:
        admission = _Admission(self._guard, self._scheme_name, requirement)
        documented = [scope for rule in requirement.rules for scope in rule.scopes]
        return _documenting(admission, documented) if documented else admission


class _BearerScheme(OAuth2):
    """Stands in a route's dependencies for the OpenAPI document to find, and does nothing itself.

    It is an http scheme by its model; by its class it is an OAuth2, as FastAPI before 0.124 lists scopes of no other.
    """

    def __init__(self, name: str) -> None:
        self.model = HTTPBearer(bearerFormat="JWT")
        self.scheme_name = name

    async def __call__(self) -> None:  # type: ignore[override]
        return None


class _Admission(_BearerScheme):
    """The dependency itself; being the scheme as well saves FastAPI the solving of another."""

    def __init__(self, guard: Guard, scheme_name: str, requirement: Requirement) -> None:
        super().__init__(scheme_name)
        self._guard = guard
        self._rules, self._optional = requirement

    async def __call__(  # type: ignore[override]
        self, connection: HTTPConnection, security: SecurityScopes
    ) -> dict[str, Any] | None:
        rules = (scopes(*security.scopes), *self._rules) if security.scopes else self._rules
        request = AsgiRequest(connection.scope)
        try:
            principal = await self._guard.admit_async(request, rules, optional=self._optional)
        except AuthError as error:
            raise refused(connection, self._guard.error_response(error)) from None
        connection.state.principal = principal
        return None if principal is None else principal.claims


def _documenting(admission: _Admission, names: list[str]) -> Dependency:
    """The same dependency, with scopes for the OpenAPI document to list."""

    async def admit(
        connection: HTTPConnection,
        security: SecurityScopes,
        _: None = Security(_BearerScheme(admission.scheme_name), scopes=names),
    ) -> dict[str, Any] | None:
        return await admission(connection, security)

    return admit
