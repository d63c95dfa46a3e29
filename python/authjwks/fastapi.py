"""Guards FastAPI routes, HTTP and WebSocket: `Depends(auth.require(...))` gives the caller's claims."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from fastapi import HTTPException, Request, Response, Security, WebSocket, WebSocketException
from fastapi.openapi.models import HTTPBearer
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse
from fastapi.security import OAuth2, SecurityScopes
from starlette.websockets import WebSocketState

from authjwks.challenge import Answer
from authjwks.errors import AuthError
from authjwks.extract import Source, bearer
from authjwks.guard import Guard
from authjwks.principal import ClaimPaths
from authjwks.rules import Requirement, Rule, requirement, scopes
from authjwks.verifier import Verifier

if TYPE_CHECKING:
    from typing_extensions import Unpack

_POLICY_VIOLATION = 1008


class Refused(HTTPException):
    """A refused HTTP request. Register a handler for this class to answer it in another form.

    Attributes:
        answer: the response that is sent otherwise.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status, answer.body["detail"], answer.headers)
        self.answer = answer


class WebSocketRefused(WebSocketException):
    """A refused WebSocket handshake. Register a handler for this class to answer it in another form.

    Attributes:
        answer: the response that is sent where the server can; else the socket is closed with code 1008.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(_POLICY_VIOLATION, answer.body["detail"])
        self.answer = answer


class Auth:
    """Makes dependencies that admit the callers whom a verifier knows.

    Args:
        verifier, claims, source, realm: as for `authjwks.guard.Guard`.
        scheme_name: the security scheme's name in the OpenAPI document.

    Raises:
        ConfigError: as `authjwks.guard.Guard` does.
    """

    def __init__(
        self,
        verifier: Verifier,
        *,
        claims: ClaimPaths = ClaimPaths(),
        source: Source = bearer(),
        realm: str | None = None,
        scheme_name: str = "bearerAuth",
    ) -> None:
        self._guard = Guard(verifier, source=source, claims=claims, realm=realm)
        self._scheme_name = scheme_name

    def require(self, *misplaced: object, **asked: "Unpack[Requirement]") -> Callable[..., Awaitable[dict[str, Any]]]:
        """A dependency for `Depends` or `Security` that gives the claims; the caller is `request.state.principal`.

        Scopes named by `Security(..., scopes=[...])`, here or further out, are required as well, all of them.

        Args:
            asked: the keywords of `authjwks.rules.requirement`; none of them asks for a good token only.

        Raises:
            ConfigError: when a requirement is empty or illegal; and per request, when a scope of `Security` is.
            Refused: per HTTP request that is refused, with 400, 401, 403 or 503.
            WebSocketRefused: per WebSocket that is refused.
        """
        rules = requirement(*misplaced, **asked)
        admission = _Admission(self._guard, self._scheme_name, rules)
        required = [rule for rule in rules if rule.right == "scopes" and rule.require_all]
        documented = [scope for rule in required for scope in sorted(rule.wanted)]
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

    def __init__(self, guard: Guard, scheme_name: str, rules: tuple[Rule, ...]) -> None:
        super().__init__(scheme_name)
        self._guard = guard
        self._rules = rules

    async def __call__(  # type: ignore[override]
        self, connection: HTTPConnection, security: SecurityScopes
    ) -> dict[str, Any]:
        rules = (scopes(*security.scopes), *self._rules) if security.scopes else self._rules
        try:
            principal = await self._guard.admit_async(connection.headers.getlist, rules)
        except AuthError as error:
            _teach_answers(connection)
            answer = self._guard.answer_to(error)
            raise (WebSocketRefused if connection.scope["type"] == "websocket" else Refused)(answer) from None
        connection.state.principal = principal
        return principal.claims


def _documenting(admission: _Admission, names: list[str]) -> Callable[..., Awaitable[dict[str, Any]]]:
    """The same dependency, with scopes for the OpenAPI document to list."""

    async def admit(
        connection: HTTPConnection,
        security: SecurityScopes,
        _: None = Security(_BearerScheme(admission.scheme_name), scopes=names),
    ) -> dict[str, Any]:
        return await admission(connection, security)

    return admit


def _teach_answers(connection: HTTPConnection) -> None:
    """Let the app answer refusals in our form, unless it has handlers for them already."""
    handlers, _ = connection.scope.get("starlette.exception_handlers", ({}, {}))
    handlers.setdefault(Refused, _answer_request)
    handlers.setdefault(WebSocketRefused, _answer_websocket)


async def _answer_request(_: Request, refused: Refused) -> Response:
    return _response(refused.answer)


async def _answer_websocket(websocket: WebSocket, refused: WebSocketRefused) -> None:
    can_respond = "websocket.http.response" in (websocket.scope.get("extensions") or {})
    if can_respond and websocket.application_state is WebSocketState.CONNECTING:
        await websocket.send_denial_response(_response(refused.answer))
    else:
        await websocket.close(refused.code, refused.reason)


def _response(answer: Answer) -> Response:
    return JSONResponse(answer.body, answer.status, answer.headers)
