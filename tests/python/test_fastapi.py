"""FastAPI routes behind `Depends(auth.require())`, HTTP and WebSocket, with real tokens."""

import asyncio
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Security, WebSocket
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse
from fastapi.security import SecurityScopes
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from authjwks import AuthError, ConfigError, Forbidden, KeysUnavailable, MissingToken, Principal
from authjwks.fastapi import (
    Auth,
    Refused,
    WebSocketRefused,
    current_claims,
    current_principal,
    optional_principal,
)
from authjwks.guard import Guard
from authjwks.rules import roles, scopes

RIGHTS = {"roles": ["editor"], "scopes": ["read:posts"]}


@pytest.fixture
def auth(verifier):
    return Auth(verifier)


def app_with(auth, **required):
    """An app with a guarded route of each kind, which all say who calls."""
    app = FastAPI()
    guard = auth.require(**required)

    @app.get("/async")
    async def asynchronous(claims: Annotated[dict[str, Any], Depends(guard)]):
        return {"user": claims["sub"]}

    @app.get("/plain")
    def plain(request: Request, claims: dict[str, Any] = Depends(guard)):
        return {"user": request.state.principal.subject}

    @app.get("/route", dependencies=[Depends(guard)])
    async def by_route(request: Request):
        return {"user": request.state.principal.subject}

    @app.websocket("/socket")
    async def socket(websocket: WebSocket, claims: dict[str, Any] = Depends(guard)):
        await websocket.accept()
        await websocket.send_json({"user": claims["sub"]})
        await websocket.close()

    return app


class WithoutDenials:
    """A server that cannot answer a handshake with a response of its own (no `websocket.http.response`)."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app({**scope, "extensions": None}, receive, send)


def call(app, header):
    """The status, headers and body for GET /async with these bytes for a header, as a server would hand them over."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/async",
        "raw_path": b"/async",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"authorization", header)],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], sent[0]["headers"], b"".join(message.get("body", b"") for message in sent)


def close_code(client, headers):
    """The code that a socket is closed with before it was accepted, without an answer over HTTP."""
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/socket", headers=headers):
        pass
    assert not isinstance(closed.value, WebSocketDenialResponse)
    return closed.value.code


PATHS = pytest.mark.parametrize("path", ["/async", "/plain", "/route"])


@PATHS
@pytest.mark.parametrize("required", [{}, RIGHTS], ids=["authentication", "rights"])
def test_guarded_route_knows_the_caller(auth, good, path, required):
    answer = TestClient(app_with(auth, **required)).get(path, headers=good)

    assert (answer.status_code, answer.json()) == (200, {"user": "user-1"})


def test_guarded_socket_knows_the_caller(auth, good):
    with TestClient(app_with(auth, **RIGHTS)).websocket_connect("/socket", headers=good) as socket:
        assert socket.receive_json() == {"user": "user-1"}


def test_refused_route_answers_as_in_rfc_6750(auth, refusal):
    answer = TestClient(app_with(auth, **RIGHTS)).get("/async", headers=refusal.headers)

    sentence = answer.json()["detail"]
    assert answer.status_code == refusal.status
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == refusal.body(sentence)
    assert answer.headers.get_list("WWW-Authenticate") == [refusal.challenge(sentence)]


def test_refused_socket_answers_its_handshake_as_in_rfc_6750(auth, refusal):
    client = TestClient(app_with(auth, **RIGHTS))

    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/socket", headers=refusal.headers):
        pass

    sentence = denied.value.json()["detail"]
    assert denied.value.status_code == refusal.status
    assert denied.value.json() == refusal.body(sentence)
    assert denied.value.headers.get_list("WWW-Authenticate") == [refusal.challenge(sentence)]


def test_refused_socket_is_closed_with_1008_if_its_server_cannot_deny(auth, refusal):
    client = TestClient(WithoutDenials(app_with(auth, **RIGHTS)))

    assert close_code(client, refusal.headers) == 1008


@PATHS
def test_every_kind_of_route_refuses_a_call_without_a_token(auth, path):
    assert TestClient(app_with(auth)).get(path).status_code == 401


def test_outage_answers_503_with_retry_after(cold_verifier, issuer, good):
    client = TestClient(app_with(Auth(cold_verifier)))

    with issuer.outage():
        answer = client.get("/async", headers=good)
        with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/socket", headers=good):
            pass

    for refused in (answer, denied.value):
        assert (refused.status_code, refused.json()["code"]) == (503, "keys_unavailable")
        assert int(refused.headers["Retry-After"]) >= 1
        assert "WWW-Authenticate" not in refused.headers


def test_hostile_header_gets_400_or_401_and_no_echo(auth, hostile_header):
    status, headers, body = call(app_with(auth), hostile_header)

    assert status in {400, 401}
    assert b"X-Evil" not in b"".join(name + value for name, value in headers)
    assert hostile_header.removeprefix(b"Bearer ")[:8] not in body


