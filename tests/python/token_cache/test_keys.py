"""A cached token passes only by keys that its issuer still publishes."""

import asyncio
import json

import pytest
from tests.support.token_cache import cache_of, cached, found_of, from_cache
from tests.support.verdicts import GOOD, verdict, verdict_async
from tests.support.waiting import eventually

from authjwks import KeyOptions


def test_withdrawn_key_ends_its_cached_tokens_at_the_next_fetch(own_issuer, found):
    token = cached(found, own_issuer.mint(alg="ES256"))
    kid = own_issuer.key("ES256").kid
    own_issuer.rotate("ES256", keep=False)

    found.refresh()

    assert [verdict(found, token), asyncio.run(verdict_async(found, token))] == ["unknown_key"] * 2
    assert kid not in {key["kid"] for key in own_issuer.jwks()["keys"]}


def test_key_id_reused_for_another_key_ends_cached_tokens(own_issuer, found):
    token = cached(found, own_issuer.mint(alg="ES256"))
    impostor = own_issuer.impostor("ES256")

    with own_issuer.respond("/jwks", body=json.dumps({"keys": [impostor.jwk()]})):
        found.refresh()
        assert [verdict(found, token) for _ in range(2)] == ["bad_signature"] * 2
    found.refresh()
    assert verdict(found, token) == GOOD


def test_newly_published_key_has_tokens_checked_once_more(own_issuer, found):
    token = cached(found, own_issuer.mint(alg="ES256"))
    own_issuer.rotate("ES256")
    found.refresh()
    before = cache_of(found)

    assert [verdict(found, token) for _ in range(3)] == [GOOD] * 3

    after = cache_of(found)
    assert (after.hits, after.misses, after.entries) == (before.hits + 2, before.misses + 1, before.entries)


def test_unchanged_keys_leave_tokens_cached(own_issuer, found):
    token = cached(found, own_issuer.mint(alg="ES256"))

    found.refresh()

    from_cache(found, token)


@pytest.mark.slow
def test_cached_token_gets_503_after_max_stale(own_issuer):
    verifier = found_of(own_issuer, keys=KeyOptions(ttl=0.2, max_stale=0.3, cooldown=0.0))
    token = own_issuer.mint(alg="ES256")
    verifier.prefetch()
    eventually(lambda: verdict(verifier, token) == GOOD and cache_of(verifier).hits)
    with own_issuer.outage():
        eventually(lambda: verdict(verifier, token) == "keys_unavailable")
        assert [verdict(verifier, token) for _ in range(3)] == ["keys_unavailable"] * 3
        assert asyncio.run(verdict_async(verifier, token)) == "keys_unavailable"
    eventually(lambda: verdict(verifier, token) == GOOD)


def test_cached_token_of_a_withdrawn_key_is_refused_after_a_refresh(own_issuer):
    verifier = found_of(own_issuer, keys=KeyOptions(ttl=3600, cooldown=0.0))
    with own_issuer.respond("/jwks", headers={"Cache-Control": "max-age=60"}):
        token = cached(verifier, own_issuer.mint(alg="ES256"))
    own_issuer.withdraw(own_issuer.key("ES256").kid)
    verifier.refresh()

    assert verdict(verifier, token) == "unknown_key"


def test_closed_verifier_judges_cached_tokens_like_any_other(own_issuer, found):
    token, other = cached(found, own_issuer.mint(alg="ES256")), own_issuer.mint(alg="ES256")
    found.close()

    assert verdict(found, token) == verdict(found, other) == GOOD
