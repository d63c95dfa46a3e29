"""The issuer that users build their own tests on: what it serves, mints and breaks on demand."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request

import pytest
from tests.support.tokens import claims_of, header_of
from tests.support.verifiers import OPENID, verifier_of

import authjwks
from authjwks import _core
from authjwks.testing import ALGORITHMS, Issuer, tampered

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def verifier(own_issuer):
    return verifier_of(own_issuer, keys=authjwks.KeyOptions(cooldown=0.0))


def get(issuer, path, **headers):
    """Status, headers and body of a GET, whatever the status."""
    try:
        answer = DIRECT.open(urllib.request.Request(issuer.issuer + path, headers=headers), timeout=10)
    except urllib.error.HTTPError as refused:
        answer = refused
    with answer:
        return answer.status, answer.headers, answer.read()


def published(issuer):
    return [key["kid"] for key in json.loads(get(issuer, "/jwks")[2])["keys"]]


def code_of(verifier, token):
    with pytest.raises(authjwks.AuthError) as refused:
        verifier.verify(token)
    return refused.value.code


def test_issuer_has_a_key_for_every_algorithm_of_the_core(own_issuer):
    assert set(ALGORITHMS) == set(_core.ALGORITHMS)
    assert [key["alg"] for key in own_issuer.jwks()["keys"]] == list(ALGORITHMS)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_token_of_each_algorithm_is_accepted_by_discovery(own_issuer, verifier, alg):
    claims = verifier.verify(own_issuer.mint(alg=alg, roles=["editor"]))

    assert (claims["iss"], claims["roles"]) == (own_issuer.issuer, ["editor"])


@pytest.mark.parametrize("path", [OPENID, "/.well-known/oauth-authorization-server"])
def test_metadata_names_the_issuer_and_its_keys(own_issuer, path):
    status, headers, body = get(own_issuer, path)

    document = json.loads(body)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert (document["issuer"], document["jwks_uri"]) == (own_issuer.issuer, own_issuer.jwks_uri)


def test_published_keys_have_no_private_members(own_issuer):
    keys = json.loads(get(own_issuer, "/jwks")[2])

    assert keys == own_issuer.jwks()
    assert {"d", "p", "q", "k"}.isdisjoint(name for key in keys["keys"] for name in key)


def test_default_token_is_an_access_token_for_five_minutes(own_issuer):
    token = own_issuer.mint()

    claims = claims_of(token)
    assert header_of(token) == {"alg": "RS256", "typ": "at+jwt", "kid": own_issuer.key().kid}
    assert set(claims) == {"iss", "aud", "sub", "client_id", "iat", "exp", "jti"}
    assert claims["exp"] - claims["iat"] == 300


def test_mint_adds_replaces_and_removes_claims_and_headers(own_issuer):
    token = own_issuer.mint(
        {"https://api.example/tenant": "t1", "sub": "ada"}, headers={"typ": "JWT", "kid": None}, sub="grace", jti=None
    )

    claims = claims_of(token)
    assert header_of(token) == {"alg": "RS256", "typ": "JWT"}
    assert (claims["https://api.example/tenant"], claims["sub"], "jti" in claims) == ("t1", "grace", False)


def test_mint_with_an_unknown_algorithm_names_the_known_ones(own_issuer):
    with pytest.raises(ValueError, match="RS256, RS384"):
        own_issuer.mint(alg="HS256")


@pytest.mark.parametrize(
    ("mint", "code"),
    [
        pytest.param(lambda issuer: issuer.mint(lifetime=-3600), "expired", id="expired"),
        pytest.param(lambda issuer: tampered(issuer.mint()), "bad_signature", id="tampered"),
        pytest.param(lambda issuer: issuer.mint(key=issuer.impostor()), "bad_signature", id="impostor"),
        pytest.param(lambda issuer: issuer.mint(aud="https://other.example"), "wrong_audience", id="audience"),
        pytest.param(lambda issuer: issuer.mint(exp=None), "claim_missing", id="no_expiry"),
    ],
)
def test_bad_token_is_refused_for_its_own_reason(own_issuer, verifier, mint, code):
    assert code_of(verifier, mint(own_issuer)) == code


def test_forgery_by_an_issuer_with_equal_key_ids_is_refused(own_issuer, verifier):
    with Issuer() as other:
        forged = other.mint(iss=own_issuer.issuer)

        assert other.key().kid == own_issuer.key().kid
        assert code_of(verifier, forged) == "bad_signature"


@pytest.mark.parametrize(("keep", "old_token"), [(True, "accepted"), (False, "unknown_key")])
def test_rotate_signs_with_the_new_key_and_keeps_the_old_one_on_request(own_issuer, verifier, keep, old_token):
    old = own_issuer.mint()
    verifier.verify(old)

    new_key = own_issuer.rotate(keep=keep)

    assert header_of(own_issuer.mint())["kid"] == new_key.kid
    assert verifier.verify(own_issuer.mint())["sub"] == "user-1"
    assert (header_of(old)["kid"] in published(own_issuer)) is keep
    if keep:
        verifier.verify(old)
    else:
        assert code_of(verifier, old) == old_token


def test_withdraw_removes_a_key_and_its_tokens_find_none(own_issuer):
    kid = own_issuer.key("ES256").kid

    own_issuer.withdraw(kid)

    assert kid not in published(own_issuer)
    assert code_of(verifier_of(own_issuer), own_issuer.mint(alg="ES256")) == "unknown_key"
    with pytest.raises(ValueError, match="no published key"):
        own_issuer.withdraw(kid)


def test_fetch_counts_of_many_threads_are_complete(own_issuer):
    threads = [threading.Thread(target=get, args=(own_issuer, OPENID)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert own_issuer.fetches == {OPENID: 16}


def test_outage_makes_keys_unavailable_until_it_ends(own_issuer):
    with own_issuer.outage():
        assert get(own_issuer, "/jwks")[0] == 503
        assert code_of(verifier_of(own_issuer), own_issuer.mint()) == "keys_unavailable"

    assert verifier_of(own_issuer).verify(own_issuer.mint())["iss"] == own_issuer.issuer


def test_respond_restores_the_previous_answer_when_its_block_ends(own_issuer):
    with own_issuer.respond("/jwks", 500, "outer"):
        with own_issuer.respond("/jwks", body="inner", headers={"X-Test": "yes"}):
            status, headers, body = get(own_issuer, "/jwks")
            assert (status, headers["X-Test"], body) == (200, "yes", b"inner")
        assert get(own_issuer, "/jwks")[::2] == (500, b"outer")

    assert get(own_issuer, "/jwks")[0] == 200


def test_respond_without_a_body_changes_the_status_alone(own_issuer):
    with own_issuer.respond("/jwks", 503):
        status, _, body = get(own_issuer, "/jwks")

    assert (status, json.loads(body)) == (503, own_issuer.jwks())


def test_respond_serves_other_paths_that_are_not_found_otherwise(own_issuer):
    with own_issuer.respond("/elsewhere", body=b"{}"):
        assert get(own_issuer, "/elsewhere?query=1")[::2] == (200, b"{}")

    assert get(own_issuer, "/elsewhere")[0] == 404


def test_cache_control_is_sent_once_it_is_set(own_issuer):
    assert "Cache-Control" not in get(own_issuer, "/jwks")[1]

    own_issuer.cache_control = "max-age=60"

    assert get(own_issuer, "/jwks")[1]["Cache-Control"] == "max-age=60"


def test_etag_gives_304_until_the_keys_change(own_issuer):
    etag = get(own_issuer, "/jwks")[1]["ETag"]

    assert get(own_issuer, "/jwks", **{"If-None-Match": etag})[::2] == (304, b"")
    own_issuer.rotate("ES256")
    assert get(own_issuer, "/jwks", **{"If-None-Match": etag})[0] == 200


def test_close_cuts_a_connection_that_waits_for_an_answer(own_issuer):
    failures = []

    def wait_for_the_answer():
        try:
            get(own_issuer, "/jwks")
        except OSError as cut:
            failures.append(cut)

    with own_issuer.respond("/jwks", delay=3600):
        waiting = threading.Thread(target=wait_for_the_answer)
        waiting.start()
        while not own_issuer.fetches:
            time.sleep(0.001)
        own_issuer.close()
        waiting.join()

    assert len(failures) == 1


def test_close_ends_every_thread_and_the_url():
    before = set(threading.enumerate())
    with Issuer() as issuer:
        get(issuer, "/jwks")

    assert set(threading.enumerate()) <= before
    with pytest.raises(RuntimeError, match="with statement"):
        issuer.mint()


def test_closed_issuer_passes_its_costly_key_to_the_next():
    with Issuer() as first:
        private = first.key().private
    with Issuer() as second:
        assert second.key().private is private
