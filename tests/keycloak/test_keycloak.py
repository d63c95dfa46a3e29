"""Keycloak itself: every algorithm it signs with, its keys as they come and go, its roles at the door, its end."""

from __future__ import annotations

import time
from contextlib import closing
from typing import NamedTuple

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from flask import Flask, g
from tests.servers.keycloak import CURVES, Keycloak, Realm, client
from tests.servers.missing import present
from tests.support.tokens import header_of
from tests.support.verifiers import verifier_of

from authjwks import ANY, AuthError, ClaimPaths, Event, HttpOptions, KeyOptions, Verifier
from authjwks.fastapi import Auth
from authjwks.flask import AuthExtension
from authjwks.guard import Guard

# The first test of all also waits for the download and the start.
pytestmark = pytest.mark.timeout(600)

API = "https://api.example"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", *CURVES)
CLIENTS = (
    client("shop", audience=API),
    client("typed-shop", audience=API, **{"access.token.header.type.rfc9068": "true"}),
    client("another-shop", audience="https://elsewhere.example"),
    client("stranger"),
)
KEYCLOAKS_CLAIMS = ClaimPaths(roles="realm_access.roles")
ROLES = {"ada": ["editor"], "bob": ["reader"]}
ACCEPTED = "accepted"


@pytest.fixture(scope="session")
def keycloak():
    with closing(present(Keycloak)) as running:
        yield running


@pytest.fixture(scope="session")
def realm(keycloak):
    """One for all tests, with a key of every algorithm. They may add keys, and take away those that they added."""
    realm = keycloak.create_realm("market", CLIENTS, ROLES)
    for alg in ALGORITHMS:
        realm.add_key(alg)
    return realm


@pytest.fixture(scope="session")
def verifier(realm):
    """Asks again for every key that it does not know."""
    return verifier_for(realm, keys=KeyOptions(cooldown=0.0))


def verifier_for(realm, audience=API, **options):
    """Knows no keys yet."""
    return verifier_of(realm, audience=audience, **options)


def token_by(realm, alg):
    realm.sign_with(alg, "shop")
    return realm.service_token("shop")


def verdict(verifier, token):
    try:
        verifier.verify(token)
    except AuthError as refusal:
        return refusal.code
    return ACCEPTED


class Answer(NamedTuple):
    """What a guarded route said: to whom, or the slug of the refusal."""

    status: int
    said: str
    retry_after: str | None = None


def ask_flask(verifier, token, claims=KEYCLOAKS_CLAIMS):
    app = Flask(__name__)
    auth = AuthExtension(Guard(verifier, claim_paths=claims), app=app)
    app.get("/orders")(auth.require(roles="editor")(lambda: {"user": g.jwt["preferred_username"]}))

    answer = app.test_client().get("/orders", headers={"Authorization": f"Bearer {token}"})

    body = answer.get_json()
    return Answer(answer.status_code, body.get("user") or body["code"], answer.headers.get("Retry-After"))


def ask_fastapi(verifier, token, claims=KEYCLOAKS_CLAIMS):
    app = FastAPI()
    guard = Depends(Auth(Guard(verifier, claim_paths=claims)).require(roles="editor"))
    app.get("/orders")(lambda claims=guard: {"user": claims["preferred_username"]})

    answer = TestClient(app).get("/orders", headers={"Authorization": f"Bearer {token}"})

    body = answer.json()
    return Answer(answer.status_code, body.get("user") or body["code"], answer.headers.get("Retry-After"))


each_framework = pytest.mark.parametrize(
    "ask", [pytest.param(ask_flask, id="flask"), pytest.param(ask_fastapi, id="fastapi")]
)
each_family = pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_token_signed_by_each_algorithm_is_accepted(realm, verifier, alg):
    token = token_by(realm, alg)

    assert header_of(token)["alg"] == alg
    assert verifier.verify(token)["azp"] == "shop"


def test_token_signed_by_ed448_is_accepted(realm, verifier):
    provider = realm.add_key("EdDSA", curve="Ed448")

    assert verdict(verifier, token_by(realm, "EdDSA")) == ACCEPTED

    realm.disable_key(provider)


