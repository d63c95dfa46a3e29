"""A remembered token passes only by keys that its issuer still publishes."""

import asyncio
import json

import pytest
from tests.support.token_cache import cache_of, found_of, from_cache, remembered
from tests.support.verdicts import GOOD, verdict, verdict_async
from tests.support.waiting import eventually

from authjwks import KeyOptions


def test_given_a_remembered_token__when_its_key_is_withdrawn__then_refused_after_the_next_fetch(own_issuer, found):
    token = remembered(found, own_issuer.mint(alg="ES256"))
    kid = own_issuer.key("ES256").kid
    own_issuer.rotate("ES256", keep=False)

    found.refresh()

    assert [verdict(found, token), asyncio.run(verdict_async(found, token))] == ["unknown_key"] * 2
    assert kid not in {key["kid"] for key in own_issuer.jwks()["keys"]}


def test_given_a_remembered_token__when_its_key_id_comes_to_name_another_key__then_bad_signature(own_issuer, found):
    token = remembered(found, own_issuer.mint(alg="ES256"))
    impostor = own_issuer.impostor("ES256")

    with own_issuer.respond("/jwks", body=json.dumps({"keys": [impostor.jwk()]})):
        found.refresh()
        assert [verdict(found, token) for _ in range(2)] == ["bad_signature"] * 2
    found.refresh()
    assert verdict(found, token) == GOOD


def test_given_a_remembered_token__when_another_key_is_published__then_it_is_checked_once_more(own_issuer, found):
    token = remembered(found, own_issuer.mint(alg="ES256"))
    own_issuer.rotate("ES256")
    found.refresh()
    before = cache_of(found)

    assert [verdict(found, token) for _ in range(3)] == [GOOD] * 3

    after = cache_of(found)
    assert (after.hits, after.misses, after.entries) == (before.hits + 2, before.misses + 1, before.entries)


def test_given_a_remembered_token__when_the_same_keys_come_back__then_it_stays(own_issuer, found):
    token = remembered(found, own_issuer.mint(alg="ES256"))

    found.refresh()

    from_cache(found, token)


@pytest.mark.slow
def test_given_an_outage_beyond_max_stale__when_a_remembered_token_comes__then_503_and_no_remembered_yes(own_issuer):
    verifier = found_of(own_issuer, keys=KeyOptions(ttl=0.2, max_stale=0.3, cooldown=0.0))
    token = own_issuer.mint(alg="ES256")
    verifier.prefetch()
    eventually(lambda: verdict(verifier, token) == GOOD and cache_of(verifier).hits)
    with own_issuer.outage():
        eventually(lambda: verdict(verifier, token) == "keys_unavailable")
        assert [verdict(verifier, token) for _ in range(3)] == ["keys_unavailable"] * 3
        assert asyncio.run(verdict_async(verifier, token)) == "keys_unavailable"
    eventually(lambda: verdict(verifier, token) == GOOD)


def test_given_keys_past_their_ttl__when_the_key_was_withdrawn_meanwhile__then_the_cache_does_not_say_yes(own_issuer):
    verifier = found_of(own_issuer, keys=KeyOptions(ttl=3600, cooldown=0.0))
    with own_issuer.respond("/jwks", headers={"Cache-Control": "max-age=60"}):
        token = remembered(verifier, own_issuer.mint(alg="ES256"))
    own_issuer.withdraw(own_issuer.key("ES256").kid)
    verifier.refresh()

    assert verdict(verifier, token) == "unknown_key"


def test_given_a_closed_verifier__when_a_remembered_token_comes__then_it_is_judged_as_any_other(own_issuer, found):
    token, other = remembered(found, own_issuer.mint(alg="ES256")), own_issuer.mint(alg="ES256")
    found.close()

    assert verdict(found, token) == verdict(found, other) == GOOD
