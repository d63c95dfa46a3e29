"""Objects that verify a token while they are destroyed, in the middle of a verification: neither disturbs the other."""

from __future__ import annotations

import gc
import random
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from authjwks import TokenCacheOptions, Verifier
from authjwks.testing import Issuer

pytestmark = pytest.mark.slow

THREADS, SECONDS = 4, 1.0
CACHES = [
    pytest.param(None, id="without_cache"),
    pytest.param(TokenCacheOptions(), id="cached"),
    pytest.param(TokenCacheOptions(max_entries=1), id="cache_of_one"),
]


class Trial:
    """Tokens of very different sizes, whose claims are compared each time that one of them is verified."""

    def __init__(self, issuer: Issuer, token_cache: TokenCacheOptions | None) -> None:
        self.verifier = Verifier(issuer.issuer, issuer.audience, jwks=issuer.jwks(), token_cache=token_cache)
        claims = [{"nested": [{"n": [number, {"text": "x" * number}]}] * number} for number in (0, 1, 3, 10, 40, 90)]
        minted = [issuer.mint(each, alg=alg) for each in claims for alg in ("EdDSA", "ES256")]
        self.tokens = [(token, self.verifier.verify(token)) for token in minted]
        self.are_right: list[bool] = []  # appending is thread-safe
        self.running = threading.local()

    def verify(self, number: int | None = None) -> None:
        token, claims = random.choice(self.tokens) if number is None else self.tokens[number]
        self.are_right.append(self.verifier.verify(token) == claims)

    def verify_in_passing(self, *_: object) -> None:
        """For what is called in the middle of anything, verifying included, and must come to an end."""
        depth = getattr(self.running, "depth", 0)
        if depth < 8:
            self.running.depth = depth + 1
            self.verify()
            self.running.depth = depth


class Knot:
    """Garbage that only the collector can free, and that verifies a token when it does."""

    def __init__(self, trial: Trial) -> None:
        self.trial, self.itself = trial, self
        self.watched = Watched()
        weakref.finalize(self.watched, trial.verify_in_passing).atexit = False

    def __del__(self) -> None:
        self.trial.verify_in_passing()


class Watched:
    """Has its end told to a weak reference."""


@pytest.fixture
def eager_collector():
    """Runs with almost every container that is made; before Python 3.12, also with those that native code makes."""
    before = gc.get_threshold()
    gc.set_threshold(1)
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize("token_cache", CACHES)
def test_finalisers_that_verify_do_not_disturb_claims(token_cache, eager_collector):
    with Issuer() as issuer:
        trial = Trial(issuer, token_cache)
        end = time.monotonic() + SECONDS

        def churn() -> None:
            while time.monotonic() < end:
                for _ in range(3):
                    Knot(trial)
                trial.verify()

        with ThreadPoolExecutor(THREADS) as threads:
            for running in [threads.submit(churn) for _ in range(THREADS)]:
                running.result()

    assert len(trial.are_right) > 100
    assert all(trial.are_right)


@pytest.mark.parametrize("token_cache", CACHES)
def test_garbage_collector_that_verifies_does_not_disturb_claims(token_cache, eager_collector):
    with Issuer() as issuer:
        trial, alive = Trial(issuer, token_cache), []
        gc.callbacks.append(trial.verify_in_passing)
        try:
            for _ in range(300):
                gc.disable()
                alive.append([[], []])
                gc.enable()
                trial.verify()  # the first container that it makes is one too many
        finally:
            gc.callbacks.remove(trial.verify_in_passing)

    assert len(trial.are_right) > 300
    assert all(trial.are_right)


def test_claims_stay_whole_when_a_finaliser_evicts_their_token(eager_collector):
    with Issuer() as issuer:
        trial = Trial(issuer, TokenCacheOptions(max_entries=1))
        for number in [*range(len(trial.tokens))] * 5:
            gc.disable()
            for _ in range(5):
                Knot(trial)
            trial.verify(number)
            before = trial.verifier.health().token_cache
            gc.enable()
            trial.verify(number)  # a hit, whose first container has the knots collected

    after = trial.verifier.health().token_cache
    assert before is not None
    assert after is not None
    assert after.evictions > before.evictions
    assert len(trial.are_right) > 10 * len(trial.tokens)
    assert all(trial.are_right)