def test_encryption_key_of_the_realm_is_skipped_and_all_others_serve(realm):
    verifier = verifier_for(realm)
    verifier.prefetch()

    published = realm.key_set()
    for_encryption = [index for index, key in enumerate(published) if key["use"] == "enc"]
    assert [published[index]["alg"] for index in for_encryption] == ["RSA-OAEP"]
    assert verifier._keys.native.report()["skipped"] == [(index, "not_for_signatures") for index in for_encryption]
    (health,) = verifier.health().issuers
    assert (health.keys, len(health.skipped)) == (len(published) - 1, 1)


@each_family
def test_newer_key_is_found_at_once_and_older_tokens_still_pass(realm, alg):
    events: list[Event] = []
    verifier = verifier_for(realm, on_event=events.append)
    old = token_by(realm, alg)
    assert verdict(verifier, old) == ACCEPTED

    realm.add_key(alg)
    new = realm.service_token("shop")

    assert header_of(new)["kid"] != header_of(old)["kid"]
    assert [verdict(verifier, token) for token in (new, old)] == [ACCEPTED, ACCEPTED]
    assert [(event.kind, event.issuer) for event in events] == [("keys_changed", realm.issuer)]


@each_family
def test_tokens_of_a_passive_key_still_pass(realm, alg):
    older_kid = header_of(token_by(realm, alg))["kid"]
    provider = realm.add_key(alg)
    before = realm.service_token("shop")

    realm.passivate_key(provider)
    after = realm.service_token("shop")

    assert header_of(after)["kid"] == older_kid != header_of(before)["kid"]
    verifier = verifier_for(realm)
    assert [verdict(verifier, token) for token in (before, after)] == [ACCEPTED, ACCEPTED]


@each_family
def test_refresh_ends_the_tokens_of_a_disabled_key_alone(realm, alg):
    kept = token_by(realm, alg)
    provider = realm.add_key(alg)
    doomed = realm.service_token("shop")
    verifier = verifier_for(realm)
    assert [verdict(verifier, token) for token in (kept, doomed)] == [ACCEPTED, ACCEPTED]

    realm.disable_key(provider)
    verifier.refresh()

    assert verdict(verifier, doomed) == "unknown_key"
    assert [verdict(verifier, token) for token in (kept, realm.service_token("shop"))] == [ACCEPTED, ACCEPTED]


def test_ttl_ends_the_tokens_of_a_disabled_key_without_a_refresh(realm):
    kept = token_by(realm, "ES256")
    provider = realm.add_key("ES256")
    doomed = realm.service_token("shop")
    verifier = verifier_for(realm, keys=KeyOptions(ttl=0.5))
    assert verdict(verifier, doomed) == ACCEPTED

    realm.disable_key(provider)
    while (last := verdict(verifier, doomed)) == ACCEPTED:
        time.sleep(0.05)

    assert last == "unknown_key"
    assert verdict(verifier, kept) == ACCEPTED


def test_search_for_a_newer_key_ends_the_tokens_of_a_disabled_one(realm):
    provider = realm.add_key("ES256")
    doomed = token_by(realm, "ES256")
    verifier = verifier_for(realm)
    assert verdict(verifier, doomed) == ACCEPTED

    realm.disable_key(provider)
    realm.add_key("ES256")

    assert verdict(verifier, realm.service_token("shop")) == ACCEPTED
    assert verdict(verifier, doomed) == "unknown_key"


@each_framework
@pytest.mark.parametrize(
    ("user", "answer"),
    [
        pytest.param("ada", (200, "ada"), id="right_role"),
        pytest.param("bob", (403, "forbidden"), id="wrong_role"),
    ],
)
def test_realm_roles_decide_who_may_call(realm, verifier, ask, user, answer):
    token = realm.log_in("shop", user)["access_token"]

    assert ask(verifier, token)[:2] == answer


@each_framework
def test_realm_roles_are_not_found_at_the_default_claim_paths(realm, verifier, ask):
    token = realm.log_in("shop", "ada")["access_token"]

    assert ask(verifier, token, ClaimPaths())[:2] == (403, "forbidden")


