"""A cached token passes only while its times allow it."""

import asyncio
import time

import pytest
from tests.support.token_cache import cached, fixed_of, verdict_at
from tests.support.verdicts import GOOD, verdict
from tests.support.waiting import eventually

from authjwks import InvalidToken


def test_cached_token_is_refused_at_the_moment_it_expires(own_issuer, fixed):
    token = cached(fixed, own_issuer.mint(alg="ES256", exp=2**32))

    assert verdict_at(fixed, token, 2**32 + 29.999) == GOOD
    assert verdict_at(fixed, token, 2**32 + 30) == "expired"
    assert verdict_at(fixed, token, 2**40) == "expired"
    assert verdict_at(fixed, token, 2**32) == GOOD  # a clock that was put right again


@pytest.mark.slow
def test_cached_token_expires_as_real_time_passes(own_issuer):
    verifier = fixed_of(own_issuer, leeway=0)
    token = own_issuer.mint(alg="ES256", exp=time.time() + 1.5)
    cached(verifier, token)

    eventually(lambda: verdict(verifier, token) == "expired")

    assert verdict(verifier, token) == "expired"
    with pytest.raises(InvalidToken):
        asyncio.run(verifier.verify_async(token))


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_cached_token_is_not_yet_valid_when_the_clock_goes_back(own_issuer, fixed, claim):
    birth = int(time.time()) - 1000
    token = cached(fixed, own_issuer.mint({"iat": birth - 100, claim: birth}, alg="ES256"))

    assert verdict_at(fixed, token, birth - 30) == GOOD
    assert verdict_at(fixed, token, birth - 30.5) == "not_yet_valid"
    assert verdict_at(fixed, token, 0) == "not_yet_valid"
    assert verdict(fixed, token) == GOOD


def test_token_without_expiry_is_cached_and_its_other_times_count(own_issuer):
    verifier = fixed_of(own_issuer, required_claims=())
    token = cached(verifier, own_issuer.mint(alg="ES256", exp=None, nbf=1000))

    assert verdict_at(verifier, token, 1e15) == GOOD
    assert verdict_at(verifier, token, 900) == "not_yet_valid"
