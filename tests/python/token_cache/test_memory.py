"""A process grows by what its cache may hold, and by no more."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

MEMORY = """
import gc, random, sys
from authjwks import TokenCacheOptions, Verifier
from authjwks.testing import Issuer

shape, count, max_bytes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = random.Random(1)


def word(size):
    return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=size))


PREVIOUS = [word(200)]
SHAPES = {
    "plain": lambda: {},
    "rich": lambda: {"email": word(12), "roles": ["a", "b"], "scope": "read:a write:b", "access": {"roles": ["c"]}},
    "short_texts": lambda: {"x": [word(4) for _ in range(800)]},
    "same_texts": lambda: {"x": [word(3) for _ in range(500)] * 2},
    "long_names": lambda: {word(70): 1 for _ in range(80)},
    "small_dicts": lambda: {"x": [{word(4): 1} for _ in range(600)]},
    "numbers": lambda: {"x": [rng.randrange(2**62) for _ in range(300)] + [rng.random() for _ in range(200)]},
    "one_text_twice": lambda: {"x": [word(3000)] * 2},
    "shared_then_alone": lambda: {"x": [PREVIOUS[0], PREVIOUS.__setitem__(0, word(200)) or PREVIOUS[0]]},
    "unicode": lambda: {"x": [word(1) + chr(0x1F600) + word(2) for _ in range(300)]},
}


def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


with Issuer() as issuer:
    options = {"issuer": issuer.issuer, "audience": issuer.audience, "jwks": issuer.jwks()}
    without = Verifier(**options, token_cache=None)
    for _ in range(max(count // 20, 100)):
        without.verify(issuer.mint(SHAPES[shape](), alg="ES256"))
    verifier = Verifier(**options, token_cache=TokenCacheOptions(max_bytes=max_bytes, max_entries=10**9))
    before = resident()
    marks = []
    for _ in range(2):
        for _ in range(count // 2):
            verifier.verify(issuer.mint(SHAPES[shape](), alg="ES256"))
        marks.append(resident() - before)
    cache = verifier.health().token_cache
    assert cache.evictions > cache.entries > 0, cache
    assert cache.bytes <= max_bytes
    print(*marks)
"""

MEBIBYTE = 1 << 20


def growth_of(tmp_path, shape, count, max_bytes):
    """By how many bytes a process grows with so many distinct tokens: of the first half, and of all."""
    program = tmp_path / "memory.py"
    program.write_text(MEMORY)
    done = subprocess.run(
        [sys.executable, program, shape, str(count), str(max_bytes)],
        check=False,
        capture_output=True,
        text=True,
        timeout=1000,
    )
    assert done.returncode == 0, done.stderr
    half, all_ = map(int, done.stdout.split())
    return half, all_


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("shape", "count"),
    [
        pytest.param("plain", 30_000, id="plain"),
        pytest.param("rich", 20_000, id="rich"),
        pytest.param("short_texts", 1000, id="short_texts"),
        pytest.param("long_names", 1500, id="long_names"),
        pytest.param("small_dicts", 1000, id="small_dicts"),
        pytest.param("numbers", 1500, id="numbers"),
        pytest.param("unicode", 2500, id="unicode"),
        pytest.param("same_texts", 1500, id="same_texts"),
        pytest.param("one_text_twice", 3000, id="one_text_twice"),
        pytest.param("shared_then_alone", 7000, id="shared_then_alone"),
    ],
)
def test_process_grows_by_max_bytes_and_no_more(tmp_path, shape, count):
    limit = 8 * MEBIBYTE

    half, all_ = growth_of(tmp_path, shape, count, limit)

    assert all_ < limit + MEBIBYTE
    assert all_ - half < MEBIBYTE, "it goes on growing"


@pytest.mark.skipif("AUTHJWKS_SOAK" not in os.environ, reason="takes minutes; AUTHJWKS_SOAK=1 runs it")
@pytest.mark.timeout(1200)
def test_process_grows_by_max_bytes_after_a_million_tokens(tmp_path):
    limit = 16 * MEBIBYTE

    half, all_ = growth_of(tmp_path, "rich", 1_000_000, limit)

    assert all_ < limit + MEBIBYTE
    assert all_ - half < MEBIBYTE
