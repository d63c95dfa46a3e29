"""Verifiers that cache tokens, and proof that a token was cached."""

from __future__ import annotations

from typing import Any

from tests.support.verifiers import verifier_of

from authjwks import AuthError, KeyOptions, Verifier, _core
from authjwks.testing import Issuer


def fixed_of(issuer: Issuer, /, **options: Any) -> Verifier:
    """One that judges by keys that never change."""
    return Verifier(**{"issuer": issuer.issuer, "audience": issuer.audience, "jwks": issuer.jwks(), **options})


def found_of(issuer: Issuer, /, **options: Any) -> Verifier:
    """One that finds its keys by discovery, and asks again for every key that it does not know."""
    return verifier_of(issuer, **{"keys": KeyOptions(cooldown=0.0), **options})


def cache_of(verifier: Verifier) -> Any:
    """The counters of its cache; None if it has none."""
    return verifier.health().token_cache


def counters_of(verifier: Verifier) -> tuple[int, ...]:
    """Hits, misses, evictions, entries and bytes of its cache."""
    cache = cache_of(verifier)
    return cache.hits, cache.misses, cache.evictions, cache.entries, cache.bytes


def from_cache(verifier: Verifier, token: str) -> Any:
    """The claims of a token that must be found in the cache."""
    before = cache_of(verifier).hits
    claims = verifier.verify(token)
    assert cache_of(verifier).hits == before + 1, "the attack never met the cache"
    return claims


def cached(verifier: Verifier, token: str) -> str:
    """The token, once it has passed and been found in the cache."""
    verifier.verify(token)
    from_cache(verifier, token)
    return token


def verdict_at(verifier: Verifier, token: str, now: float) -> str:
    """The token's `sub` or the code of its refusal, judged at `now`."""
    try:
        return str(_core.testing.verify_at(verifier._native, token, now)["sub"])
    except AuthError as refused:
        return refused.code
