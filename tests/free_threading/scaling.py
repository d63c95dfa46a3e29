"""How the work of threads scales without the GIL: `python tests/free_threading/scaling.py [rounds]` prints the table.

"x alone" is the CPU time of a call in two threads at once over that in one thread, in the same round. Two processors
may be one core, and slow each other down with nothing in common: "x a verifier each" is that figure over the one of
threads that share nothing. It needs two processors that are idle, or all of it is noise.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from authjwks import Verifier
from authjwks.testing import Issuer

HITS, CHECKS, TOKENS = 60_000, 3_000, 300
THREADS = 2


class Work(NamedTuple):
    """What one thread does: verify each of these tokens in turn, so many calls in all."""

    verify: Callable[[str], object]
    tokens: Sequence[str]
    calls: int


def cpu_time_of_a_call(works: Sequence[Work]) -> float:
    """Of threads that do their work side by side, on average, in ns."""
    start = threading.Barrier(len(works))
    took: list[float] = []

    def run(work: Work) -> None:
        verify, tokens = work.verify, work.tokens
        for token in tokens:
            verify(token)
        start.wait()
        began = time.thread_time_ns()
        for _ in range(work.calls // len(tokens)):
            for token in tokens:
                verify(token)
        took.append((time.thread_time_ns() - began) / work.calls)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statistics.fmean(took)


def settings(issuer: Issuer) -> dict[str, Callable[[int], Work]]:
    """By what threads share, what the one of this number does. In the first they share nothing."""
    tokens = [[issuer.mint(sub=f"user {thread} {number}") for number in range(TOKENS)] for thread in range(THREADS)]

    def verifier(**options: Any) -> Verifier:
        return Verifier(issuer.issuer, issuer.audience, jwks=issuer.jwks(), **options)

    shared, uncached = verifier(), verifier(token_cache=None)
    own = [verifier() for _ in range(THREADS)]
    return {
        "remembered, a verifier each": lambda n: Work(own[n].verify, tokens[n], HITS),
        "remembered, one verifier": lambda n: Work(shared.verify, tokens[n], HITS),
        "remembered, one verifier and token": lambda n: Work(shared.verify, tokens[0][:1], HITS),
        "checked, one verifier": lambda n: Work(uncached.verify, tokens[n], CHECKS),
    }


def main(rounds: int) -> None:
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    print(f"Python {sys.version.split()[0]}, GIL {'on' if gil else 'off'}, {THREADS} threads, {rounds} rounds")
    print(f"{'':36}{'alone':>10}  {'x alone':>8}  {'x a verifier each':>18}")
    with Issuer() as issuer:
        works = settings(issuer)
        alone: dict[str, list[float]] = {name: [] for name in works}
        both: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(rounds):
            for name, work in works.items():
                alone[name].append(cpu_time_of_a_call([work(0)]))
                both[name].append(cpu_time_of_a_call([work(n) for n in range(THREADS)]))
    scaled = {name: [b / a for a, b in zip(alone[name], both[name], strict=True)] for name in works}
    apart = scaled[next(iter(works))]
    for name in works:
        beside = statistics.median(one / other for one, other in zip(scaled[name], apart, strict=True))
        cells = statistics.median(alone[name]) / 1e3, statistics.median(scaled[name]), beside
        print(f"{name:36}{cells[0]:7.2f} us  {cells[1]:8.2f}  {cells[2]:18.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 25)
