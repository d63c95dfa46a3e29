"""Tokens that are no access tokens for a bearer: ID tokens, bound tokens, opaque and encrypted ones."""

import asyncio

import pytest
from tests.support.verdicts import GOOD, verdict, verdict_async
from tests.support.verifiers import verifier_of

from authjwks import ConfigError, InvalidToken

CLIENT_ID = "client-1"
THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def sentence_and_code(verifier, token):
    with pytest.raises(InvalidToken) as refused:
        verifier.verify(token)
    return str(refused.value), refused.value.code


ID_TOKEN_CLAIMS = [
    pytest.param({"nonce": "n-0S6_WzA2Mj"}, id="nonce"),
    pytest.param({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}, id="at_hash"),
    pytest.param({"c_hash": "LDktKdoQak3Pk0cnXxCltA"}, id="c_hash"),
    pytest.param({"s_hash": "LDktKdoQak3Pk0cnXxCltA"}, id="s_hash"),
    pytest.param({"token_use": "id"}, id="cognito"),
    pytest.param({"typ": "ID"}, id="keycloak"),
]


@pytest.mark.parametrize("claims", ID_TOKEN_CLAIMS)
def test_id_token_of_a_client_does_not_call_an_api_that_refuses_them(issuer, claims):
    lenient = verifier_of(issuer, audience=CLIENT_ID)
    strict = verifier_of(issuer, audience=CLIENT_ID, refuse_id_tokens=True)
    token = issuer.mint(claims, aud=CLIENT_ID, headers={"typ": "JWT"})

    assert verdict(lenient, token) == GOOD
    assert sentence_and_code(strict, token) == (
        "The token is an ID token, which is not meant for an API.",
        "wrong_type",
    )


def test_access_token_passes_where_id_tokens_are_refused(issuer):
    strict = verifier_of(issuer, refuse_id_tokens=True)

    for claims in ({}, {"token_use": "access"}, {"typ": "Bearer"}, {"auth_time": 1, "acr": "1"}):
        assert verdict(strict, issuer.mint(claims)) == GOOD


def test_forged_id_or_bound_token_is_refused_for_its_signature(issuer):
    strict = verifier_of(issuer, refuse_id_tokens=True)

    for claims in ({"nonce": "n"}, {"cnf": {"jkt": THUMBPRINT}}):
        assert verdict(strict, issuer.mint(claims, key=issuer.impostor())) == "bad_signature"


@pytest.mark.parametrize(
    "confirmation",
    [
        pytest.param({"jkt": THUMBPRINT}, id="dpop"),
        pytest.param({"x5t#S256": THUMBPRINT}, id="certificate"),
        pytest.param({"jwk": {"kty": "OKP"}}, id="key"),
        pytest.param({}, id="empty"),
        pytest.param("?", id="text"),
    ],
)
def test_stolen_bound_token_replayed_as_bearer_is_refused(issuer, confirmation):
    verifier = verifier_of(issuer)
    token = issuer.mint(cnf=confirmation)

    for _ in range(2):
        assert sentence_and_code(verifier, token) == (
            "The token is bound to a key or certificate, and the request proves neither.",
            "bound_token",
        )
    assert asyncio.run(verdict_async(verifier, token)) == "bound_token"
    assert verdict(verifier_of(issuer, accept_bound_tokens=True), token) == GOOD


def test_confirmation_of_null_is_refused_too(issuer):
    verifier = verifier_of(issuer)
    key = issuer.key("ES256")
    header = {"alg": key.alg, "typ": "at+jwt", "kid": key.kid}
    token = key.sign_compact(header, {"iss": issuer.issuer, "aud": issuer.audience, "exp": 2**33, "cnf": None})

    assert verdict(verifier, token) == "bound_token"


@pytest.mark.parametrize("option", ["refuse_id_tokens", "accept_bound_tokens"])
@pytest.mark.parametrize("value", ["no", 1, None], ids=repr)
def test_switch_that_is_no_bool_is_a_config_error(issuer, option, value):
    with pytest.raises(ConfigError, match=option):
        verifier_of(issuer, **{option: value})


OPAQUE = "The token is opaque, not a JSON Web Token."
ENCRYPTED = "The token is encrypted, which this service does not accept."
NOT_THREE_PARTS = "The token is not three parts joined by dots."


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        pytest.param("2YotnFZFEjr1zCsicMWpAA", OPAQUE, id="opaque"),
        pytest.param("x", OPAQUE, id="one_letter"),
        pytest.param("eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn", ENCRYPTED, id="encrypted"),
        pytest.param("a.b", NOT_THREE_PARTS, id="two_parts"),
        pytest.param("a.b.c.d", NOT_THREE_PARTS, id="four_parts"),
        pytest.param("a.b.c.d.e.f", NOT_THREE_PARTS, id="six_parts"),
        pytest.param(".b.c", NOT_THREE_PARTS, id="no_header"),
    ],
)
def test_text_that_is_no_signed_token_is_told_what_it_is(verifier, token, sentence):
    assert sentence_and_code(verifier, token) == (sentence, "malformed")


@pytest.mark.parametrize("text", ["x", "x.", "x.x.x.x."])
def test_length_is_judged_before_the_number_of_parts(verifier, text):
    assert sentence_and_code(verifier, text * 20_000)[1] == "too_long"
