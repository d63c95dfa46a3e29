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
from authjwks.strawberry import AsyncAuth, Auth, Refused, current_claims, current_principal

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
def test_given_a_guarded_field__when_asked_with_a_good_token__then_it_resolves_and_knows_the_caller(
    way, verifier, good, required
):
    assert way(verifier, "{ user }", good, **required) == {"data": {"user": "user-1"}}


@EACH_WAY
def test_given_a_guarded_field__when_refused__then_the_error_carries_what_http_would(way, verifier, refusal):
    answer = way(verifier, "{ user }", refusal.headers, **RIGHTS)

    (error,) = answer["errors"]
    assert answer["data"] is None
    assert set(error) == {"message", "locations", "path", "extensions"}
    assert error["extensions"] == {
        "code": refusal.code,
        "http": {"status": refusal.status, "headers": {"WWW-Authenticate": refusal.challenge(error["message"])}},
    }
    token = (refusal.authorization or "").partition(" ")[2]
    assert not token or token not in str(answer)


@EACH_WAY
def test_given_an_issuer_that_is_down__when_a_field_is_asked__then_the_error_says_503(way, cold_verifier, issuer, good):
    with issuer.outage():
        (error,) = way(cold_verifier, "{ user }", good)["errors"]

    assert error["extensions"]["code"] == "keys_unavailable"
    assert error["extensions"]["http"]["status"] == 503
    assert int(error["extensions"]["http"]["headers"]["Retry-After"]) >= 1


def test_given_a_hostile_header__when_a_field_is_asked__then_400_or_401_without_an_echo(verifier, hostile_header):
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
def test_given_an_open_and_a_guarded_field__when_refused__then_only_the_open_one_has_data(kind, verifier):
    @strawberry.type
    class Query:
        open: str = strawberry.field(resolver=lambda: "open")
        closed: str | None = strawberry.field(resolver=lambda: "closed", permission_classes=[kind(verifier).require()])

    answer = post_to_fastapi(strawberry.Schema(Query), "{ open closed }", {})

    assert answer["data"] == {"open": "open", "closed": None}


@pytest.mark.parametrize("kind", [Auth, AsyncAuth])
def test_given_a_silent_guard__when_refused__then_no_error_shows(kind, verifier):
    silent = PermissionExtension([kind(verifier).require()()], fail_silently=True)

    @strawberry.type
    class Query:
        closed: str | None = strawberry.field(resolver=lambda: "closed", extensions=[silent])

    assert post_to_fastapi(strawberry.Schema(Query), "{ closed }", {}) == {"data": {"closed": None}}


class Marker:
    """Lives as long as the request that carries it."""


def test_given_a_refused_request__when_it_is_over__then_nothing_of_it_is_kept(verifier, caplog):
    caplog.set_level(logging.CRITICAL)  # a record of the refusal would keep its frames
    marker = Marker()
    ended = weakref.ref(marker)

    answer = post_to_flask(GraphQLView, schema_of(Auth(verifier)), "{ user }", {}, environ={"marker": marker})
    del marker
    gc.collect()

    assert answer["data"] is None
    assert ended() is None


@pytest.mark.parametrize("kind", [Auth, AsyncAuth])
def test_given_a_guarded_field__when_refused__then_its_error_can_be_told_from_others_where_it_is_logged(
    kind, verifier, caplog
):
    post_to_fastapi(schema_of(kind(verifier)), "{ user }", {})

    (record,) = [record for record in caplog.records if record.name == "strawberry.execution"]
    assert isinstance(record.exc_info[1], Refused)


@pytest.mark.parametrize("kind", [Auth, AsyncAuth])
@pytest.mark.parametrize("credentials", ["good", "none"])
def test_given_a_guarded_subscription__when_started_over_a_websocket__then_only_a_good_token_gets_events(
    kind, credentials, verifier, good
):
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


