"""Strawberry fields behind `auth.require()`: in its Flask views, FastAPI router and WebSockets, with real tokens."""

import asyncio
import gc
import inspect
import logging
import weakref
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
from fastapi import FastAPI
from fastapi.testclient import TestClient
from flask import Flask
from strawberry.fastapi import BaseContext, GraphQLRouter
from strawberry.flask.views import AsyncGraphQLView, GraphQLView
from strawberry.permission import PermissionExtension
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import Info

from authjwks import ClaimPaths, ConfigError
from authjwks.guard import Guard
from authjwks.rules import roles, scopes
from authjwks.strawberry import AsyncAuth, Auth, Refused, current_claims, current_principal, optional_principal

RIGHTS = {"roles": ["editor"], "scopes": ["read:posts"]}


def user(info: Info[Any, Any]) -> str:
    return str(current_claims(info)["sub"])


async def user_in_a_coroutine(info: Info[Any, Any]) -> str:
    return str(current_principal(info).subject)


async def users(info: Info[Any, Any]) -> AsyncGenerator[str, None]:
    yield str(current_claims(info)["sub"])


def schema_of(auth: Auth, resolver: Any = user, **required: Any) -> strawberry.Schema:
    """A schema with a guarded field and a guarded subscription, which say who calls."""

    @strawberry.type
    class Query:
        user: str = strawberry.field(resolver=resolver, permission_classes=[auth.require(**required)])

    @strawberry.type
    class Subscription:
        users = strawberry.subscription(resolver=users, permission_classes=[auth.require(**required)])

    return strawberry.Schema(Query, subscription=Subscription)


def post_to_flask(view, schema, query, headers, **environment):
    app = Flask(__name__)
    app.add_url_rule("/graphql", view_func=view.as_view("graphql", schema=schema))
    answer = app.test_client().post(
        "/graphql", json={"query": query}, headers=headers, environ_overrides=environment.get("environ")
    )
    return answer.json


class ContextObject(BaseContext):
    """What users write who prefer attributes to keys."""


def fastapi_app(schema, context_getter=None):
    app = FastAPI()
    app.include_router(GraphQLRouter(schema, context_getter=context_getter), prefix="/graphql")
    return app


def post_to_fastapi(schema, query, headers, context_getter=None):
    client = TestClient(fastapi_app(schema, context_getter))
    return client.post("/graphql", json={"query": query}, headers=headers).json()


def flask(verifier, query, headers, **required):
    return post_to_flask(GraphQLView, schema_of(Auth(verifier), **required), query, headers)


def flask_async_view(verifier, query, headers, **required):
    schema = schema_of(AsyncAuth(verifier), user_in_a_coroutine, **required)
    return post_to_flask(AsyncGraphQLView, schema, query, headers)


def fastapi(verifier, query, headers, **required):
    return post_to_fastapi(schema_of(AsyncAuth(verifier), **required), query, headers)


def fastapi_async_resolver(verifier, query, headers, **required):
    return post_to_fastapi(schema_of(AsyncAuth(verifier), user_in_a_coroutine, **required), query, headers)


def fastapi_context_object(verifier, query, headers, **required):
    return post_to_fastapi(schema_of(AsyncAuth(verifier), **required), query, headers, ContextObject)


def fastapi_with_the_sync_kind(verifier, query, headers, **required):
    return post_to_fastapi(schema_of(Auth(verifier), **required), query, headers)


WAYS = [
    flask,
    flask_async_view,
    fastapi,
    fastapi_async_resolver,
    fastapi_context_object,
    fastapi_with_the_sync_kind,
]
EACH_WAY = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@EACH_WAY
@pytest.mark.parametrize("required", [{}, RIGHTS], ids=["authentication", "rights"])
def test_guarded_field_knows_the_caller(way, verifier, good, required):
    assert way(verifier, "{ user }", good, **required) == {"data": {"user": "user-1"}}


