"""Keys on demand: prefetch, refresh and close, of many threads and in an outage."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.key_life import notice_outage
from tests.support.verdicts import GOOD, verdict, verdict_async
from tests.support.verifiers import health_of, verifier_of
from tests.support.waiting import eventually

from authjwks import KeyOptions, KeysUnavailable, Verifier


def test_given_many_threads__when_they_prefetch_and_verify__then_one_fetch(own_issuer):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()

    def start(number):
        verifier.prefetch()
        return verdict(verifier, token)

    with own_issuer.respond("/jwks", delay=0.2), ThreadPoolExecutor(24) as threads:
        assert list(threads.map(start, range(24))) == [GOOD] * 24

    assert (own_issuer.fetches["/jwks"], health_of(verifier).fetches) == (1, 1)


def test_given_keys_at_hand__when_prefetched_again__then_nobody_is_asked(own_issuer):
    verifier = verifier_of(own_issuer)
    verifier.prefetch()

    with own_issuer.outage():
        verifier.prefetch()

    assert health_of(verifier).fetches == 1


def test_given_an_outage__when_prefetched__then_keys_unavailable_and_the_next_try_waits_for_the_back_off(own_issuer):
    verifier = verifier_of(own_issuer)

    with own_issuer.outage():
        with pytest.raises(KeysUnavailable) as unavailable:
            verifier.prefetch()
        asked = own_issuer.fetches
        with pytest.raises(KeysUnavailable):
            verifier.prefetch()

    assert unavailable.value.retry_after >= 1
    assert own_issuer.fetches == asked


def test_given_a_back_off__when_refreshed__then_the_issuer_is_asked_all_the_same(own_issuer):
    verifier = verifier_of(own_issuer)
    with own_issuer.outage(), pytest.raises(KeysUnavailable):
        verifier.prefetch()

    verifier.refresh()

    assert health_of(verifier).state == "fresh"


@pytest.mark.parametrize("is_cold", [True, False], ids=["cold", "warm"])
def test_given_a_verifier__when_refreshed__then_the_issuer_is_asked_once(own_issuer, is_cold):
    verifier = verifier_of(own_issuer)
    if not is_cold:
        verifier.prefetch()
    before = own_issuer.fetches["/jwks"]

    verifier.refresh()

    assert own_issuer.fetches["/jwks"] == before + 1
    assert verdict(verifier, own_issuer.mint()) == GOOD


def test_given_keys_that_never_change__when_prefetched_refreshed_and_closed__then_they_still_serve(own_issuer):
    verifier = Verifier(own_issuer.issuer, own_issuer.audience, jwks=own_issuer.jwks())

    verifier.prefetch()
    verifier.refresh()
    verifier.close()

    assert verdict(verifier, own_issuer.mint()) == GOOD
    assert not own_issuer.fetches


def test_given_an_outage__when_refreshed__then_what_serves_keeps_serving(own_issuer):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()
    verifier.prefetch()

    with own_issuer.outage():
        notice_outage(verifier)

        assert verdict(verifier, token) == GOOD
    assert health_of(verifier).state == "fresh"


def test_given_a_closed_verifier__when_cold__then_keys_unavailable_and_nobody_is_asked(own_issuer):
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
def test_given_a_closed_verifier__when_warm__then_keys_serve_out_their_time_and_nobody_is_asked(own_issuer):
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
def test_given_a_fetch_under_way__when_closed__then_who_waits_is_answered(own_issuer):
    verifier = verifier_of(own_issuer)
    token = own_issuer.mint()

    with own_issuer.respond("/jwks", delay=0.3), ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(verdict, verifier, token)
        eventually(lambda: health_of(verifier).refreshing)
        verifier.close()

        assert waiting.result() in (GOOD, "keys_unavailable")
