"""A token that one verifier caches, or one issuer signed, is worth nothing elsewhere."""

import json

import pytest
from tests.servers.recording import Answer, RecordingServer
from tests.support.token_cache import cached, counters_of, fixed_of, found_of, from_cache
from tests.support.verdicts import GOOD, verdict

from authjwks import ANY
from authjwks.testing import Issuer


@pytest.mark.parametrize(
    ("strict", "code"),
    [
        pytest.param({"audience": "https://other.example"}, "wrong_audience", id="audience"),
        pytest.param({"issuer": "https://other.example"}, "wrong_issuer", id="issuer"),
        pytest.param({"token_type": "logout+jwt"}, "wrong_type", id="type"),
        pytest.param({"required_claims": ["exp", "tenant"]}, "claim_missing", id="required_claims"),
        pytest.param({"algorithms": ["RS256"]}, "unsupported_alg", id="algorithms"),
        pytest.param({"max_token_bytes": 100}, "too_long", id="size"),
    ],
)
def test_token_cached_by_one_verifier_is_refused_by_a_stricter_one(own_issuer, strict, code):
    lenient, other = fixed_of(own_issuer, audience=ANY, leeway=300), fixed_of(own_issuer, **strict)
    token = cached(lenient, own_issuer.mint(alg="ES256"))

    assert [verdict(other, token) for _ in range(3)] == [code] * 3
    assert counters_of(other)[:3] == (0, 3, 0)


def test_token_cached_with_more_leeway_is_expired_with_less(own_issuer):
    lenient, strict = fixed_of(own_issuer, leeway=300), fixed_of(own_issuer, leeway=0)
    token = cached(lenient, own_issuer.mint(alg="ES256", lifetime=-60))

    assert [verdict(strict, token), verdict(lenient, token)] == ["expired", GOOD]


def test_verifiers_with_equal_options_do_not_share_a_cache(own_issuer):
    one, two = fixed_of(own_issuer), fixed_of(own_issuer)
    token = cached(one, own_issuer.mint())

    two.verify(token)

    assert counters_of(two)[:2] == (0, 1)


def test_withdrawn_key_of_one_issuer_leaves_tokens_of_others_cached(own_issuer):
    with Issuer() as other:
        verifier = found_of(own_issuer, issuer=[own_issuer.issuer, other.issuer])
        mine, theirs = (cached(verifier, each.mint(alg="ES256")) for each in (own_issuer, other))
        own_issuer.rotate("ES256", keep=False)
        verifier.refresh()

        assert verdict(verifier, mine) == "unknown_key"
        from_cache(verifier, theirs)
        assert verdict(verifier, other.mint(alg="ES256", iss=own_issuer.issuer)) == "unknown_key"
        assert verdict(verifier, own_issuer.mint(alg="ES256", iss=other.issuer)) != GOOD


@pytest.mark.slow
def test_dropped_tenant_has_its_cached_token_judged_anew(own_issuer):
    def answer(asked):
        if asked.path == "/jwks":
            return Answer(200, {}, keys)
        base = f"http://127.0.0.1:{server.server_port}"
        tenant = asked.path.split("/")[1]
        return Answer(200, {}, json.dumps({"issuer": f"{base}/{tenant}", "jwks_uri": f"{base}/jwks"}).encode())

    keys = json.dumps(own_issuer.jwks()).encode()
    with RecordingServer(answer) as server:
        base = f"http://127.0.0.1:{server.server_port}"
        verifier = found_of(own_issuer, issuer=base + "/{tenant}")
        token = cached(verifier, own_issuer.mint(alg="ES256", iss=f"{base}/first"))
        for number in range(1030):
            assert verdict(verifier, own_issuer.mint(alg="ES256", iss=f"{base}/t{number}")) == GOOD
        fetches = len(server.asked)

        assert verdict(verifier, token) == GOOD

        assert len(server.asked) == fetches + 2, "its keys are fetched again before it passes"
        own_issuer.rotate("ES256", keep=False)
        keys = json.dumps(own_issuer.jwks()).encode()
        verifier.refresh()
        assert verdict(verifier, token) == "unknown_key"


def test_function_that_trusts_is_asked_once_and_its_keys_still_decide(
    own_issuer,
):
    asked = []

    def trusts(name):
        asked.append(name)
        return name == own_issuer.issuer

    verifier = found_of(own_issuer, issuer=trusts)
    token = cached(verifier, own_issuer.mint(alg="ES256"))
    with Issuer() as stranger:
        assert [verdict(verifier, stranger.mint()) for _ in range(2)] == ["wrong_issuer"] * 2
    own_issuer.rotate("ES256", keep=False)
    verifier.refresh()

    assert verdict(verifier, token) == "unknown_key"
    assert asked.count(own_issuer.issuer) == 1
