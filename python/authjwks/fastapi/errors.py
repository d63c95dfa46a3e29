"""Errors as FastAPI raises and answers them, for HTTP requests and WebSocket handshakes."""

from fastapi import HTTPException, Response, WebSocket, WebSocketException
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse
from starlette.websockets import WebSocketState

from authjwks.challenge import ErrorResponse

_POLICY_VIOLATION = 1008


class Refused(HTTPException):
    """A refused HTTP request. Register a handler for this class to answer it in another form.

    Attributes:
        response: the response that is sent otherwise.
    """

    def __init__(self, response: ErrorResponse) -> None:
        super().__init__(response.status, response.body["detail"], response.joined_headers())
        self.response = response


class WebSocketRefused(WebSocketException):
    """A refused WebSocket handshake. Register a handler for this class to answer it in another form.

    Attributes:
        response: the response that is sent where the server can; else the socket is closed with code 1008.
    """

    def __init__(self, response: ErrorResponse) -> None:
        super().__init__(_POLICY_VIOLATION, response.body["detail"])
        self.response = response


def refused(connection: HTTPConnection, response: ErrorResponse) -> Refused | WebSocketRefused:
    """The exception to raise, once the app knows how to answer it unless it has handlers for it already."""
    handlers, _ = connection.scope.get("starlette.exception_handlers", ({}, {}))
    handlers.setdefault(Refused, _handle_refused)
    handlers.setdefault(WebSocketRefused, _handle_refused)
    return WebSocketRefused(response) if connection.scope["type"] == "websocket" else Refused(response)


async def answer(connection: HTTPConnection, response: ErrorResponse) -> Response | None:
    """Send an error on a WebSocket; for a request, the response to return."""
    if not isinstance(connection, WebSocket):
        return _json_response(response)
    can_respond = "websocket.http.response" in (connection.scope.get("extensions") or {})
    if can_respond and connection.application_state is WebSocketState.CONNECTING:
        await connection.send_denial_response(_json_response(response))
    else:
        await connection.close(_POLICY_VIOLATION, response.body["detail"])
    return None


async def _handle_refused(connection: HTTPConnection, error: Refused | WebSocketRefused) -> Response | None:
    return await answer(connection, error.response)


def _json_response(error: ErrorResponse) -> Response:
    response = JSONResponse(error.body, error.status)
    for name, value in error.headers:
        response.headers.append(name, value)
    return response
