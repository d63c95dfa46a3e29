"""Calls in a row, in one thread or several, and the time they take."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable
from typing import Any

from benchmarks.contestants import Verify

Batch = Callable[[], object]


class Wrong(Exception):
    """A token that is to be refused was accepted."""


def verdict(verify: Verify, token: str, loop: asyncio.AbstractEventLoop) -> Exception | None:
    """The refusal of a token; None when it is accepted."""
    try:
        if inspect.isawaitable(answer := verify(token)):
            loop.run_until_complete(asyncio.ensure_future(answer, loop=loop))
    except Exception as refusal:  # noqa: BLE001 # each library has its own
        return refusal
    return None


def sync_batch(verify: Verify, tokens: list[str], *, is_refused: bool) -> Batch:
    """Judges tokens one after the other."""

    def accept() -> None:
        for token in tokens:
            verify(token)

    def refuse() -> None:
        for token in tokens:
            try:
                verify(token)
            except Exception:  # noqa: BLE001 # each library has its own
                continue
            raise Wrong

    return refuse if is_refused else accept


def async_batch(verify: Verify, tokens: list[str], loop: asyncio.AbstractEventLoop, *, is_refused: bool) -> Batch:
    """As `sync_batch`, for a coroutine function, in one task of the loop."""

    async def accept() -> None:
        for token in tokens:
            await verify(token)

    async def refuse() -> None:
        for token in tokens:
            try:
                await verify(token)
            except Exception:  # noqa: BLE001 # each library has its own
                continue
            raise Wrong

    work = refuse if is_refused else accept
    return lambda: loop.run_until_complete(work())


def tasks_at_once(verify: Verify, tokens: list[str], loop: asyncio.AbstractEventLoop) -> Batch:
    """Judges each token in a task of its own."""

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*(verify(token) for token in tokens))

    return lambda: loop.run_until_complete(all_of_them())


def repeated(call: Batch, times: int) -> Batch:
    def repeat() -> None:
        for _ in range(times):
            call()

    return repeat


def timed(batches: list[Batch]) -> tuple[int, int]:
    """CPU and wall time, in ns, of running each batch in a thread of its own; a single one runs in this thread."""
    if len(batches) == 1:
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        batches[0]()
        return time.process_time_ns() - cpu, time.perf_counter_ns() - wall
    failures: list[BaseException] = []
    barrier = threading.Barrier(len(batches) + 1)

    def run(batch: Batch) -> None:
        barrier.wait()
        try:
            batch()
        except BaseException as failure:  # noqa: BLE001 # raised below, where someone asked for the time
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    barrier.wait()
    for thread in threads:
        thread.join()
    took = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
    if failures:
        raise failures[0]
    return took
