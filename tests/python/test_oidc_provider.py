"""Access tokens of an OpenID provider that is not ours, shown to every framework."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
import strawberry
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from flask import Flask, g
from strawberry.flask.views import GraphQLView
from tests.servers.missing import present
from tests.servers.oidc_provider import ALGORITHMS, AUDIENCE, OidcProvider
from tests.support.tokens import header_of
from tests.support.verifiers import verifier_of

from authjwks import HttpOptions, KeyOptions, KeysUnavailable, Verifier
from authjwks.fastapi import Auth
from authjwks.flask import AuthExtension
from authjwks.strawberry import Auth as StrawberryAuth
from authjwks.strawberry import current_claims

pytestmark = pytest.mark.slow

RIGHTS: dict[str, Any] = {"roles": "reader", "permissions": "orders:read", "scopes": "orders:read"}


@pytest.fixture(scope="session")
def provider():
    with closing(present(OidcProvider)) as running:
        yield running


def verifier_for(provider, audience):
    """Takes access tokens alone, and asks again for every key that it does not know."""
    return verifier_of(provider, audience=audience, keys=KeyOptions(cooldown=0.0), token_type="at+jwt")


@pytest.fixture(scope="session")
def verifier(provider):
    return verifier_for(provider, AUDIENCE)


@pytest.fixture(scope="session")
def verifier_elsewhere(provider):
    return verifier_for(provider, "https://elsewhere.example")


def ask_flask(verifier, token):
    app = Flask(__name__)
    app.get("/orders")(AuthExtension(verifier, app=app).require(**RIGHTS)(lambda: {"user": g.jwt["sub"]}))

    answer = app.test_client().get("/orders", headers={"Authorization": f"Bearer {token}"})

    body = answer.get_json()
    return answer.status_code, body.get("user") or body["code"]


def ask_fastapi(verifier, token):
    app = FastAPI()
    guard = Depends(Auth(verifier).require(**RIGHTS))
    app.get("/orders")(lambda claims=guard: {"user": claims["sub"]})

    answer = TestClient(app).get("/orders", headers={"Authorization": f"Bearer {token}"})

    return answer.status_code, answer.json().get("user") or answer.json()["code"]


def ask_strawberry(verifier, token):
    permission = StrawberryAuth(verifier).require(**RIGHTS)

    def customer(info: strawberry.Info) -> str:
        return str(current_claims(info)["sub"])

    @strawberry.type
    class Query:
        orders: str = strawberry.field(resolver=customer, permission_classes=[permission])

    app = Flask(__name__)
    app.add_url_rule("/", view_func=GraphQLView.as_view("graphql", schema=strawberry.Schema(Query)))

    answer = app.test_client().post("/", json={"query": "{ orders }"}, headers={"Authorization": f"Bearer {token}"})

    body = answer.get_json()
    if "errors" not in body:
        return answer.status_code, body["data"]["orders"]
    refusal = body["errors"][0]["extensions"]
    return refusal["http"]["status"], refusal["code"]


each_framework = pytest.mark.parametrize(
    "ask",
    [
        pytest.param(ask_flask, id="flask"),
        pytest.param(ask_fastapi, id="fastapi"),
        pytest.param(ask_strawberry, id="strawberry"),
    ],
)


@each_framework
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_access_token_of_the_provider_is_accepted(provider, verifier, ask, alg):
    token = provider.token(alg)

    assert (header_of(token)["alg"], header_of(token)["typ"]) == (alg, "at+jwt")
    assert ask(verifier, token) == (200, "service")


@each_framework
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_token_is_refused_by_a_service_with_another_audience(provider, verifier_elsewhere, ask, alg):
    assert ask(verifier_elsewhere, provider.token(alg)) == (401, "wrong_audience")


@each_framework
def test_token_for_another_resource_is_refused(provider, verifier, ask):
    token = provider.token("ES256", audience="https://elsewhere.example")

    assert ask(verifier, token) == (401, "wrong_audience")


@each_framework
def test_rotation_finds_new_keys_and_forgets_dropped_ones(provider, ask):
    verifier = verifier_for(provider, AUDIENCE)
    old = provider.token("ES256")
    assert ask(verifier, old) == (200, "service")

    new_kid = provider.rotate("ES256")
    new = provider.token("ES256")

    assert header_of(new)["kid"] == new_kid != header_of(old)["kid"]
    assert ask(verifier, new) == (200, "service")
    assert ask(verifier, old) == (200, "service")

    provider.drop(header_of(old)["kid"])
    provider.rotate("ES256")

    assert ask(verifier, provider.token("ES256")) == (200, "service")  # its key is new, so the key set is fetched anew
    assert ask(verifier, old) == (401, "unknown_key")
    assert ask(verifier, new) == (200, "service")


def test_claims_of_the_provider_come_back_as_sent(provider, verifier):
    claims = verifier.verify(provider.token("RS256"))

    assert (claims["iss"], claims["aud"], claims["client_id"]) == (provider.issuer, AUDIENCE, "service")
    assert (claims["roles"], claims["scope"]) == (["reader"], "orders:read")


def test_issuer_with_an_extra_slash_is_not_the_provider(provider):
    verifier = Verifier(f"{provider.issuer}/", AUDIENCE, http=HttpOptions(allow_http=True))

    with pytest.raises(KeysUnavailable):
        verifier.verify(provider.token("RS256"))
