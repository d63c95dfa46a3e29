"""Two event loops and eight threads share one verifier while its issuer rotates: no good token is ever refused."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, deque

import pytest
from tests.faults.crew import at_once, verdict, verdict_async
from tests.faults.faulty_server import FaultyServer
from tests.faults.tokens import mint, new_key

from authjwks import KeyOptions, TokenCacheOptions, Verifier
from authjwks.testing import SigningKey

LOOPS, THREADS = 2, 8
TASKS = 10  # on each loop
ROTATE_SECONDS = 0.1
PUBLISHED = 3  # keys at any time; tokens are taken of the latest two


class Rotation:
    """Publishes a new key again and again, and withdraws the oldest; `tokens` are good at any time."""

    def __init__(self, server: FaultyServer) -> None:
        self._server = server
        self._keys: deque[SigningKey] = deque(maxlen=PUBLISHED)
        self._idle = [new_key("", "RS256") for _ in range(PUBLISHED + 1)]
        self._ended = threading.Event()
        self.tokens: tuple[str, ...] = ()
        self.count = 0
        for _ in range(PUBLISHED):
            self._rotate()

    def __enter__(self) -> Rotation:
        self._thread = threading.Thread(target=self._keep_rotating)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _keep_rotating(self) -> None:
        while not self._ended.wait(ROTATE_SECONDS):
            # Nobody is to be told of a new key while an answer without it is still on its way: that is another story.
            if self._server.fetches(since=self._published_at):
                self._rotate()

    def _rotate(self) -> None:
        self.count += 1
        self._keys.append(SigningKey("RS256", f"key {self.count}", self._idle[self.count % len(self._idle)].private))
        self._server.publish(*self._keys)
        self._published_at = time.monotonic()
        self.tokens = (*self.tokens[-1:], mint(self._keys[-1]))


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("token_cache", "verifies"),
    [
        pytest.param(None, 10_000, id="each_checked"),
        pytest.param(TokenCacheOptions(), 300_000, id="cached"),
    ],
)
def test_loops_and_threads_see_no_error_while_keys_rotate(
    server: FaultyServer, make_verifier, capsys, token_cache, verifies
):
    with Rotation(server) as rotation:
        verifier: Verifier = make_verifier(keys=KeyOptions(cooldown=0.0), token_cache=token_cache)

        async def verify_on_loop(count: int) -> Counter[str]:
            return Counter([await verdict_async(verifier, rotation.tokens[n % 2]) for n in range(count)])

        async def share_a_loop() -> list[Counter[str]]:
            return await asyncio.gather(*(verify_on_loop(verifies // TASKS) for _ in range(TASKS)))

        def work(number: int) -> Counter[str]:
            if number < LOOPS:
                return sum(asyncio.run(share_a_loop()), Counter())
            return Counter(verdict(verifier, rotation.tokens[n % 2]) for n in range(verifies))

        began = time.monotonic()
        verdicts = sum(at_once(LOOPS + THREADS, work), Counter())
        passed = time.monotonic() - began

    with capsys.disabled():
        print(
            f"\n{verdicts.total()} verifies in {passed:.1f} s, {rotation.count} rotations, {server.fetches()} fetches"
        )
    assert verdicts == {"accepted": (LOOPS + THREADS) * verifies}
    assert rotation.count > PUBLISHED
