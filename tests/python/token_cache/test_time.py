"""A remembered token passes only while its times allow it."""

import asyncio
import time

import pytest
from tests.support.token_cache import fixed_of, remembered, verdict_at
from tests.support.verdicts import GOOD, verdict
from tests.support.waiting import eventually

from authjwks import InvalidToken


def test_given_a_remembered_token__when_it_expires__then_refused_at_that_very_moment(own_issuer, fixed):
    token = remembered(fixed, own_issuer.mint(alg="ES256", exp=2**32))

    assert verdict_at(fixed, token, 2**32 + 29.999) == GOOD
    assert verdict_at(fixed, token, 2**32 + 30) == "expired"
    assert verdict_at(fixed, token, 2**40) == "expired"
    assert verdict_at(fixed, token, 2**32) == GOOD  # a clock that was put right again


@pytest.mark.slow
def test_given_a_remembered_token__when_real_time_passes__then_it_expires(own_issuer):
    verifier = fixed_of(own_issuer, leeway=0)
    token = own_issuer.mint(alg="ES256", exp=time.time() + 1.5)
    remembered(verifier, token)

    eventually(lambda: verdict(verifier, token) == "expired")

    assert verdict(verifier, token) == "expired"
    with pytest.raises(InvalidToken):
        asyncio.run(verifier.verify_async(token))


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_given_a_remembered_token__when_the_clock_goes_back_before_its_time__then_not_yet_valid(
    own_issuer, fixed, claim
):
    birth = int(time.time()) - 1000
    token = remembered(fixed, own_issuer.mint({"iat": birth - 100, claim: birth}, alg="ES256"))

    assert verdict_at(fixed, token, birth - 30) == GOOD
    assert verdict_at(fixed, token, birth - 30.5) == "not_yet_valid"
    assert verdict_at(fixed, token, 0) == "not_yet_valid"
    assert verdict(fixed, token) == GOOD


def test_given_a_token_without_expiry__when_waived__then_it_is_remembered_and_its_other_times_count(own_issuer):
    verifier = fixed_of(own_issuer, required_claims=())
    token = remembered(verifier, own_issuer.mint(alg="ES256", exp=None, nbf=1000))

    assert verdict_at(verifier, token, 1e15) == GOOD
    assert verdict_at(verifier, token, 900) == "not_yet_valid"
