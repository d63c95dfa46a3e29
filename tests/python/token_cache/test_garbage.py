"""Claims that were cached are freed in time, and the collector finds nothing amiss."""

import gc
import sys
import tracemalloc
import weakref

import pytest
from tests.support.token_cache import cache_of, cached, fixed_of

from authjwks import TokenCacheOptions

WITHOUT_GIL = not getattr(sys, "_is_gil_enabled", lambda: True)()


def test_ten_thousand_hits_leak_no_memory(own_issuer, fixed):
    token = cached(fixed, own_issuer.mint({"deep": [{"a": ["b" * 100, 2**60, 0.5, [], {}]}]}, alg="ES256"))
    text = fixed.verify(token)["deep"][0]["a"][0]
    references = sys.getrefcount(text)
    tracemalloc.start()
    try:
        for _ in range(1000):
            fixed.verify(token)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(10_000):
            fixed.verify(token)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert after - before < 5000
    assert sys.getrefcount(text) == references


def test_claims_are_freed_with_their_verifier(own_issuer):
    verifier = fixed_of(own_issuer)
    claims = verifier.verify(own_issuer.mint({"marker": "m" * 100}, alg="ES256"))
    marker = claims["marker"]
    end = weakref.ref(verifier)
    held = sys.getrefcount(marker)

    del verifier
    gc.collect()

    assert end() is None
    assert sys.getrefcount(marker) == held - 1


def test_cached_claims_are_not_walked_by_the_garbage_collector(own_issuer, fixed):
    tokens = [own_issuer.mint({"deep": {"a": [[number], {"b": [number]}]}}, alg="ES256") for number in range(50)]
    fixed.verify(tokens[0])
    gc.collect()
    before = len(gc.get_objects())

    for token in tokens:
        fixed.verify(token)
    gc.collect()

    assert cache_of(fixed).entries == 50
    assert len(gc.get_objects()) - before < 10


@pytest.mark.parametrize("is_cached", [False, True], ids=["first", "again"])
def test_claims_tied_into_a_cycle_are_collected(own_issuer, fixed, is_cached):
    class Marker:
        pass

    for claims in ({}, {"deep": {"a": [1]}}):
        token = own_issuer.mint(claims, alg="ES256")
        if is_cached:
            cached(fixed, token)
        tied = fixed.verify(token)
        tied["self"], tied["marker"] = [tied], Marker()
        marker = weakref.ref(tied["marker"])

        del tied
        gc.collect()

        assert marker() is None


def test_claims_of_evicted_tokens_are_freed(own_issuer):
    verifier = fixed_of(own_issuer, token_cache=TokenCacheOptions(max_entries=1))
    marker = verifier.verify(own_issuer.mint({"marker": "m" * 100}, alg="ES256"))["marker"]
    held = sys.getrefcount(marker)

    verifier.verify(own_issuer.mint(alg="ES256"))

    assert sys.getrefcount(marker) == held - 1


def test_finalisers_that_verify_get_right_claims_from_the_cache(own_issuer):
    verifier = fixed_of(own_issuer, token_cache=TokenCacheOptions(max_entries=8))
    tokens = [own_issuer.mint({f"c{number}": {f"d{number}": [number]}}, alg="ES256") for number in range(40)]
    expected = [verifier.verify(token) for token in tokens]
    turn = iter(range(10**9))
    wrong = []

    class Garbage:
        def __init__(self):
            self.myself = self

        def __del__(self):
            number = next(turn) % 40
            if verifier.verify(tokens[number]) != expected[number]:
                wrong.append(number)

    thresholds = gc.get_threshold()
    gc.set_threshold(1)
    try:
        kept = []
        for number in range(2000):
            Garbage()
            if WITHOUT_GIL and number % 10 == 0:
                gc.collect()  # there the collector never runs for a few objects, whatever its threshold
            kept.append(verifier.verify(tokens[number % 40]))  # so that no free dict is at hand
            if kept[-1] != expected[number % 40]:
                wrong.append(number)
    finally:
        gc.set_threshold(*thresholds)

    assert not wrong
    assert next(turn) > 100, "the collector never ran"
