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
    auth = AuthExtension(verifier, claims=claims, app=app)
    app.get("/orders")(auth.require(roles="editor")(lambda: {"user": g.jwt["preferred_username"]}))

    answer = app.test_client().get("/orders", headers={"Authorization": f"Bearer {token}"})

    body = answer.get_json()
    return Answer(answer.status_code, body.get("user") or body["code"], answer.headers.get("Retry-After"))


def ask_fastapi(verifier, token, claims=KEYCLOAKS_CLAIMS):
    app = FastAPI()
    guard = Depends(Auth(verifier, claims=claims).require(roles="editor"))
    app.get("/orders")(lambda claims=guard: {"user": claims["preferred_username"]})

    answer = TestClient(app).get("/orders", headers={"Authorization": f"Bearer {token}"})

    body = answer.json()
    return Answer(answer.status_code, body.get("user") or body["code"], answer.headers.get("Retry-After"))


each_framework = pytest.mark.parametrize(
    "ask", [pytest.param(ask_flask, id="flask"), pytest.param(ask_fastapi, id="fastapi")]
)
each_family = pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_given_a_key_of_each_algorithm__when_a_client_signs_with_it__then_the_token_is_accepted(realm, verifier, alg):
    token = token_by(realm, alg)

    assert header_of(token)["alg"] == alg
    assert verifier.verify(token)["azp"] == "shop"


def test_given_the_longer_edwards_curve__when_its_key_signs__then_the_token_is_accepted(realm, verifier):
    provider = realm.add_key("EdDSA", curve="Ed448")

    assert verdict(verifier, token_by(realm, "EdDSA")) == ACCEPTED

    realm.disable_key(provider)


def test_given_the_realms_key_set__when_read__then_the_encryption_key_is_skipped_and_the_others_serve(realm):
    verifier = verifier_for(realm)
    verifier.prefetch()

    published = realm.key_set()
    for_encryption = [index for index, key in enumerate(published) if key["use"] == "enc"]
    assert [published[index]["alg"] for index in for_encryption] == ["RSA-OAEP"]
    assert verifier._keys.report()["skipped"] == [(index, "not_for_signatures") for index in for_encryption]
    (health,) = verifier.health().issuers
    assert (health.keys, health.skipped) == (len(published) - 1, 1)


@each_family
def test_given_warm_keys__when_a_newer_one_signs__then_its_tokens_and_the_older_ones_pass_at_once(realm, alg):
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
def test_given_a_key_that_has_signed__when_it_is_passivated__then_its_tokens_still_pass(realm, alg):
    older_kid = header_of(token_by(realm, alg))["kid"]
    provider = realm.add_key(alg)
    before = realm.service_token("shop")

    realm.passivate_key(provider)
    after = realm.service_token("shop")

    assert header_of(after)["kid"] == older_kid != header_of(before)["kid"]
    verifier = verifier_for(realm)
    assert [verdict(verifier, token) for token in (before, after)] == [ACCEPTED, ACCEPTED]


@each_family
def test_given_a_key_that_has_signed__when_it_is_disabled__then_the_next_refresh_ends_its_tokens_alone(realm, alg):
    kept = token_by(realm, alg)
    provider = realm.add_key(alg)
    doomed = realm.service_token("shop")
    verifier = verifier_for(realm)
    assert [verdict(verifier, token) for token in (kept, doomed)] == [ACCEPTED, ACCEPTED]

    realm.disable_key(provider)
    verifier.refresh()

    assert verdict(verifier, doomed) == "unknown_key"
    assert [verdict(verifier, token) for token in (kept, realm.service_token("shop"))] == [ACCEPTED, ACCEPTED]


def test_given_a_disabled_key__when_the_ttl_has_passed__then_its_tokens_end_without_being_asked_to(realm):
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


def test_given_a_disabled_key__when_a_newer_one_is_asked_for__then_its_tokens_end_with_that(realm):
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
def test_given_roles_of_the_realm__when_a_user_calls__then_they_decide(realm, verifier, ask, user, answer):
    token = realm.log_in("shop", user)["access_token"]

    assert ask(verifier, token)[:2] == answer


@each_framework
def test_given_no_word_of_where_the_roles_are__when_an_editor_calls__then_none_is_found(realm, verifier, ask):
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
def test_given_a_client_that_is_not_for_the_api__when_an_editor_calls_by_it__then_the_token_is_refused(
    realm, verifier, ask, client_id, code
):
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
def test_given_what_else_a_log_in_brings__when_shown_to_the_api__then_it_is_refused(realm, verifier, ask, kind, code):
    tokens = realm.log_in("shop", "ada")

    assert ask(verifier, tokens["access_token"])[:2] == (200, "ada")
    assert ask(verifier, tokens[kind])[:2] == (401, code)


def test_given_an_audience_that_is_the_client__when_an_id_token_comes__then_only_a_token_type_keeps_it_out(realm):
    id_token = realm.log_in("typed-shop", "ada")["id_token"]

    assert verdict(verifier_for(realm, "typed-shop"), id_token) == ACCEPTED
    assert verdict(verifier_for(realm, "typed-shop", token_type="at+jwt"), id_token) == "wrong_type"


def test_given_a_client_of_typed_access_tokens__when_that_type_is_asked_for__then_only_its_tokens_pass(realm):
    verifier = verifier_for(realm, token_type="at+jwt")

    assert verdict(verifier, realm.service_token("typed-shop")) == ACCEPTED
    assert verdict(verifier, realm.service_token("shop")) == "wrong_type"


def test_given_another_realm_of_the_server__when_its_token_comes__then_only_who_trusts_all_realms_accepts_it(
    keycloak, realm, verifier
):
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
    """Ends the server for good: whoever asks for this stands last in this file."""
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
def test_given_no_server_but_its_keys__when_a_token_comes__then_it_is_judged_as_ever(afterwards, ask):
    assert ask(afterwards.warm, afterwards.token)[:2] == (200, "ada")


@each_framework
def test_given_no_server_and_keys_past_their_ttl__when_a_token_comes__then_they_serve_on(afterwards, ask):
    assert ask(afterwards.overdue, afterwards.token)[:2] == (200, "ada")
    (health,) = afterwards.overdue.health().issuers
    assert (health.state, health.last_error) == ("stale", "unreachable")


@each_framework
def test_given_no_server__when_a_token_names_a_key_that_may_be_new__then_nobody_is_told_that_it_is_bad(afterwards, ask):
    answer = ask(afterwards.warm, afterwards.newer_token)

    assert answer[:2] == (503, "keys_unavailable")
    assert int(answer.retry_after) >= 1


@each_framework
def test_given_no_server_and_no_keys__when_a_token_comes__then_the_caller_is_asked_to_come_again(afterwards, ask):
    answer = ask(verifier_for(afterwards.realm), afterwards.token)

    assert answer[:2] == (503, "keys_unavailable")
    assert int(answer.retry_after) >= 1