def test_two_authorization_headers_get_400(auth, good):
    answer = TestClient(app_with(auth)).get("/async", headers=[*good.items(), *good.items()])

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(("held", "status"), [("a b c", 200), ("a b", 403), ("b c", 403), ("a c", 403), ("", 403)])
def test_scopes_from_all_three_places_are_required(auth, issuer, held, status):
    app = FastAPI()

    async def user(claims: Annotated[dict[str, Any], Security(auth.require(scopes="a"), scopes=["b"])]):
        return claims["sub"]

    @app.get("/")
    async def route(name: Annotated[str, Security(user, scopes=["c"])]):
        return name

    answer = TestClient(app).get("/", headers={"Authorization": f"Bearer {issuer.mint(scope=held)}"})

    assert answer.status_code == status


def test_illegal_security_scope_is_a_config_error_and_never_opens_a_route(auth, good):
    app = FastAPI()
    app.get("/", dependencies=[Security(auth.require(), scopes=["read posts"])])(lambda: "ran")

    with pytest.raises(ConfigError, match="RFC 6749"):
        TestClient(app).get("/", headers=good)


def test_guard_of_an_app_covers_its_routes_and_sockets(auth):
    app = FastAPI(dependencies=[Depends(auth.require())])
    router = APIRouter()
    router.get("/route")(lambda: "ran")

    @router.websocket("/socket")
    async def socket(websocket: WebSocket):
        await websocket.accept()

    app.include_router(router)
    client = TestClient(app)

    assert client.get("/route").status_code == 401
    with pytest.raises(WebSocketDenialResponse), client.websocket_connect("/socket"):
        pass


def documented(*dependencies):
    """The OpenAPI document of an app with one route that takes a query parameter and a body."""
    app = FastAPI()

    @app.post("/", dependencies=dependencies)
    async def route(item: int, body: dict[str, str]):
        return None

    return app.openapi()


@pytest.mark.parametrize(
    ("dependency", "scopes"),
    [
        pytest.param(lambda auth: Depends(auth.require(roles="editor")), [], id="roles"),
        pytest.param(lambda auth: Depends(auth.require(scopes=["b", "a"])), ["a", "b"], id="scopes"),
        pytest.param(
            lambda auth: Depends(auth.require(scopes=["b", "a"], require_all_scopes=False)), [], id="any_scope"
        ),
        pytest.param(lambda auth: Security(auth.require(), scopes=["a"]), ["a"], id="security_scopes"),
    ],
)
def test_openapi_of_a_guarded_route_differs_in_its_security_alone(auth, dependency, scopes):
    expected = documented()
    expected["paths"]["/"]["post"]["security"] = [{"bearerAuth": scopes}]
    scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    expected["components"]["securitySchemes"] = {"bearerAuth": scheme}

    assert documented(dependency(auth)) == expected


def test_exception_handlers_for_refusals_are_used(auth):
    app = app_with(auth)

    @app.exception_handler(Refused)
    async def refused(request, error):
        return JSONResponse({"theirs": error.response.body["code"]}, error.status_code, error.headers)

    @app.exception_handler(WebSocketRefused)
    async def socket_refused(websocket, error):
        await websocket.close(4401)

    client = TestClient(app)
    answer = client.get("/async")

    assert (answer.status_code, answer.json()) == (401, {"theirs": "missing_token"})
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert close_code(client, {}) == 4401


def test_exception_handlers_for_every_error_do_not_replace_refusals(auth):
    app = app_with(auth)
    app.add_exception_handler(HTTPException, lambda request, error: JSONResponse("theirs"))
    app.add_exception_handler(Exception, lambda request, error: JSONResponse("theirs"))

    assert TestClient(app).get("/async").json()["code"] == "missing_token"


def test_refusal_works_without_the_exception_handlers_of_the_app(auth):
    app = FastAPI()

    async def hide(connection: HTTPConnection):
        del connection.scope["starlette.exception_handlers"]

    async def socket(websocket: WebSocket):
        await websocket.accept()

    dependencies = [Depends(hide), Depends(auth.require())]
    app.get("/", dependencies=dependencies)(lambda: "ran")
    app.websocket("/socket", dependencies=dependencies)(socket)
    client = TestClient(app)

    answer = client.get("/")

    assert (answer.status_code, answer.json()) == (401, {"detail": "The request carries no bearer token."})
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert close_code(client, {}) == 1008


def test_refusal_in_a_mounted_app_is_the_same(auth):
    outer = FastAPI()
    outer.mount("/inner", app_with(auth))

    assert TestClient(outer).get("/inner/async").json()["code"] == "missing_token"


