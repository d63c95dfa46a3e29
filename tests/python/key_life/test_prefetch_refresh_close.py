"""Keys on demand: prefetch, refresh and close, of many threads and in an outage."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.key_life import notice_outage
from tests.support.verdicts import GOOD, verdict, verdict_async
from tests.support.verifiers import health_of, verifier_of
from tests.support.waiting import eventually

from authjwks import KeyOptions, KeysUnavailable, Verifier


def test_prefetch_and_verify_by_many_threads_cost_one_fetch(own_issuer):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()

    def start(number):
        verifier.prefetch()
        return verdict(verifier, token)

    with own_issuer.respond("/jwks", delay=0.2), ThreadPoolExecutor(24) as threads:
        assert list(threads.map(start, range(24))) == [GOOD] * 24

    assert (own_issuer.fetches["/jwks"], health_of(verifier).fetches) == (1, 1)


def test_prefetch_of_fresh_keys_fetches_nothing(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.prefetch()

    with own_issuer.outage():
        verifier.prefetch()

    assert health_of(verifier).fetches == 1


def test_prefetch_in_an_outage_raises_and_respects_the_back_off(own_issuer):
    verifier = verifier_of(own_issuer)

    with own_issuer.outage():
        with pytest.raises(KeysUnavailable) as unavailable:
            verifier.prefetch()
        asked = own_issuer.fetches
        with pytest.raises(KeysUnavailable):
            verifier.prefetch()

    assert unavailable.value.retry_after >= 1
    assert own_issuer.fetches == asked


def test_refresh_ignores_the_back_off(own_issuer):
    verifier = verifier_of(own_issuer)
    with own_issuer.outage(), pytest.raises(KeysUnavailable):
        verifier.prefetch()

    verifier.refresh()

    assert health_of(verifier).state == "fresh"


@pytest.mark.parametrize("is_cold", [True, False], ids=["cold", "warm"])
def test_refresh_asks_the_issuer_once(own_issuer, is_cold):
    verifier = verifier_of(own_issuer)
    if not is_cold:
        verifier.prefetch()
    before = own_issuer.fetches["/jwks"]

    verifier.refresh()

    assert own_issuer.fetches["/jwks"] == before + 1
    assert verdict(verifier, own_issuer.mint()) == GOOD


def test_prefetch_refresh_and_close_leave_fixed_keys_serving(own_issuer):
    verifier = Verifier(own_issuer.issuer, own_issuer.audience, jwks=own_issuer.jwks())

    verifier.prefetch()
    verifier.refresh()
    verifier.close()

    assert verdict(verifier, own_issuer.mint()) == GOOD
    assert not own_issuer.fetches


def test_refresh_in_an_outage_leaves_the_keys_serving(own_issuer):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()
    verifier.prefetch()

    with own_issuer.outage():
        notice_outage(verifier)

        assert verdict(verifier, token) == GOOD
    assert health_of(verifier).state == "fresh"


def test_closed_cold_verifier_asks_nobody(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.close()
    verifier.close()

    assert verdict(verifier, own_issuer.mint()) == "keys_unavailable"
    assert asyncio.run(verdict_async(verifier, own_issuer.mint())) == "keys_unavailable"
    with pytest.raises(KeysUnavailable):
        verifier.prefetch()
    with pytest.raises(KeysUnavailable):
        verifier.refresh()
    assert not own_issuer.fetches


@pytest.mark.slow
def test_closed_warm_verifier_serves_until_keys_expire_and_asks_nobody(own_issuer):
    verifier = verifier_of(own_issuer, keys=KeyOptions(ttl=0.2, max_stale=0.3, cooldown=0))
    token = own_issuer.mint()
    verifier.prefetch()
    verifier.close()
    asked = own_issuer.fetches

    verdicts = []
    eventually(lambda: verdicts.append(verdict(verifier, token)) or verdicts[-1] != GOOD)

    assert set(verdicts) == {GOOD, "keys_unavailable"}
    assert own_issuer.fetches == asked


@pytest.mark.slow
def test_close_answers_those_who_wait_for_a_fetch(own_issuer):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()

    with own_issuer.respond("/jwks", delay=0.3), ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(verdict, verifier, token)
        eventually(lambda: health_of(verifier).refreshing)
        verifier.close()

        assert waiting.result() in (GOOD, "keys_unavailable")