def test_given_the_two_kinds__when_looked_at__then_one_is_no_coroutine_and_the_other_is_one_itself(verifier):
    assert not inspect.iscoroutinefunction(Auth(verifier).require().has_permission)
    assert inspect.iscoroutinefunction(AsyncAuth(verifier).require().has_permission)


def test_given_the_sync_kind__when_asked__then_it_answers_with_a_bool_and_never_an_awaitable(
    verifier, cold_verifier, good
):
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
def test_given_a_good_token__when_a_schema_is_executed_synchronously__then_only_the_sync_kind_grants(
    kind, granted, verifier, good, caplog
):
    """On many releases of Strawberry an awaitable counts as a yes."""
    caplog.set_level(logging.CRITICAL)  # a record of the failure would keep the coroutine beyond this test

    said = execute_sync(schema_of(kind(verifier)), good)
    gc.collect()

    assert ("user-1" in said) is granted


@pytest.mark.parametrize("kind", [Auth, AsyncAuth])
@pytest.mark.parametrize(
    "context", [None, {}, {"request": None}, {"request": object()}, SimpleNamespace(), SimpleNamespace(request=1)]
)
def test_given_a_context_without_a_request__when_a_field_is_asked__then_it_stays_closed(kind, context, verifier):
    result = asyncio.run(schema_of(kind(verifier)).execute("{ user }", context_value=context))

    assert result.data is None
    assert [error.message for error in result.errors or ()] == ["the GraphQL context holds no request"]


def test_given_an_open_field__when_it_asks_for_the_caller__then_config_error(verifier, good):
    @strawberry.type
    class Query:
        user: str = strawberry.field(resolver=user)

    answer = post_to_flask(GraphQLView, strawberry.Schema(Query), "{ user }", good)

    assert answer["errors"][0]["message"] == "no field that asks for a token admitted this request"


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
def test_given_makers_of_other_claim_paths__when_their_fields_wait_side_by_side__then_each_knows_its_own_caller(
    kinds, query, verifier, issuer
):
    plain, keycloak = kinds[0](verifier), kinds[1](verifier, claims=ClaimPaths(roles="realm_access.roles"))

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


def test_given_an_open_field_below_a_guarded_one__when_it_asks_for_the_caller__then_it_is_told(verifier, good):
    @strawberry.type
    class Account:
        user: str = strawberry.field(resolver=user)

    @strawberry.type
    class Query:
        account: Account = strawberry.field(resolver=Account, permission_classes=[AsyncAuth(verifier).require()])

    answer = post_to_fastapi(strawberry.Schema(Query), "{ account { user } }", good)

    assert answer == {"data": {"account": {"user": "user-1"}}}


def test_given_two_requirements__when_they_are_the_same__then_so_are_their_classes(verifier):
    auth = Auth(verifier)

    assert auth.require(roles=["a", "b"], scopes="c") is auth.require(scopes=["c"], roles=("b", "a"))
    assert auth.require(roles="a") is not auth.require(roles="b")
    assert auth.require(roles="a") is not auth.require(permissions="a")
    assert auth.require(roles=["a", "b"]) is not auth.require(roles=["a", "b"], require_all_roles=True)
    assert auth.require() is not Auth(verifier).require()


def test_given_many_requirements__when_the_schema_is_printed__then_none_of_them_shows(verifier):
    first, second = Auth(verifier), AsyncAuth(verifier)

    @strawberry.type
    class Query:
        a: str = strawberry.field(permission_classes=[first.require(roles="a")])
        b: str = strawberry.field(permission_classes=[first.require(roles="b"), second.require()])

    assert str(strawberry.Schema(Query)) == "type Query {\n  a: String!\n  b: String!\n}"


@pytest.mark.parametrize("kind", [Auth, AsyncAuth])
def test_given_require_without_parentheses__when_a_field_is_asked__then_it_stays_closed(kind, verifier, good):
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
def test_given_a_misuse__when_the_field_is_defined__then_config_error(misuse, verifier):
    with pytest.raises(ConfigError):
        misuse(Auth(verifier))