@each_framework
@pytest.mark.parametrize(
    ("client_id", "code"),
    [
        pytest.param("another-shop", "wrong_audience", id="for_another_api"),
        pytest.param("stranger", "claim_missing", id="for_no_api"),
    ],
)
def test_token_of_a_client_for_another_api_is_refused(realm, verifier, ask, client_id, code):
    token = realm.log_in(client_id, "ada")["access_token"]

    assert ask(verifier, token)[:2] == (401, code)


@each_framework
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        pytest.param("id_token", "wrong_audience", id="id_token"),
        pytest.param("refresh_token", "unsupported_alg", id="refresh_token"),
    ],
)
def test_id_and_refresh_tokens_are_refused(realm, verifier, ask, kind, code):
    tokens = realm.log_in("shop", "ada")

    assert ask(verifier, tokens["access_token"])[:2] == (200, "ada")
    assert ask(verifier, tokens[kind])[:2] == (401, code)


def test_id_token_for_the_client_is_kept_out_by_the_token_type_alone(realm):
    id_token = realm.log_in("typed-shop", "ada")["id_token"]

    assert verdict(verifier_for(realm, "typed-shop"), id_token) == ACCEPTED
    assert verdict(verifier_for(realm, "typed-shop", token_type="at+jwt"), id_token) == "wrong_type"


def test_token_type_admits_typed_access_tokens_alone(realm):
    verifier = verifier_for(realm, token_type="at+jwt")

    assert verdict(verifier, realm.service_token("typed-shop")) == ACCEPTED
    assert verdict(verifier, realm.service_token("shop")) == "wrong_type"


def test_token_of_another_realm_passes_only_where_all_realms_are_trusted(keycloak, realm, verifier):
    foreign = keycloak.admin_token()
    every_realm = Verifier(f"{keycloak.url}/realms/{{tenant}}", ANY, http=HttpOptions(allow_http=True))

    assert verdict(verifier, foreign) == "unknown_key"
    assert [verdict(every_realm, token) for token in (foreign, realm.service_token("shop"))] == [ACCEPTED, ACCEPTED]
    assert {each.issuer for each in every_realm.health().issuers} == {realm.issuer, f"{keycloak.url}/realms/master"}


class Afterwards(NamedTuple):
    """What is left of a server that has ended."""

    realm: Realm
    warm: Verifier  # with keys
    overdue: Verifier  # with keys past their ttl
    token: str  # of one of these keys
    newer_token: str  # of a key that was added after they were fetched


@pytest.fixture(scope="session")
def afterwards(keycloak, realm):
    """Ends the server for good: a test that uses this stands last in this file."""
    realm.sign_with("ES256", "shop")
    token = realm.log_in("shop", "ada")["access_token"]
    warm = verifier_for(realm, keys=KeyOptions(cooldown=0.0))
    overdue = verifier_for(realm, keys=KeyOptions(ttl=0.001))
    warm.prefetch()
    overdue.prefetch()
    realm.add_key("ES256")
    newer_token = realm.log_in("shop", "ada")["access_token"]
    keycloak.close()
    return Afterwards(realm, warm, overdue, token, newer_token)


@each_framework
def test_token_is_accepted_by_keys_at_hand_after_the_server_has_ended(afterwards, ask):
    assert ask(afterwards.warm, afterwards.token)[:2] == (200, "ada")


@each_framework
def test_keys_past_their_ttl_serve_stale_after_the_server_has_ended(afterwards, ask):
    assert ask(afterwards.overdue, afterwards.token)[:2] == (200, "ada")
    (health,) = afterwards.overdue.health().issuers
    assert (health.state, health.last_error.code) == ("stale", "connection_refused")


@each_framework
def test_token_of_a_newer_key_gets_503_after_the_server_has_ended(afterwards, ask):
    answer = ask(afterwards.warm, afterwards.newer_token)

    assert answer[:2] == (503, "keys_unavailable")
    assert int(answer.retry_after) >= 1


@each_framework
def test_cold_verifier_answers_503_after_the_server_has_ended(afterwards, ask):
    answer = ask(verifier_for(afterwards.realm), afterwards.token)

    assert answer[:2] == (503, "keys_unavailable")
    assert int(answer.retry_after) >= 1
