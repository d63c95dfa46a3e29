"""Many threads that begin at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from authjwks import InvalidToken, KeysUnavailable, Verifier

ResultT = TypeVar("ResultT")


def at_once(size: int, work: Callable[[int], ResultT]) -> list[ResultT]:
    """What `work(0)`, `work(1)`, ... return, called by `size` threads together. Raises what one of them raises."""
    line = threading.Barrier(size)

    def begin(number: int) -> ResultT:
        line.wait()
        return work(number)

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(begin, range(size)))


def verdict(verifier: Verifier, token: str) -> str:
    """What comes of a token: "accepted", or the code of its refusal."""
    try:
        verifier.verify(token)
    except (InvalidToken, KeysUnavailable) as refused:
        return refused.code
    return "accepted"


async def verdict_async(verifier: Verifier, token: str) -> str:
    """As `verdict`, on an event loop."""
    try:
        await verifier.verify_async(token)
    except (InvalidToken, KeysUnavailable) as refused:
        return refused.code
    return "accepted"