@EACH_WAY
def test_refused_field_has_an_error_with_what_http_would_say(way, verifier, refusal):
    answer = way(verifier, "{ user }", refusal.headers, **RIGHTS)

    (error,) = answer["errors"]
    assert answer["data"] is None
    assert set(error) == {"message", "locations", "path", "extensions"}
    assert error["extensions"] == {
        "code": refusal.code,
        "http": {"status": refusal.status, "headers": {"WWW-Authenticate": refusal.challenge(error["message"])}},
        **refusal.named_claim,
    }
    token = (refusal.authorization or "").partition(" ")[2]
    assert not token or token not in str(answer)


@EACH_WAY
def test_outage_gives_an_error_with_503(way, cold_verifier, issuer, good):
    with issuer.outage():
        (error,) = way(cold_verifier, "{ user }", good)["errors"]

    assert error["extensions"]["code"] == "keys_unavailable"
    assert error["extensions"]["http"]["status"] == 503
    assert int(error["extensions"]["http"]["headers"]["Retry-After"]) >= 1


def test_hostile_header_gets_400_or_401_and_no_echo(verifier, hostile_header):
    answer = post_to_flask(
        GraphQLView,
        schema_of(Auth(verifier)),
        "{ user }",
        {},
        environ={"HTTP_AUTHORIZATION": hostile_header.decode("latin-1")},
    )

    assert answer["errors"][0]["extensions"]["http"]["status"] in {400, 401}
    assert "X-Evil" not in str(answer)


@pytest.mark.parametrize("kind", [Auth, AsyncAuth])
def test_refusal_leaves_open_fields_their_data(kind, verifier):
    @strawberry.type
    class Query:
        open: str = strawberry.field(resolver=lambda: "open")
        closed: str | None = strawberry.field(resolver=lambda: "closed", permission_classes=[kind(verifier).require()])

    answer = post_to_fastapi(strawberry.Schema(Query), "{ open closed }", {})

    assert answer["data"] == {"open": "open", "closed": None}


@pytest.mark.parametrize("kind", [Auth, AsyncAuth])
def test_silent_guard_shows_no_error(kind, verifier):
    silent = PermissionExtension([kind(verifier).require()()], fail_silently=True)

    @strawberry.type
    class Query:
        closed: str | None = strawberry.field(resolver=lambda: "closed", extensions=[silent])

    assert post_to_fastapi(strawberry.Schema(Query), "{ closed }", {}) == {"data": {"closed": None}}


class Marker:
    """Lives as long as the request that carries it."""


def test_refused_request_leaves_nothing_in_memory(verifier, caplog):
    caplog.set_level(logging.CRITICAL)  # a record of the refusal would keep its frames
    marker = Marker()
    ended = weakref.ref(marker)

    answer = post_to_flask(GraphQLView, schema_of(Auth(verifier)), "{ user }", {}, environ={"marker": marker})
    del marker
    gc.collect()

    assert answer["data"] is None
    assert ended() is None


@pytest.mark.parametrize("kind", [Auth, AsyncAuth])
def test_refusal_is_logged_as_an_error_of_its_own_class(kind, verifier, caplog):
    post_to_fastapi(schema_of(kind(verifier)), "{ user }", {})

    (record,) = [record for record in caplog.records if record.name == "strawberry.execution"]
    assert isinstance(record.exc_info[1], Refused)


@pytest.mark.parametrize("kind", [Auth, AsyncAuth])
@pytest.mark.parametrize("credentials", ["good", "none"])
def test_guarded_subscription_sends_events_to_a_good_token_alone(kind, credentials, verifier, good):
    client = TestClient(fastapi_app(schema_of(kind(verifier), **RIGHTS)))
    headers = good if credentials == "good" else {}

    with client.websocket_connect("/graphql", [GRAPHQL_TRANSPORT_WS_PROTOCOL], headers=headers) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json()["type"] == "connection_ack"
        socket.send_json({"id": "1", "type": "subscribe", "payload": {"query": "subscription { users }"}})
        event = socket.receive_json()

    if credentials == "good":
        assert event["payload"]["data"] == {"users": "user-1"}
    else:
        errors = event["payload"] if event["type"] == "error" else event["payload"]["errors"]
        assert errors[0]["extensions"]["http"]["status"] == 401
        assert "user-1" not in str(event)


def test_sync_permission_is_no_coroutine_and_the_async_one_is(verifier):
    assert not inspect.iscoroutinefunction(Auth(verifier).require()().has_permission)
    assert inspect.iscoroutinefunction(AsyncAuth(verifier).require()().has_permission)


