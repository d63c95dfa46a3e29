"""A token that one verifier remembers, or one issuer signed, is worth nothing elsewhere."""

import json

import pytest
from tests.servers.recording import Answer, RecordingServer
from tests.support.token_cache import cache_of, fixed_of, found_of, from_cache, remembered
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
def test_given_a_token_that_one_verifier_remembers__when_a_stricter_one_is_asked__then_refused(
    own_issuer, strict, code
):
    lenient, other = fixed_of(own_issuer, audience=ANY, leeway=300), fixed_of(own_issuer, **strict)
    token = remembered(lenient, own_issuer.mint(alg="ES256"))

    assert [verdict(other, token) for _ in range(3)] == [code] * 3
    assert cache_of(other)[:3] == (0, 3, 0)


def test_given_a_token_within_a_larger_leeway__when_one_with_less_is_asked__then_expired(own_issuer):
    lenient, strict = fixed_of(own_issuer, leeway=300), fixed_of(own_issuer, leeway=0)
    token = remembered(lenient, own_issuer.mint(alg="ES256", lifetime=-60))

    assert [verdict(strict, token), verdict(lenient, token)] == ["expired", GOOD]


def test_given_the_same_options_twice__when_one_verifier_remembers__then_the_other_does_not_know(own_issuer):
    one, two = fixed_of(own_issuer), fixed_of(own_issuer)
    token = remembered(one, own_issuer.mint())

    two.verify(token)

    assert cache_of(two)[:2] == (0, 1)


def test_given_several_issuers__when_tokens_of_each_are_remembered__then_the_fate_of_one_is_not_the_others(own_issuer):
    with Issuer() as other:
        verifier = found_of(own_issuer, issuer=[own_issuer.issuer, other.issuer])
        mine, theirs = (remembered(verifier, each.mint(alg="ES256")) for each in (own_issuer, other))
        own_issuer.rotate("ES256", keep=False)
        verifier.refresh()

        assert verdict(verifier, mine) == "unknown_key"
        from_cache(verifier, theirs)
        assert verdict(verifier, other.mint(alg="ES256", iss=own_issuer.issuer)) == "unknown_key"
        assert verdict(verifier, own_issuer.mint(alg="ES256", iss=other.issuer)) != GOOD


@pytest.mark.slow
def test_given_a_template__when_more_tenants_come_than_are_kept__then_a_forgotten_ones_token_is_judged_anew(own_issuer):
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
        token = remembered(verifier, own_issuer.mint(alg="ES256", iss=f"{base}/first"))
        for number in range(1030):
            assert verdict(verifier, own_issuer.mint(alg="ES256", iss=f"{base}/t{number}")) == GOOD
        fetches = len(server.asked)

        assert verdict(verifier, token) == GOOD

        assert len(server.asked) == fetches + 2, "its keys are fetched again before it passes"
        keys = json.dumps({"keys": []}).encode()
        verifier.refresh()
        assert verdict(verifier, token) == "unknown_key"


def test_given_a_function_that_trusts__when_asked_for_a_remembered_token__then_it_passes_by_its_issuers_keys(
    own_issuer,
):
    asked = []

    def trusts(name):
        asked.append(name)
        return name == own_issuer.issuer

    verifier = found_of(own_issuer, issuer=trusts)
    token = remembered(verifier, own_issuer.mint(alg="ES256"))
    with Issuer() as stranger:
        assert [verdict(verifier, stranger.mint()) for _ in range(2)] == ["wrong_issuer"] * 2
    own_issuer.rotate("ES256", keep=False)
    verifier.refresh()

    assert verdict(verifier, token) == "unknown_key"
    assert asked.count(own_issuer.issuer) == 1
