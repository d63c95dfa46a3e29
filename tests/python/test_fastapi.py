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

from authjwks import ConfigError
from authjwks.fastapi import Auth, Refused, WebSocketRefused

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
def test_given_a_guarded_route__when_called_with_a_good_token__then_it_runs_and_knows_the_caller(
    auth, good, path, required
):
    answer = TestClient(app_with(auth, **required)).get(path, headers=good)

    assert (answer.status_code, answer.json()) == (200, {"user": "user-1"})


def test_given_a_guarded_socket__when_opened_with_a_good_token__then_it_runs_and_knows_the_caller(auth, good):
    with TestClient(app_with(auth, **RIGHTS)).websocket_connect("/socket", headers=good) as socket:
        assert socket.receive_json() == {"user": "user-1"}


def test_given_a_guarded_route__when_refused__then_answers_as_rfc_6750_says(auth, refusal):
    answer = TestClient(app_with(auth, **RIGHTS)).get("/async", headers=refusal.headers)

    sentence = answer.json()["detail"]
    assert answer.status_code == refusal.status
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == refusal.body(sentence)
    assert answer.headers.get_list("WWW-Authenticate") == [refusal.challenge(sentence)]


def test_given_a_guarded_socket__when_refused__then_the_handshake_is_answered_as_rfc_6750_says(auth, refusal):
    client = TestClient(app_with(auth, **RIGHTS))

    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/socket", headers=refusal.headers):
        pass

    sentence = denied.value.json()["detail"]
    assert denied.value.status_code == refusal.status
    assert denied.value.json() == refusal.body(sentence)
    assert denied.value.headers.get_list("WWW-Authenticate") == [refusal.challenge(sentence)]


def test_given_a_server_without_denials__when_a_socket_is_refused__then_it_is_closed_with_1008(auth, refusal):
    client = TestClient(WithoutDenials(app_with(auth, **RIGHTS)))

    assert close_code(client, refusal.headers) == 1008


@PATHS
def test_given_any_kind_of_route__when_called_without_a_token__then_refused(auth, path):
    assert TestClient(app_with(auth)).get(path).status_code == 401


def test_given_an_issuer_that_is_down__when_a_route_is_called__then_503_with_retry_after(cold_verifier, issuer, good):
    client = TestClient(app_with(Auth(cold_verifier)))

    with issuer.outage():
        answer = client.get("/async", headers=good)
        with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/socket", headers=good):
            pass

    for refused in (answer, denied.value):
        assert (refused.status_code, refused.json()["code"]) == (503, "keys_unavailable")
        assert int(refused.headers["Retry-After"]) >= 1
        assert "WWW-Authenticate" not in refused.headers


def test_given_a_hostile_header__when_a_route_is_called__then_400_or_401_without_an_echo(auth, hostile_header):
    status, headers, body = call(app_with(auth), hostile_header)

    assert status in {400, 401}
    assert b"X-Evil" not in b"".join(name + value for name, value in headers)
    assert hostile_header.removeprefix(b"Bearer ")[:8] not in body


def test_given_two_authorization_headers__when_a_route_is_called__then_400(auth, good):
    answer = TestClient(app_with(auth)).get("/async", headers=[*good.items(), *good.items()])

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(("held", "status"), [("a b c", 200), ("a b", 403), ("b c", 403), ("a c", 403), ("", 403)])
def test_given_scopes_at_three_places__when_called__then_all_of_them_are_required(auth, issuer, held, status):
    app = FastAPI()

    async def user(claims: Annotated[dict[str, Any], Security(auth.require(scopes="a"), scopes=["b"])]):
        return claims["sub"]

    @app.get("/")
    async def route(name: Annotated[str, Security(user, scopes=["c"])]):
        return name

    answer = TestClient(app).get("/", headers={"Authorization": f"Bearer {issuer.mint(scope=held)}"})

    assert answer.status_code == status


def test_given_a_scope_of_security_that_is_none__when_called__then_the_setup_is_blamed_and_the_route_closed(auth, good):
    app = FastAPI()
    app.get("/", dependencies=[Security(auth.require(), scopes=["read posts"])])(lambda: "ran")

    with pytest.raises(ConfigError, match="RFC 6749"):
        TestClient(app).get("/", headers=good)


def test_given_an_app_with_a_guard__when_any_route_or_socket_is_called_without_a_token__then_refused(auth):
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
def test_given_a_guarded_route__when_documented__then_it_is_the_open_one_plus_its_security(auth, dependency, scopes):
    expected = documented()
    expected["paths"]["/"]["post"]["security"] = [{"bearerAuth": scopes}]
    scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    expected["components"]["securitySchemes"] = {"bearerAuth": scheme}

    assert documented(dependency(auth)) == expected


def test_given_a_handler_for_refusals__when_refused__then_it_answers(auth):
    app = app_with(auth)

    @app.exception_handler(Refused)
    async def refused(request, error):
        return JSONResponse({"theirs": error.answer.body["code"]}, error.status_code, error.headers)

    @app.exception_handler(WebSocketRefused)
    async def socket_refused(websocket, error):
        await websocket.close(4401)

    client = TestClient(app)
    answer = client.get("/async")

    assert (answer.status_code, answer.json()) == (401, {"theirs": "missing_token"})
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert close_code(client, {}) == 4401


def test_given_a_handler_for_every_error__when_refused__then_the_answer_is_ours_all_the_same(auth):
    app = app_with(auth)
    app.add_exception_handler(HTTPException, lambda request, error: JSONResponse("theirs"))
    app.add_exception_handler(Exception, lambda request, error: JSONResponse("theirs"))

    assert TestClient(app).get("/async").json()["code"] == "missing_token"


def test_given_no_way_to_the_apps_handlers__when_refused__then_status_and_challenge_stand(auth):
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


def test_given_a_mounted_app__when_refused__then_answers_alike(auth):
    outer = FastAPI()
    outer.mount("/inner", app_with(auth))

    assert TestClient(outer).get("/inner/async").json()["code"] == "missing_token"


def test_given_keys_that_take_their_time__when_a_route_waits_for_them__then_the_loop_goes_on(
    cold_verifier, issuer, good
):
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
        pytest.param(lambda auth: Auth(auth._guard._verifier, realm="a\r\nb"), id="realm_that_breaks_out"),
    ],
)
def test_given_a_misuse__when_the_route_is_defined__then_config_error(auth, misuse):
    with pytest.raises(ConfigError):
        misuse(auth)


@pytest.mark.parametrize("url", ["/", "/?asked=x", "/?misplaced=", "/?asked=%7B%7D&misplaced=x"])
def test_given_require_without_parentheses__when_the_route_is_called__then_it_never_runs(auth, good, url):
    ran = []
    app = FastAPI()
    try:
        app.get("/")(lambda claims=Depends(auth.require): ran.append(claims))
    except Exception:  # noqa: BLE001 - whatever the framework says of it, the route is not there
        return

    TestClient(app, raise_server_exceptions=False).get(url, headers=good)

    assert ran == []