def test_waiting_for_keys_does_not_block_the_loop(cold_verifier, issuer, good):
    admit = Auth(cold_verifier).require()

    async def scenario():
        scope = {"type": "http", "headers": [(b"authorization", good["Authorization"].encode())], "state": {}}
        waiting = asyncio.ensure_future(admit(Request(scope), SecurityScopes()))
        for _ in range(5):
            await asyncio.sleep(0)
        still_waiting = not waiting.done()
        return still_waiting, await waiting

    with issuer.respond("/jwks", delay=0.3):
        still_waiting, claims = asyncio.run(scenario())

    assert still_waiting
    assert claims["sub"] == "user-1"


@pytest.mark.parametrize(
    "misuse",
    [
        pytest.param(lambda auth: auth.require("admin"), id="positional"),
        pytest.param(lambda auth: auth.require(permissions=()), id="empty"),
        pytest.param(lambda auth: auth.require(scopes=['a"']), id="illegal"),
        pytest.param(Auth, id="no_verifier"),
        pytest.param(lambda auth: Auth(Guard(object(), realm="a\r\nb")), id="realm_that_breaks_out"),
    ],
)
def test_misuse_of_a_route_guard_is_a_config_error(auth, misuse):
    with pytest.raises(ConfigError):
        misuse(auth)


def test_require_without_parentheses_fails_when_the_route_is_defined(auth):
    with pytest.raises(ConfigError, match="parentheses"):
        FastAPI().get("/")(lambda claims=Depends(auth.require): claims)


def test_positional_rules_guard_a_route(auth, issuer):
    app = FastAPI()
    guard = Depends(auth.require(roles("editor") | ~scopes("none"), scopes="read:posts"))
    app.get("/", dependencies=[guard])(lambda: "ran")
    client = TestClient(app)

    statuses = [
        client.get("/", headers={"Authorization": f"Bearer {issuer.mint(**claims)}"}).status_code
        for claims in ({"scope": "read:posts"}, {"scope": "read:posts none"}, {"roles": ["editor"]})
    ]

    assert statuses == [200, 403, 403]
    assert app.openapi()["paths"]["/"]["get"]["security"] == [{"bearerAuth": ["read:posts"]}]


def test_optional_route_runs_for_nobody_and_for_a_good_token_only(auth, good, refusal):
    app = FastAPI()
    guard = auth.require(roles="editor", optional=True)

    @app.get("/")
    async def route(request: Request, claims: dict[str, Any] | None = Depends(guard)):
        principal = optional_principal(request)
        return {"user": claims and claims["sub"], "same": (principal and principal.claims) is claims}

    client = TestClient(app)

    assert client.get("/").json() == {"user": None, "same": True}
    assert client.get("/", headers=good).json() == {"user": "user-1", "same": True}
    if refusal.code not in {"missing_token", "insufficient_scope"}:
        assert client.get("/", headers=refusal.headers).status_code == refusal.status


def test_accessors_give_the_caller_of_a_guarded_route_alone(auth, good):
    app = FastAPI()

    @app.get("/guarded", dependencies=[Depends(auth.require())])
    async def guarded(principal: Principal = Depends(current_principal), claims: dict = Depends(current_claims)):
        return {"user": principal.subject, "sub": claims["sub"]}

    app.get("/open")(lambda principal=Depends(current_principal): principal.subject)
    app.get("/optional", dependencies=[Depends(auth.require(optional=True))])(
        lambda principal=Depends(current_principal): principal.subject
    )
    client = TestClient(app)

    assert client.get("/guarded", headers=good).json() == {"user": "user-1", "sub": "user-1"}
    for path in ("/open", "/optional"):
        with pytest.raises(ConfigError):
            client.get(path)


@pytest.mark.parametrize(("error", "status"), [(MissingToken, 401), (Forbidden, 403), (KeysUnavailable, 503)], ids=str)
def test_registered_handler_answers_errors_that_routes_raise(auth, error, status):
    app = FastAPI()
    app.add_exception_handler(AuthError, auth.handle_error)

    async def failing():
        raise error("mine")

    app.get("/route")(failing)
    app.get("/dependency")(lambda claims=Depends(failing): claims)
    app.websocket("/socket")(failing)
    client = TestClient(app)

    for path in ("/route", "/dependency"):
        response = client.get(path)
        assert (response.status_code, response.json()["detail"]) == (status, "mine")
        assert ("WWW-Authenticate" in response.headers) is (status != 503)
    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/socket"):
        pass
    assert denied.value.status_code == status


def test_registered_handler_does_not_answer_a_mistake_of_the_setup(auth):
    app = FastAPI()
    app.add_exception_handler(AuthError, auth.handle_error)

    @app.get("/")
    async def route():
        raise ConfigError("of the service's own")

    response = TestClient(app, raise_server_exceptions=False).get("/")

    assert (response.status_code, "own" in response.text) == (500, False)


def test_two_schemes_in_one_header_are_refused_as_under_wsgi(auth, good):
    client = TestClient(app_with(auth))

    for values in ([f"Basic YTpi,{good['Authorization']}"], ["Basic YTpi", good["Authorization"]]):
        assert client.get("/async", headers=[("Authorization", value) for value in values]).status_code == 400
