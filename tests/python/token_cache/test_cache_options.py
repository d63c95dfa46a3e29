"""What a cache is told, and what it counts."""

import pytest
from tests.support.token_cache import cache_of, counters_of, fixed_of
from tests.support.verdicts import GOOD, verdict

from authjwks import ConfigError, TokenCacheOptions
from authjwks.testing import tampered


def test_token_is_checked_every_time_without_a_cache(own_issuer):
    verifier = fixed_of(own_issuer, token_cache=None)
    token = own_issuer.mint({"marker": 1234.5}, alg="ES256")

    markers = [verifier.verify(token)["marker"] for _ in range(3)]

    assert len({id(marker) for marker in markers}) == 3, "each is made anew"
    assert cache_of(verifier) is None


@pytest.mark.parametrize("given", [True, 0, 5, (1, 2), {}, "16 MiB", TokenCacheOptions])
def test_illegal_cache_option_is_a_config_error(own_issuer, given):
    with pytest.raises(ConfigError, match="token_cache"):
        fixed_of(own_issuer, token_cache=given)


def test_health_counts_hits_misses_evictions_and_size(own_issuer):
    verifier = fixed_of(own_issuer, token_cache=TokenCacheOptions(max_entries=2))
    one, two, three = (own_issuer.mint(alg="ES256") for _ in range(3))
    assert counters_of(verifier) == (0, 0, 0, 0, 0)

    for token in (one, two, one, one, tampered(one), three):
        verdict(verifier, token)

    cache = cache_of(verifier)
    assert (cache.hits, cache.misses, cache.evictions, cache.entries) == (2, 4, 1, 2)
    assert len(one + three) < cache.bytes < 8000
    verdict(verifier, two)  # was the one to go
    assert counters_of(verifier)[:3] == (2, 5, 2)


def test_token_larger_than_the_cache_passes_and_is_not_kept(own_issuer):
    verifier = fixed_of(own_issuer, token_cache=TokenCacheOptions(max_bytes=1000))
    token = own_issuer.mint({"x": "y" * 5000}, alg="ES256")

    assert [verdict(verifier, token) for _ in range(2)] == [GOOD] * 2
    assert counters_of(verifier) == (0, 2, 0, 0, 0)
