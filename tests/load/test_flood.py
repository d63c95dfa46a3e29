"""A flood of made-up key ids: what it costs the issuer, and what callers with known keys feel of it."""

from __future__ import annotations

import statistics
import time
from base64 import urlsafe_b64encode
from collections import Counter

import pytest
from tests.support.verdicts import GOOD, verdict
from tests.support.verifiers import verifier_of

from authjwks.testing import Issuer

FLOOD = 100_000
BURST = 5  # fetches for unknown keys at once
COOLDOWN = 10.0  # seconds, after each of which one more may follow


def known_seconds(verifier, known, between) -> list[float]:
    """How long a token of a known key takes, each time after `between()`."""
    durations = []
    for _ in range(FLOOD // 10):
        between()
        began = time.perf_counter()
        verifier.verify(known)
        durations.append(time.perf_counter() - began)
    return durations


@pytest.fixture
def issuer():
    with Issuer() as running:
        yield running


def test_flood_of_made_up_key_ids_costs_few_fetches_and_known_keys_nothing(issuer, capsys):
    verifier = verifier_of(issuer, token_cache=None)
    known = issuer.mint(lifetime=3600)
    verifier.prefetch()
    _, claims, signature = issuer.mint(alg="Ed25519").split(".")
    flood = iter([f"{_header(number)}.{claims}.{signature}" for number in range(FLOOD)])
    verdicts: Counter[str] = Counter()
    seconds = []

    def send_ten() -> None:
        began = time.perf_counter()
        verdicts.update(verdict(verifier, next(flood)) for _ in range(10))
        seconds.append((time.perf_counter() - began) / 10)

    quiet = known_seconds(verifier, known, lambda: None)
    began = time.monotonic()
    flooded = known_seconds(verifier, known, send_ten)
    lasted = time.monotonic() - began

    with capsys.disabled():
        print(
            f"\n{FLOOD} made-up key ids in {lasted:.1f} s, {statistics.median(seconds) * 1e6:.2f} us each (median); "
            f"{issuer.fetches['/jwks'] - 1} fetches; known keys, p99: "
            f"{_p99(quiet):.1f} us quiet, {_p99(flooded):.1f} us in the flood"
        )
    assert set(verdicts) <= {"unknown_key", "keys_unavailable"}
    assert verdicts["unknown_key"] <= BURST + lasted // COOLDOWN
    assert issuer.fetches["/jwks"] <= 1 + BURST + lasted // COOLDOWN
    assert verdict(verifier, known) == GOOD


def _header(number: int) -> str:
    """Of a token of Ed25519 with a key id of its own, as base64url; the key id has a length that needs no padding."""
    return urlsafe_b64encode(f'{{"alg":"EdDSA","kid":"{number:015}","typ":"JWT"}}  '.encode()).decode().rstrip("=")


def _p99(durations: list[float]) -> float:
    return statistics.quantiles(durations, n=100)[98] * 1e6
