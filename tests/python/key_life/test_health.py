"""What health tells of keys: of fixed ones, cold ones, fresh, stale and failed ones."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.verdicts import GOOD, verdict
from tests.support.verifiers import OPENID, health_of, verifier_of
from tests.support.waiting import eventually

from authjwks import IssuerHealth, KeyOptions, KeysUnavailable, Verifier


def test_fixed_keys_are_reported_as_static(own_issuer):
    verifier = Verifier(own_issuer.issuer, own_issuer.audience, jwks=own_issuer.jwks())

    health = verifier.health()

    (keys,) = health.issuers
    assert health.ready
    assert (keys.state, keys.refreshing, keys.age, keys.next_refresh) == ("static", False, None, None)
    assert (keys.last_error, keys.skipped, keys.fetches, keys.stale_serves, keys.throttled) == (None, (), 0, 0, 0)
    assert keys.keys == len(own_issuer.jwks()["keys"])


def test_fixed_keys_are_reported_under_their_issuer(own_issuer):
    verifier = Verifier(own_issuer.issuer, own_issuer.audience, jwks=own_issuer.jwks())

    assert health_of(verifier).issuer == own_issuer.issuer


def test_cold_verifier_is_not_ready_and_asking_it_fetches_nothing(own_issuer):
    verifier = verifier_of(own_issuer)

    health = verifier.health()

    (keys,) = health.issuers
    assert not health.ready
    assert keys == IssuerHealth(
        issuer=own_issuer.issuer,
        state="cold",
        refreshing=False,
        age=None,
        next_refresh=0.0,
        last_error=None,
        keys=0,
        skipped=(),
        tolerated=(),
        fetches=0,
        stale_serves=0,
        throttled=0,
    )
    assert not own_issuer.fetches


def test_fetched_keys_are_reported_as_fresh_without_another_fetch(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.prefetch()
    asked = own_issuer.fetches

    health = verifier.health()

    (keys,) = health.issuers
    assert health.ready
    assert (keys.issuer, keys.state, keys.refreshing, keys.last_error) == (own_issuer.issuer, "fresh", False, None)
    assert (keys.fetches, keys.stale_serves, keys.throttled, keys.skipped) == (1, 0, 0, ())
    assert keys.keys == len(own_issuer.jwks()["keys"])
    assert 0.0 <= keys.age < 600.0
    assert keys.age + keys.next_refresh == pytest.approx(697.5, abs=22.6)  # 75 to 80 % of 900 s
    assert own_issuer.fetches == asked


def test_unusable_keys_are_skipped_and_counted(own_issuer):
    mixed = {"keys": [{"kty": "oct", "k": "c2VjcmV0"}, *own_issuer.jwks()["keys"], {"kty": "??"}, 5]}
    verifier = verifier_of(own_issuer)

    with own_issuer.respond("/jwks", body=json.dumps(mixed)):
        assert verdict(verifier, own_issuer.mint()) == GOOD

    keys = health_of(verifier)
    reasons = [(skipped.index, skipped.reason) for skipped in keys.skipped]
    last = len(mixed["keys"]) - 1
    assert reasons == [(0, "unsupported_kty"), (last - 1, "unsupported_kty"), (last, "not_an_object")]
    assert keys.keys == len(mixed["keys"]) - 3


def test_stale_keys_serve_in_an_outage_and_each_use_is_counted(own_issuer):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=0.05))
    token = own_issuer.mint()
    verifier.prefetch()
    with own_issuer.outage():
        time.sleep(0.05)
        assert verdict(verifier, token) == GOOD  # or, if the outage is not known yet, after one attempt
        eventually(lambda: health_of(verifier).last_error)

        before = health_of(verifier).stale_serves
        assert [verdict(verifier, token) for _ in range(5)] == [GOOD] * 5

        health = verifier.health()
        (keys,) = health.issuers
        assert health.ready
        assert (keys.state, keys.last_error.code, keys.stale_serves) == ("stale", "server_error", before + 5)
        assert keys.age >= 0.05


def test_max_stale_of_zero_gives_503_as_soon_as_keys_are_old(own_issuer):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=0.05, max_stale=0))
    token = own_issuer.mint()
    verifier.prefetch()
    with own_issuer.outage():
        time.sleep(0.05)

        with pytest.raises(KeysUnavailable) as unavailable:
            verifier.verify(token)

        health = verifier.health()
        (keys,) = health.issuers
        assert not health.ready
        assert (keys.state, keys.last_error.code, keys.stale_serves) == ("failed", "server_error", 0)
        assert 0 <= keys.next_refresh <= 10
        assert 1 <= unavailable.value.retry_after <= 10


@pytest.mark.slow
def test_outage_longer_than_max_stale_gives_503_and_then_recovers(own_issuer):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=0.05, max_stale=0.3))
    token = own_issuer.mint()
    verifier.prefetch()
    with own_issuer.outage():
        verdicts = []
        eventually(lambda: verdicts.append(verdict(verifier, token)) or verdicts[-1] != GOOD)
        assert set(verdicts) == {GOOD, "keys_unavailable"}
        assert health_of(verifier).state == "failed"

    eventually(lambda: verdict(verifier, token) == GOOD)
    eventually(lambda: health_of(verifier).last_error is None)


@pytest.mark.slow
def test_health_says_refreshing_while_a_fetch_is_under_way(own_issuer):
    verifier = verifier_of(own_issuer)
    with own_issuer.respond(OPENID, delay=0.5), ThreadPoolExecutor(1) as thread:
        prefetching = thread.submit(verifier.prefetch)
        assert eventually(lambda: health_of(verifier).refreshing)
        prefetching.result()

    assert not health_of(verifier).refreshing