def test_sync_permission_returns_a_bool_and_never_an_awaitable(verifier, cold_verifier, good):
    for each in (verifier, cold_verifier):
        for headers, admitted in ((good, True), ({}, False)):
            with Flask(__name__).test_request_context(headers=headers) as context:
                info: Any = SimpleNamespace(context={"request": context.request})
                assert Auth(each).require()().has_permission(None, info) is admitted


def execute_sync(schema, headers):
    """All that comes of `{ user }`, in a thread without an event loop, as a WSGI server has them."""
    with Flask(__name__).test_request_context(headers=headers) as context, ThreadPoolExecutor(1) as thread:
        execution = thread.submit(schema.execute_sync, "{ user }", context_value={"request": context.request})
        return str(execution.exception() or execution.result())


@pytest.mark.filterwarnings(
    "ignore:coroutine .* was never awaited:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize(("kind", "granted"), [(Auth, True), (AsyncAuth, False)])
def test_sync_execution_grants_access_by_the_sync_kind_alone(kind, granted, verifier, good, caplog):
    """On many releases of Strawberry an awaitable counts as a yes."""
    caplog.set_level(logging.CRITICAL)  # a record of the failure would keep the coroutine beyond this test

    said = execute_sync(schema_of(kind(verifier)), good)
    gc.collect()

    assert ("user-1" in said) is granted


@pytest.mark.parametrize("kind", [Auth, AsyncAuth])
@pytest.mark.parametrize(
    "context", [None, {}, {"request": None}, {"request": object()}, SimpleNamespace(), SimpleNamespace(request=1)]
)
def test_field_without_a_request_in_its_context_stays_closed(kind, context, verifier):
    result = asyncio.run(schema_of(kind(verifier)).execute("{ user }", context_value=context))

    assert result.data is None
    assert [error.message for error in result.errors or ()] == ["the GraphQL context holds no request"]


def test_caller_of_an_unguarded_field_is_a_config_error(verifier, good):
    @strawberry.type
    class Query:
        user: str = strawberry.field(resolver=user)

    answer = post_to_flask(GraphQLView, strawberry.Schema(Query), "{ user }", good)

    assert answer["errors"][0]["message"] == "no field that requires authentication admitted this request"


async def roles_after_others(info: Info[Any, Any]) -> list[str]:
    """The caller's roles, as soon as every field of the request has been admitted."""
    for _ in range(50):
        await asyncio.sleep(0)
    return sorted(current_principal(info).roles)


@pytest.mark.parametrize(
    "kinds",
    [(Auth, Auth), (AsyncAuth, AsyncAuth), (Auth, AsyncAuth), (AsyncAuth, Auth)],
    ids=["sync", "async", "sync_and_async", "async_and_sync"],
)
@pytest.mark.parametrize("query", ["{ a b both }", "{ b both a }", "{ both a b }"])
def test_fields_with_other_claim_paths_side_by_side_see_their_own_caller(kinds, query, verifier, issuer):
    plain, keycloak = kinds[0](verifier), kinds[1](Guard(verifier, claim_paths=ClaimPaths(roles="realm_access.roles")))

    @strawberry.type
    class Query:
        a: list[str] = strawberry.field(resolver=roles_after_others, permission_classes=[plain.require()])
        b: list[str] = strawberry.field(resolver=roles_after_others, permission_classes=[keycloak.require()])
        both: list[str] = strawberry.field(
            resolver=roles_after_others, permission_classes=[plain.require(), keycloak.require()]
        )

    token = issuer.mint(roles=["reader"], realm_access={"roles": ["admin"]})
    answer = post_to_fastapi(strawberry.Schema(Query), query, {"Authorization": f"Bearer {token}"})

    assert answer == {"data": {"a": ["reader"], "b": ["admin"], "both": ["admin"]}}


def test_open_field_below_a_guarded_one_knows_the_caller(verifier, good):
    @strawberry.type
    class Account:
        user: str = strawberry.field(resolver=user)

    @strawberry.type
    class Query:
        account: Account = strawberry.field(resolver=Account, permission_classes=[AsyncAuth(verifier).require()])

    answer = post_to_fastapi(strawberry.Schema(Query), "{ account { user } }", good)

    assert answer == {"data": {"account": {"user": "user-1"}}}


def test_equal_requirements_share_one_class(verifier):
    auth = Auth(verifier)

    assert auth.require(roles=["a", "b"], scopes="c") is auth.require(scopes=["c"], roles=("b", "a"))
    assert auth.require(roles="a") is not auth.require(roles="b")
    assert auth.require(roles="a") is not auth.require(permissions="a")
    assert auth.require(roles=["a", "b"]) is not auth.require(roles=["a", "b"], require_all_roles=True)
    assert auth.require() is not Auth(verifier).require()


def test_requirements_do_not_show_in_the_printed_schema(verifier):
    first, second = Auth(verifier), AsyncAuth(verifier)

    @strawberry.type
    class Query:
        a: str = strawberry.field(permission_classes=[first.require(roles="a")])
        b: str = strawberry.field(permission_classes=[first.require(roles="b"), second.require()])

    assert str(strawberry.Schema(Query)) == "type Query {\n  a: String!\n  b: String!\n}"


@pytest.mark.parametrize("kind", [Auth, AsyncAuth])
def test_require_without_parentheses_keeps_the_field_closed(kind, verifier, good):
    auth = kind(verifier)
    try:

        @strawberry.type
        class Query:
            user: str = strawberry.field(resolver=lambda: "open", permission_classes=[auth.require])

        answer = post_to_fastapi(strawberry.Schema(Query), "{ user }", good)
    except Exception:  # noqa: BLE001 - whatever the framework says of it, the field is not there
        return

    assert answer["data"] is None


@pytest.mark.parametrize(
    "misuse",
    [
        pytest.param(lambda auth: auth.require("admin"), id="positional"),
        pytest.param(lambda auth: auth.require(roles={}), id="empty"),
        pytest.param(Auth, id="no_verifier"),
    ],
)
def test_misuse_of_a_field_guard_is_a_config_error(misuse, verifier):
    with pytest.raises(ConfigError):
        misuse(Auth(verifier))


@pytest.mark.parametrize("kind", [Auth, AsyncAuth])
def test_require_without_parentheses_fails_when_the_schema_is_made(kind, verifier):
    @strawberry.type
    class Query:
        user: str = strawberry.field(resolver=user, permission_classes=[kind(verifier).require])

    with pytest.raises(Exception, match=r"parentheses"):
        strawberry.Schema(Query)


@pytest.mark.parametrize(("kind", "post"), [(Auth, post_to_flask), (AsyncAuth, post_to_fastapi)])
def test_optional_field_resolves_for_nobody_and_for_a_good_token_only(kind, post, verifier, good):
    def caller(info: Info[Any, Any]) -> str:
        principal = optional_principal(info)
        return "nobody" if principal is None else str(principal.subject)

    @strawberry.type
    class Query:
        caller_: str = strawberry.field(
            resolver=caller, permission_classes=[kind(verifier).require(roles="editor", optional=True)]
        )

    def ask(headers):
        arguments = (GraphQLView,) if post is post_to_flask else ()
        return post(*arguments, strawberry.Schema(Query), "{ caller_ }", headers)

    assert ask({})["data"] == {"caller_": "nobody"}
    assert ask(good)["data"] == {"caller_": "user-1"}
    assert ask({"Authorization": "Bearer forged"})["errors"][0]["extensions"]["code"] == "malformed"


def test_positional_rules_guard_a_field(verifier, issuer):
    auth = Auth(verifier)
    rule = roles("editor") | ~scopes("none")

    @strawberry.type
    class Query:
        user: str = strawberry.field(resolver=user, permission_classes=[auth.require(rule)])

    answers = [
        post_to_flask(
            GraphQLView, strawberry.Schema(Query), "{ user }", {"Authorization": f"Bearer {issuer.mint(**claims)}"}
        )["data"]
        for claims in ({}, {"scope": "none"})
    ]

    assert answers == [{"user": "user-1"}, None]
    assert auth.require(rule) is auth.require(roles("editor") | ~scopes("none"))
