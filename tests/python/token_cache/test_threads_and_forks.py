"""Threads and forks share what is cached without harm."""

import random
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.token_cache import cache_of, cached, found_of
from tests.support.verdicts import GOOD, verdict

from authjwks import AuthError, TokenCacheOptions
from authjwks.testing import tampered

pytestmark = pytest.mark.slow


def test_threads_get_right_verdicts_while_keys_rotate(own_issuer):
    verifier = found_of(own_issuer, token_cache=TokenCacheOptions(max_entries=150))
    tokens = {}
    for number in range(200):
        alg = ["ES256", "EdDSA", "RS256", "ES384"][number % 4]
        good = own_issuer.mint({"list": [number], "dict": {"n": [number]}}, alg=alg, sub=str(number))
        tokens[good] = str(number)
        if number % 5 == 0:
            tokens[tampered(good)] = "bad_signature"
    verifier.prefetch()
    everything = list(tokens.items())
    done = threading.Event()
    wrong = []

    def ask(seed):
        rng = random.Random(seed)
        count = 0
        while not done.is_set() or count < 300:
            token, expected = rng.choice(everything)
            count += 1
            try:
                claims = verifier.verify(token)
            except AuthError as refused:
                if refused.code != expected:
                    wrong.append((refused.code, expected))
                continue
            number = int(claims["sub"])
            if (str(number), claims["list"], claims["dict"]) != (expected, [number], {"n": [number]}):
                wrong.append((claims, expected))
            claims["list"].append("mine")
            claims["dict"]["n"].append("mine")
            claims.clear()
        return count

    with ThreadPoolExecutor(8) as threads:
        running = [threads.submit(ask, seed) for seed in range(8)]
        for _ in range(10):
            own_issuer.rotate("ES512")  # another set each time, with the same keys for these tokens
            verifier.refresh()
            time.sleep(0.05)
        done.set()
        assert sum(each.result() for each in running) >= 8 * 300

    assert wrong == []
    cache = cache_of(verifier)
    assert cache.hits > 0
    assert cache.entries <= 150


def test_no_thread_accepts_a_token_after_its_key_was_withdrawn(own_issuer, found):
    token = cached(found, own_issuer.mint(alg="ES256"))
    withdrawn, done = threading.Event(), threading.Event()
    late = []

    def ask():
        while not done.is_set():
            is_late = withdrawn.is_set()
            if verdict(found, token) == GOOD and is_late:
                late.append(1)

    with ThreadPoolExecutor(8) as threads:
        running = [threads.submit(ask) for _ in range(8)]
        own_issuer.rotate("ES256", keep=False)
        found.refresh()
        withdrawn.set()
        time.sleep(0.3)
        done.set()
        for each in running:
            each.result()

    assert not late


FORK = """
import os, sys
from authjwks import AuthError, Verifier
from authjwks.testing import Issuer, tampered

with Issuer() as issuer:
    verifier = Verifier(issuer.issuer, issuer.audience, jwks=issuer.jwks())
    tokens = [issuer.mint({"n": [number]}, alg="ES256") for number in range(50)]
    for token in tokens:
        verifier.verify(token)
    before = verifier.health().token_cache
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                for number, token in enumerate(tokens):
                    claims = verifier.verify(token)
                    assert claims["n"] == [number]
                    claims["n"].append(1)
                    try:
                        verifier.verify(tampered(token))
                        raise SystemExit(3)
                    except AuthError:
                        pass
                assert verifier.health().token_cache.hits == before.hits + 50
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert all(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 for child in children)
    assert verifier.health().token_cache == before
    assert [verifier.verify(token)["n"] for token in tokens] == [[number] for number in range(50)]
"""


def test_forked_children_have_caches_of_their_own(tmp_path):
    program = tmp_path / "fork.py"
    program.write_text(textwrap.dedent(FORK))

    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", program],
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )

    assert done.returncode == 0, done.stderr
